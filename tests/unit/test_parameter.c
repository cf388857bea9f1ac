/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_parameter.c - each parameter: values with an effect are kept, others are refused aloud */
#include "unit/rules_helper.h"

/* An action with "key = value", of its own or of its level. */
static struct policy *policy_saying(
	const struct parameter *p, const char *value, struct err_list *err)
{
	char text[8192];

	snprintf(text, sizeof(text),
		"[rule r]\ndirection=both\nremote_port=1\naction=a\n"
		"[action a]\ntls=on\nrole=server\nlevel=l\n%s%s = %s\n[level l]\n%s%s = %s\n",
		p->place == PARAMETER_OF_ACTION ? "" : "#", p->key, value,
		p->place == PARAMETER_OF_LEVEL ? "" : "#", p->key, value);
	return policy_try(text, err);
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

	assert_null(p);
	assert_int_equal(err.count, 1);
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

static void test_built(void **state)
{
	(void)state;
	for (size_t i = 0; i < PARAMETER_COUNT; i++) {
		const char *built = parameters[i].built;
		char one[64];

		if (built && strcmp(built, "*") == 0)
			built = "7";
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

		if (!words && !(p->built && strcmp(p->built, "*") == 0))
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
		cmocka_unit_test(test_documented),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
