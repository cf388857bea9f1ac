/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_parameter.c - each parameter: values with an effect are kept, others are refused aloud */
#include "unit/rules_helper.h"

/* What @p has no meaning without. */
static const char *companion(const struct parameter *p)
{
	if (strcmp(p->key, "max_fragment_length") == 0)
		return "max_fragment=optional\n";
	return strcmp(p->key, "signatures") == 0 ? "versions=TLSv1.2\n" : "";
}

/* An action of @role with "key = value", of its own or of its level. */
static struct policy *policy_of(
	enum tls_role role, const struct parameter *p, const char *value, struct err_list *err)
{
	bool level = p->place == PARAMETER_OF_LEVEL;
	char text[16384], said[5500];

	snprintf(said, sizeof(said), "%s%s = %s\n", companion(p), p->key, value);
	snprintf(text, sizeof(text),
		"[rule r]\ndirection=both\nremote_port=1\naction=a\n"
		"[action a]\ntls=on\nlevel=l\nrole=%s\n%s[level l]\n%s",
		role == TLS_ROLE_SERVER ? "server" : "client\nreference_id=h.example",
		level ? "" : said, level ? said : "");
	return policy_try(text, err);
}

static struct policy *policy_saying(
	const struct parameter *p, const char *value, struct err_list *err)
{
	return policy_of(
		p->role == PARAMETER_FOR_SERVER ? TLS_ROLE_SERVER : TLS_ROLE_CLIENT, p, value, err);
}

/* The first @size bytes of @words up to the next '|'. */
static const char *word_at(const char *words, char *buf)
{
	size_t len = strcspn(words, "|");

	memcpy(buf, words, len);
	buf[len] = '\0';
	return words[len] ? words + len + 1 : NULL;
}

static void is_kept(size_t i, const char *value)
{
	struct err_list err;
	struct policy *p = policy_saying(&parameters[i], value, &err), *again;
	char *text, *second;

	if (!p) {
		fail_msg("%s", err.lines[0]);
		return;
	}
	assert_string_equal(p->actions[0]->parameters.values[i].text, value);
	text = policy_text(p);
	again = policy_try(text, &err);
	assert_non_null(again);
	second = policy_text(again);
	assert_string_equal(text, second);
	free(text);
	free(second);
	policy_put(p);
	policy_put(again);
	err_fini(&err);
}

static void is_refused(size_t i, const char *value, const char *part)
{
	struct err_list err;
	struct policy *p = policy_saying(&parameters[i], value, &err);

	if (p || err.count != 1)
		fail_msg("%s = %s", parameters[i].key, value);
	if (!strstr(err.lines[0], part) || !strstr(err.lines[0], parameters[i].key))
		fail_msg("%s", err.lines[0]);
	err_fini(&err);
}

static bool has_word(const char *words, const char *word)
{
	char one[64];

	while (words) {
		words = word_at(words, one);
		if (strcmp(one, word) == 0)
			return true;
	}
	return false;
}

/* The most that "*" permits. */
static const char *most(const struct parameter *p, char *buf, size_t size)
{
	switch (p->kind) {
	case PARAMETER_NUMBER:
	case PARAMETER_BYTES: snprintf(buf, size, "%lld", (long long)p->max); break;
	case PARAMETER_TIME: snprintf(buf, size, "%llds", (long long)p->max); break;
	case PARAMETER_TEXT: memset(buf, 'x', (size_t)p->max); break;
	default: word_at(p->words, buf); break;
	}
	return buf;
}

static void test_built(void **state)
{
	(void)state;
	for (size_t i = 0; i < PARAMETER_COUNT; i++) {
		const char *built = parameters[i].built;
		char one[64], text[512] = "";

		if (built && strcmp(built, "*") == 0)
			built = most(&parameters[i], text, sizeof(text));
		if (built == text) {
			is_kept(i, text);
			continue;
		}
		while (built) {
			built = word_at(built, one);
			is_kept(i, one);
		}
	}
}

/* What is valid, but has no effect, is refused with a sentence of its own. */
static void test_not_built(void **state)
{
	static const char *const samples[] = {
		[PARAMETER_NUMBER] = "3",
		[PARAMETER_TIME] = "1s",
		[PARAMETER_BYTES] = "1K",
		[PARAMETER_TEXT] = "some text",
	};

	(void)state;
	for (size_t i = 0; i < PARAMETER_COUNT; i++) {
		const struct parameter *p = &parameters[i];
		const char *words = p->words;
		char one[64];

		if (p->built && strcmp(p->built, "*") == 0)
			continue;
		if (!words)
			is_refused(i, samples[p->kind], "yet");
		while (words) {
			words = word_at(words, one);
			if (!p->built || !has_word(p->built, one))
				is_refused(i, one, "yet");
		}
	}
}

static void test_invalid(void **state)
{
	static const char *const samples[][2] = {
		[PARAMETER_WORD] = {"nonsense", "is none of"},
		[PARAMETER_WORDS] = {"nonsense", "is none of"},
		[PARAMETER_NUMBER] = {"99999999999", "is not a number from"},
		[PARAMETER_TIME] = {"5", "is no duration"},
		[PARAMETER_BYTES] = {"5 bytes", "is no size"},
		[PARAMETER_TEXT] = {NULL, "characters, not"},
	};
	char endless[5000];

	(void)state;
	memset(endless, 'x', sizeof(endless));
	endless[sizeof(endless) - 1] = '\0';
	for (size_t i = 0; i < PARAMETER_COUNT; i++) {
		enum parameter_kind kind = parameters[i].kind;

		is_refused(i, samples[kind][0] ? samples[kind][0] : endless, samples[kind][1]);
	}
}

/* What only a client does is nothing for a server, and the other way round. */
static void test_roles(void **state)
{
	(void)state;
	for (size_t i = 0; i < PARAMETER_COUNT; i++) {
		const struct parameter *p = &parameters[i];
		enum tls_role other =
			p->role == PARAMETER_FOR_SERVER ? TLS_ROLE_CLIENT : TLS_ROLE_SERVER;
		char text[512] = "", sentence[128];
		struct err_list err;

		if (p->role == PARAMETER_FOR_BOTH || !p->built)
			continue;
		if (strcmp(p->built, "*") == 0)
			most(p, text, sizeof(text));
		else
			word_at(p->built, text);
		assert_null(policy_of(other, p, text, &err));
		snprintf(sentence, sizeof(sentence), "[action a] %s: is for role = %s", p->key,
			other == TLS_ROLE_CLIENT ? "server" : "client");
		if (!strstr(err.lines[0], sentence))
			fail_msg("\"%s\" is not in \"%s\"", sentence, err.lines[0]);
		err_fini(&err);
	}
}

/* Of a list, each item must have an effect. */
static void test_lists(void **state)
{
	(void)state;
#define LEVEL(text)                                                                                \
	"[rule r]\ndirection=both\nremote_port=1\naction=a\n[action a]\ntls=on\nrole=server\n"     \
	"level=l\n[level l]\n" text "\n"
	policy_put(policy_good(LEVEL("signatures=ed25519, RSA_PSS_RSAE_SHA256")));
	policy_put(policy_good(LEVEL("signatures=rsa_pkcs1_sha256\nversions=TLSv1.2")));
	policy_refused(LEVEL("signatures=rsa_pkcs1_sha256"),
		"10: [level l] signatures: has none for TLSv1.3, which is one of versions: "
		"ecdsa_secp..., rsa_pss_rsae_..., ed25519 or ed448");
	policy_put(policy_good(LEVEL("key_shares=secp384r1")));
	policy_put(policy_good(LEVEL("key_shares=x448\ngroups=x25519,x448")));
	policy_refused(
		LEVEL("key_shares=x448"), "10: [level l] key_shares: x448 is not one of groups");
	policy_refused(LEVEL("key_shares=x25519,secp256r1"),
		"10: [level l] key_shares: names several groups; attls " ATTLS_VERSION
		" sends a share for one");
#undef LEVEL
}

/* What says nothing without another key, or against one. */
static void test_pairs(void **state)
{
	(void)state;
#define ACTION(text)                                                                               \
	"[rule r]\ndirection=both\nremote_port=1\naction=a\n[action a]\ntls=on\nrole=" text "\n"
	policy_refused(ACTION("client\nmax_fragment_length=1024"),
		"8: [action a] max_fragment_length: takes max_fragment = optional or required");
	policy_refused(ACTION("server\nmax_fragment=off"),
		"8: [action a] max_fragment: off is for role = client: a server does as its "
		"clients ask; write optional or required");
	policy_put(policy_good(ACTION("client\nmax_fragment=off")));
	policy_put(policy_good(ACTION("server\nmax_fragment=required")));
	policy_refused(ACTION("client\nsni_match=required"),
		"8: [action a] sni_match: required needs a server name to send: sni, or a host "
		"name in reference_id");
	policy_put(policy_good(ACTION("client\nsni_match=required\nsni=h.example")));
	policy_refused(ACTION("server\nsni_match=required"),
		"8: [action a] sni_match: attls " ATTLS_VERSION " does not do \"required\" for "
		"role = server yet");
	policy_refused(ACTION("client\nreference_id=any\nreference_id_cn=db"),
		"9: [action a] reference_id_cn: has no effect beside reference_id = any");
#undef ACTION
}

/* A common name stands in place of the remote address, and beside other names. */
static void test_common_name(void **state)
{
	struct policy *p = policy_good(
		"[rule r]\ndirection=both\nremote_port=1\naction=a\n[action a]\ntls=on\n"
		"role=client\nreference_id_cn=Data Base\n[rule s]\ndirection=both\nremote_port=2\n"
		"action=b\n[action b]\ninherit=a\nreference_id=db.example\n");
	const struct profile *a = &p->rules[0]->action->profile, *b = &p->rules[1]->action->profile;

	(void)state;
	assert_int_equal(a->reference_count, 1);
	assert_int_equal(a->references[0].kind, REFERENCE_CN);
	assert_string_equal(a->references[0].name, "Data Base");
	assert_int_equal(b->reference_count, 2);
	assert_int_equal(b->references[0].kind, REFERENCE_DNS);
	assert_int_equal(b->references[1].kind, REFERENCE_CN);
	policy_put(p);
}

/* Statements and parameters of AT-TLS that are no row of our table: they have keys of their own. */
static const char *const others[] = {"TTLSRule", "LocalAddr", "RemoteAddr", "LocalAddrRef",
	"RemoteAddrRef", "LocalAddrSetRef", "RemoteAddrSetRef", "LocalAddrGroupRef",
	"RemoteAddrGroupRef", "LocalPortRange", "RemotePortRange", "LocalPortRangeRef",
	"RemotePortRangeRef", "LocalPortGroupRef", "RemotePortGroupRef", "Jobname", "Userid",
	"Direction", "Priority", "IpTimeCondition", "IpTimeConditionRef", "TTLSGroupActionRef",
	"TTLSEnvironmentActionRef", "TTLSConnectionActionRef", "IpAddr", "IpAddrSet", "IpAddrRef",
	"IpAddrSetRef", "IpAddrGroup", "PortRange", "PortRangeRef", "PortGroup",
	"ConditionTimeRange", "MonthOfYearMask", "DayOfMonthMask", "DayOfWeekMask",
	"TimeOfDayRange", "TimeZone", "TTLSGroupAction", "TTLSEnabled", "TTLSGroupAdvancedParms",
	"TTLSEnvironmentAction", "TTLSKeyringParms", "HandshakeRole", "TTLSCipherParms",
	"TTLSSignatureParms", "TTLSEnvironmentAdvancedParms", "TTLSGskAdvancedParms", "SSLv2",
	"SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3", "HandshakeTimeout", "CertificateLabel",
	"ClientHandshakeSNI", "ClientHandshakeSNIList", "HostReferenceIdDNS",
	"TTLSConnectionAction", "TTLSConnectionAdvancedParms", "Keyring", "V2CipherSuites",
	"V3CipherSuites", "V3CipherSuites4Char", "ClientECurves", "ServerKexECurves",
	"ServerKeyShareGroups", "GSK_V2_SESSION_TIMEOUT", "GSK_V2_SIDCACHE_SIZE",
	"GSK_V3_SESSION_TIMEOUT", "TTLSGskLdapParms", "TTLSGskOcspParms", "TTLSGskHttpCdpParms"};

/* Whether @name stands in @text as a word, not as a part of another name. */
static bool has_name(const char *text, const char *name)
{
	static const char part[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
	size_t len = strlen(name);

	for (const char *at = text; (at = strstr(at, name)); at += len) {
		bool dotted = at[len] == '.' && at[len + 1] && strchr(part, at[len + 1]);

		if (at > text && !strchr(part, at[-1]) && !strchr(part, at[len]) && !dotted)
			return true;
	}
	return false;
}

/* The reference has each key, and each name that it has in AT-TLS. */
static void test_documented(void **state)
{
	static char text[1 << 18];
	const char *table;
	FILE *in = fopen("docs/rules.md", "r");

	(void)state;
	assert_non_null(in);
	text[fread(text, 1, sizeof(text) - 1, in)] = '\0';
	fclose(in);
	table = strstr(text, "## Coming from AT-TLS");
	assert_non_null(table);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		if (!has_name(table, others[i]))
			fail_msg("the table of docs/rules.md lacks %s", others[i]);
	}
	for (size_t i = 0; i < PARAMETER_COUNT; i++) {
		char key[80], *names = strdup(parameters[i].at_tls), *rest = names, *name;

		snprintf(key, sizeof(key), "`%s`", parameters[i].key);
		if (!strstr(text, key))
			fail_msg("docs/rules.md lacks %s", key);
		while ((name = strsep(&rest, ",;"))) {
			if (!strstr(table, name + strspn(name, " ")))
				fail_msg("docs/rules.md lacks %s", name);
		}
		free(names);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_built),
		cmocka_unit_test(test_not_built),
		cmocka_unit_test(test_invalid),
		cmocka_unit_test(test_roles),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_pairs),
		cmocka_unit_test(test_common_name),
		cmocka_unit_test(test_documented),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
