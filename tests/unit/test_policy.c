/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_policy.c - rules files: what they become, and what is refused with which sentence */
#include "unit/rules_helper.h"

#include <dirent.h>
#include <openssl/ssl.h>
#include <pwd.h>
#include <sys/stat.h>

#include "rules/suite.h"

#define ACTION        "[action a]\ntls = off\n"
#define RULE          "[rule r]\ndirection = both\nremote_port = 443\naction = a\n"
/* a rule with one more line, which is line 5 of the file */
#define RULE_OF(line) "[rule r]\ndirection = both\nremote_port = 443\naction = a\n" line "\n" ACTION
/* a client action with one more line, which is line 4; and whatever else the policy needs */
#define CLIENT(line)  "[action a]\ntls = on\nrole = client\n" line "\n" RULE
#define LEVEL(line)   "[level l]\n" line "\n[action a]\ntls = on\nrole = server\nlevel = l\n" RULE

static void test_design_example(void **state)
{
	struct policy *p = policy_good(
		"[rule payroll-db]\n"
		"priority      = 255\n"
		"direction     = outbound\n"
		"remote_addr   = 10.1.0.0/16, 2001:db8::/32, 10.2.0.1-10.2.0.9, @partners\n"
		"remote_port   = 5432, 6400-6410\n"
		"userid        = root, 1000-1999\n"
		"action        = partner-client\n"
		"[addresses partners]\n"
		"addr = 192.0.2.0/24\n"
		"[level gold]\n"
		"versions = TLSv1.2, TLSv1.3\n"
		"ciphers  = TLS_AES_256_GCM_SHA384, TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384\n"
		"groups   = X25519, P-256\n"
		"[action partner-client]\n"
		"tls      = on\n"
		"role     = client\n"
		"ring     = partner-ring\n"
		"label    = PAYROLL CLIENT\n"
		"level    = gold\n"
		"reference_id = db.partner.example, 192.0.2.7, remote-ip\n"
		"handshake_timeout = 1m\n");
	const struct rule *r = p->rules[0];
	const struct action *a = p->actions[0];
	char text[2 * ADDR_TEXT];

	(void)state;
	assert_int_equal(p->rule_count, 1);
	assert_int_equal(p->action_count, 1);
	assert_string_equal(r->name, "payroll-db");
	assert_int_equal(r->line, 1);
	assert_int_equal(r->priority, 255);
	assert_int_equal(r->direction, DIRECTION_OUTBOUND);
	assert_int_equal(r->local_addr_count, 0);
	assert_int_equal(r->remote_addr_count, 4);
	assert_string_equal(addr_range_format(&r->remote_addrs[2], text), "192.0.2.0/24");
	assert_string_equal(addr_range_format(&r->remote_addrs[3], text), "2001:db8::/32");
	assert_int_equal(r->remote_port_count, 2);
	assert_int_equal(r->remote_ports[1].to, 6410);
	assert_true(r->has_userid);
	assert_int_equal(r->uid_count, 2);
	assert_int_equal(r->uids[1].from, 1000);
	assert_ptr_equal(r->action, a);
	assert_int_equal(a->mode, ACTION_TLS);
	assert_string_equal(a->ring, "partner-ring");
	assert_string_equal(a->label, "PAYROLL CLIENT");
	assert_int_equal(a->handshake_timeout, 60 * USEC_SEC);
	assert_int_equal(a->profile.min_version, TLS1_2_VERSION);
	assert_int_equal(a->profile.max_version, TLS1_3_VERSION);
	assert_string_equal(a->profile.ciphers12, "ECDHE-ECDSA-AES256-GCM-SHA384");
	assert_string_equal(a->profile.ciphers13, "TLS_AES_256_GCM_SHA384");
	assert_string_equal(a->profile.groups, "x25519:secp256r1");
	assert_int_equal(a->profile.reference_count, 3);
	assert_int_equal(a->profile.references[0].kind, REFERENCE_DNS);
	assert_int_equal(a->profile.references[1].kind, REFERENCE_ADDR);
	assert_int_equal(a->profile.references[2].kind, REFERENCE_REMOTE_IP);
	assert_string_equal(a->profile.sni, "db.partner.example");
	policy_put(p);
}

static void test_defaults(void **state)
{
	struct policy *p = policy_good(CLIENT(""));
	const struct action *a = p->actions[0];

	(void)state;
	assert_int_equal(p->rules[0]->priority, 1);
	assert_false(p->rules[0]->has_userid);
	assert_null(a->ring);
	assert_null(a->label);
	assert_null(a->level);
	assert_int_equal(a->handshake_timeout, 10 * USEC_SEC);
	assert_int_equal(a->profile.min_version, TLS1_2_VERSION);
	assert_int_equal(a->profile.max_version, TLS1_3_VERSION);
	assert_null(a->profile.ciphers12);
	assert_null(a->profile.ciphers13);
	assert_null(a->profile.groups);
	assert_null(a->profile.sni);
	assert_int_equal(a->profile.reference_count, 1);
	assert_int_equal(a->profile.references[0].kind, REFERENCE_REMOTE_IP);
	policy_put(p);
}

static void test_order(void **state)
{
	struct policy *p =
		policy_good("[rule b]\ndirection=both\nremote_port=1\naction=a\n"
			    "[rule a]\ndirection=both\nremote_port=1\naction=a\n"
			    "[rule z]\ndirection=both\nremote_port=1\naction=a\n"
			    "priority=2000000000\n"
			    "[rule B]\ndirection=both\nremote_port=1\naction=a\n" ACTION);

	(void)state;
	assert_string_equal(p->rules[0]->name, "z");
	assert_string_equal(p->rules[1]->name, "B");
	assert_string_equal(p->rules[2]->name, "a");
	assert_string_equal(p->rules[3]->name, "b");
	policy_put(p);
}

static void test_sections_refused(void **state)
{
	(void)state;
	policy_refused("[rul r]\n", "1: [rul r]: unknown section; did you mean rule?");
	policy_refused("[zzz r]\n", "1: [zzz r]: unknown section");
	policy_refused("[rule]\n", "1: [rule]: needs a name: [rule NAME]");
	policy_refused(
		"[rule a b]\n", "1: [rule a b]: a name has 1 to 64 letters, digits and . _ ~ + -");
	policy_refused(
		"[requirements x]\n", "1: [requirements x]: needs lines TRAFFIC = LEVEL or ACTION");
	policy_refused("[addresses x]\n",
		"1: [addresses x] addr: is missing: a list of addresses, prefixes and ranges");
	policy_refused("[ports x]\n", "1: [ports x] port: is missing: a list of ports and ranges");
}

static void test_rules_refused(void **state)
{
	static const char *const rows[][2] = {
		{"priority = 0", "\"0\" is not a number from 1 to 2000000000"},
		{"priority = 2000000001", "\"2000000001\" is not a number from 1 to 2000000000"},
		{"priority = high", "\"high\" is not a number from 1 to 2000000000"},
		{"local_port = 0", "\"0\" is no port (1 to 65535), range (FROM-TO), @NAME or any"},
		{"local_port = 65536",
			"\"65536\" is no port (1 to 65535), range (FROM-TO), @NAME or any"},
		{"local_port = 9-1",
			"\"9-1\" is no port (1 to 65535), range (FROM-TO), @NAME or any"},
		{"local_port = 1-",
			"\"1-\" is no port (1 to 65535), range (FROM-TO), @NAME or any"},
		{"local_port = http",
			"\"http\" is no port (1 to 65535), range (FROM-TO), @NAME or any"},
		{"local_port = @web", "there is no [ports web]"},
		{"local_addr = db.example",
			"\"db.example\" is no address (A), prefix (A/BITS), range (A-B), @NAME or "
			"any; names of hosts are not looked up"},
		{"local_addr = ::ffff:192.0.2.1",
			"\"::ffff:192.0.2.1\" never occurs in a packet: write the IPv4 address"},
		{"local_addr = @partner", "there is no [addresses partner]"},
		{"local_addr = 10.0.0.1,,10.0.0.2",
			"there is nothing between two commas or at an end"},
		{"local_addr = 10.0.0.1,", "there is nothing between two commas or at an end"},
		{"userid = a?b", "\"a?b\" is no account name; * is the only wildcard"},
		{"userid = 9-1", "\"9-1\" is no range of uids"},
		{"userid = 4294967295", "\"4294967295\" is no range of uids"},
		{"userid = 99999999999999999999", "\"99999999999999999999\" is no range of uids"},
		{"on_removal = x", "\"x\" is none of keep, drain, reset"},
		{"time = x", "there is no [time x]"},
		{"on_unknown = pass", "\"pass\" is none of no-match, match, reject"},
		{"requirements = x", "there is no [requirements x]"},
		{"traffic = x", "there is no [traffic x]"},
		{"inside_interface = a/b",
			"\"a/b\" is no name of an interface; * stands for any characters"},
		{"inside_interface = a,,b", "there is nothing between two commas or at an end"},
		{"local_adr = ::1", "unknown key; did you mean local_addr?"},
		{"zzzzzz = 1",
			"unknown key; [rule] has priority, direction, local_addr, remote_addr, "
			"local_port, remote_port, userid, jobname, inside_interface, time, "
			"on_unknown, on_removal, action, traffic, requirements"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[512], sentence[512];

		snprintf(text, sizeof(text), RULE_OF("%s"), rows[i][0]);
		snprintf(sentence, sizeof(sentence), "5: [rule r] %.*s: %s",
			(int)strcspn(rows[i][0], " "), rows[i][0], rows[i][1]);
		policy_refused(text, sentence);
	}
	policy_refused("[rule r]\ndirection = outbuond\nremote_port = 1\naction = a\n" ACTION,
		"2: [rule r] direction: \"outbuond\" is none of outbound, inbound, both; did "
		"you mean "
		"outbound?");
	policy_refused("[rule r]\nremote_port = 1\naction = a\n" ACTION,
		"1: [rule r] direction: is missing: outbound, inbound or both");
	policy_refused("[rule r]\nremote_port = 1\ndirection = both\n",
		"1: [rule r] action: is missing: the name of an [action]");
	policy_refused("[rule r]\ndirection = both\naction = a\n" ACTION,
		"1: [rule r]: needs a condition besides direction; remote_addr = any takes "
		"everything");
	policy_refused(
		"[rule r]\ndirection=both\nlocal_addr=::1\nremote_addr=10.0.0.1\naction=a\n" ACTION,
		"4: [rule r] remote_addr: one of local_addr and remote_addr is IPv4, the other "
		"IPv6: "
		"this never matches");
	policy_refused("[rule r]\ndirection=both\nremote_port=1\naction=actoin\n[action action]\n"
		       "tls=off\n",
		"4: [rule r] action: there is no [action actoin]; did you mean action?");
}

static void test_groups(void **state)
{
	struct policy *p = policy_good("[rule r]\ndirection=both\naction=a\n"
				       "local_addr=@lan, ::1\nremote_port=@web,443, 8080-8090\n"
				       "[addresses lan]\naddr=10.0.0.0/8, 10.1.0.0/16, fe80::/10\n"
				       "[ports web]\nport = 80, 81, 442, 8085-9000\n" ACTION);
	const struct rule *r = p->rules[0];

	(void)state;
	assert_int_equal(r->local_addr_count, 3);
	assert_int_equal(r->remote_port_count, 3);
	assert_int_equal(r->remote_ports[0].to, 81);
	assert_int_equal(r->remote_ports[1].from, 442);
	assert_int_equal(r->remote_ports[1].to, 443);
	assert_int_equal(r->remote_ports[2].from, 8080);
	assert_int_equal(r->remote_ports[2].to, 9000);
	policy_put(p);
	policy_refused("[addresses a]\n",
		"1: [addresses a] addr: is missing: a list of addresses, prefixes and ranges");
	policy_refused("[ports a]\n", "1: [ports a] port: is missing: a list of ports and ranges");
	policy_refused(
		"[include]\n", "1: [include] file: is missing: a list of files, or of directories");
	policy_refused("[addresses a]\naddr = ::1\nadr = ::1\n",
		"3: [addresses a] adr: unknown key; did you mean addr?");
	policy_refused("[ports a]\nport = 1\nprot = 1\n",
		"3: [ports a] prot: unknown key; did you mean port?");
	policy_refused("[addresses a]\naddr = @b\n",
		"2: [addresses a] addr: @b: a group holds no other groups");
	policy_refused("[ports a]\nport = 1, @b\n",
		"2: [ports a] port: @b: a group holds no other groups");
}

static void test_actions_refused(void **state)
{
	static const char *const rows[][2] = {
		{"ring = a/", "\"a/\" is neither NAME nor OWNER/NAME"},
		{"level = gold", "there is no [level gold]"},
		{"label = a,", "there is nothing between two commas or at an end"},
		{"label = a, b",
			"names several certificates, which is for role = server; a comma within a "
			"label is written \\,"},
		{"reference_id = *.example",
			"\"*.example\" has a wildcard, which only a certificate "
			"may have"},
		{"reference_id = a..b", "\"a..b\" has an empty label"},
		{"reference_id = a.example.", "\"a.example.\" has an empty label"},
		{"reference_id = a b", "\"a b\" is no host name"},
		{"reference_id = 10.0.0.256",
			"\"10.0.0.256\" is neither an address nor a host name"},
		{"reference_id = b\xc3\xbc"
		 "cher.example",
			"\"b\xc3\xbc"
			"cher.example\" is not ASCII: write its xn-- form"},
		{"reference_id = a.example, any", "any stands alone: it takes every name"},
		{"sni = 192.0.2.1", "\"192.0.2.1\" is an address, which is never sent"},
		{"sni = a:1", "\"a:1\" is no host name"},
		{"handshake_timeout = 10",
			"\"10\" is no duration: write a number and ms, s, m, h or d, such as 10s"},
		{"handshake_timeout = 10 s",
			"\"10 s\" is no duration: write a number and ms, s, m, h or d, "
			"such as 10s"},
		{"handshake_timeout = 99999999999999999999s",
			"\"99999999999999999999s\" is no duration: write a number and ms, s, m, "
			"h or d, such as 10s"},
		{"handshake_timeout = 99ms", "\"99ms\" is not between 100 ms and 600 s"},
		{"handshake_timeout = 11m", "\"11m\" is not between 100 ms and 600 s"},
		{"session_timeout = 25h", "\"25h\" is not between 0 ms and 86400 s"},
		{"permit = alice", "is for role = server: a client always verifies the server"},
		{"client_auth = required", "is for role = server, and this is a client's action"},
		{"inherit = x", "there is no [action x]"},
		{"versions = TLSv1.3",
			"unknown key; [action] has tls, role, ring, label, level, "
			"reference_id, sni, permit, handshake_timeout, session_timeout, "
			"inherit, and what docs/rules.md lists"},
		{"rng = x", "unknown key; did you mean ring?"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[512], sentence[512];

		snprintf(text, sizeof(text), CLIENT("%s"), rows[i][0]);
		snprintf(sentence, sizeof(sentence), "4: [action a] %.*s: %s",
			(int)strcspn(rows[i][0], " "), rows[i][0], rows[i][1]);
		policy_refused(text, sentence);
	}
	policy_refused("[action a]\n" RULE, "1: [action a] tls: is missing: on, off or reject");
	policy_refused("[action a]\ntls = yes\n" RULE,
		"2: [action a] tls: \"yes\" is none of on, off, reject");
	policy_refused(
		"[action a]\ntls = on\n" RULE, "1: [action a] role: is missing: client or server");
	policy_refused("[action a]\ntls = on\nrole = peer\n" RULE,
		"3: [action a] role: \"peer\" is none of client, server");
	policy_refused("[action a]\ntls = on\nrole = server\nreference_id = any\n" RULE,
		"4: [action a] reference_id: is for role = client: a server does not know who will "
		"come");
	policy_refused("[action a]\ntls = on\nrole = server\nsni = x\n" RULE,
		"4: [action a] sni: is for role = client: a server does not know who will come");
}

static void test_sni(void **state)
{
	struct policy *p = policy_good(CLIENT("reference_id = 192.0.2.1, b.example, c.example"));

	(void)state;
	assert_string_equal(p->actions[0]->profile.sni, "b.example");
	policy_put(p);
	p = policy_good(CLIENT("reference_id = b.example\nsni = none"));
	assert_null(p->actions[0]->profile.sni);
	policy_put(p);
	p = policy_good(CLIENT("reference_id = any\nsni = d.example"));
	assert_string_equal(p->actions[0]->profile.sni, "d.example");
	assert_int_equal(p->actions[0]->profile.references[0].kind, REFERENCE_ANY);
	policy_put(p);
}

static void versions_are(const char *level, int min, int max)
{
	char text[512];
	struct policy *p;

	snprintf(text, sizeof(text), LEVEL("%s"), level);
	p = policy_good(text);
	assert_int_equal(p->actions[0]->profile.min_version, min);
	assert_int_equal(p->actions[0]->profile.max_version, max);
	policy_put(p);
}

static void test_levels(void **state)
{
	static const char *const rows[][2] = {
		{"versions = TLSv1.1", "attls " ATTLS_VERSION " does not support TLSv1.1"},
		{"versions = TLSv1.4", "\"TLSv1.4\" is none of TLSv1.2, TLSv1.3; did you mean "
				       "TLSv1.2?"},
		{"ciphers = TLS_AES_256_GCM_SHA348",
			"\"TLS_AES_256_GCM_SHA348\" is no cipher suite by its IANA name; did "
			"you mean "
			"TLS_AES_256_GCM_SHA384?"},
		{"ciphers = ECDHE-RSA-AES128-GCM-SHA256",
			"\"ECDHE-RSA-AES128-GCM-SHA256\" is no cipher suite by its IANA name; "
			"did you "
			"mean TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256?"},
		{"ciphers = nonsense", "\"nonsense\" is no cipher suite by its IANA name"},
		{"ciphers = TLS_RSA_WITH_NULL_SHA256",
			"TLS_RSA_WITH_NULL_SHA256 does not encrypt: attls does not use it"},
		{"ciphers = TLS_DH_anon_WITH_AES_128_GCM_SHA256",
			"TLS_DH_anon_WITH_AES_128_GCM_SHA256 does not prove who the peer is: attls "
			"does not use it"},
		{"ciphers = TLS_PSK_WITH_AES_128_GCM_SHA256",
			"TLS_PSK_WITH_AES_128_GCM_SHA256 works with shared secrets, not with "
			"certificates: attls does not use it"},
		{"groups = secp256k1", "\"secp256k1\" is no group; did you mean secp256r1?"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[512], sentence[512];

		snprintf(text, sizeof(text), LEVEL("%s"), rows[i][0]);
		snprintf(sentence, sizeof(sentence), "2: [level l] %.*s: %s",
			(int)strcspn(rows[i][0], " "), rows[i][0], rows[i][1]);
		policy_refused(text, sentence);
	}
	versions_are("", TLS1_2_VERSION, TLS1_3_VERSION);
	versions_are("versions = TLSv1.3", TLS1_3_VERSION, TLS1_3_VERSION);
	versions_are("versions = tlsv1.3, TLSv1.2", TLS1_2_VERSION, TLS1_3_VERSION);
	versions_are("ciphers = TLS_AES_128_GCM_SHA256", TLS1_3_VERSION, TLS1_3_VERSION);
	versions_are(
		"ciphers = TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", TLS1_2_VERSION, TLS1_2_VERSION);
	policy_refused(LEVEL("versions = TLSv1.2, TLSv1.3\nciphers = TLS_AES_128_GCM_SHA256"),
		"3: [level l] ciphers: has no suite for TLSv1.2, which is one of versions");
	policy_refused(LEVEL("versions = TLSv1.3\nciphers = TLS_AES_128_GCM_SHA256, "
			     "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"),
		"3: [level l] ciphers: has suites for TLSv1.2, which is not one of versions");
}

static void test_warnings(void **state)
{
	(void)state;
	policy_warned("[level gold]\n" ACTION RULE, "1: [level gold]: nothing uses it");
	policy_warned("[action b]\ntls=off\n" ACTION RULE, "1: [action b]: nothing uses it");
	policy_warned("[action a]\ntls=off\nring=r\n" RULE,
		"3: [action a] ring: has no effect, since tls is not on");
	policy_warned(RULE_OF("local_addr = 10.0.0.5/8"),
		"5: [rule r] local_addr: 10.0.0.5/8 has bits beyond the prefix: taken as "
		"10.0.0.0/8");
	policy_warned(RULE_OF("userid = no-such-account"),
		"5: [rule r] userid: there is no account \"no-such-account\" now");
	policy_warned(RULE_OF("userid = no-such-*"),
		"5: [rule r] userid: no account fits \"no-such-*\" now");
}

static bool holds_uid(const struct rule *r, uid_t uid)
{
	for (size_t i = 0; i < r->uid_count; i++) {
		if (uid >= r->uids[i].from && uid <= r->uids[i].to)
			return true;
	}
	return false;
}

static void test_userids(void **state)
{
	struct policy *p = policy_good(RULE_OF("userid = d*n, roo*, 7000-7001, 7002"));
	const struct rule *r = p->rules[0];

	(void)state;
	assert_true(holds_uid(r, 0));
	assert_true(holds_uid(r, getpwnam("daemon")->pw_uid));
	assert_false(holds_uid(r, getpwnam("bin")->pw_uid));
	assert_true(holds_uid(r, 7002));
	assert_false(holds_uid(r, 7003));
	assert_int_equal(r->uids[r->uid_count - 1].from, 7000);
	policy_put(p);
}

static void write_in(const char *dir, const char *name, const char *text)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void remove_all(const char *dir)
{
	struct dirent *e;
	DIR *d = opendir(dir);
	char path[512];

	while ((e = readdir(d))) {
		snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
		if (e->d_type == DT_REG)
			unlink(path);
	}
	closedir(d);
	rmdir(dir);
}

static void test_directory(void **state)
{
	char dir[] = "/tmp/attls-rules.XXXXXX";
	struct err_list err;
	struct policy *p;
	char line[256];

	(void)state;
	err_init(&err);
	assert_non_null(mkdtemp(dir));
	p = policy_load(dir, &err);
	assert_non_null(p);
	assert_int_equal(p->rule_count, 0);
	snprintf(line, sizeof(line), "%s: there is no *.ini file in this directory", dir);
	assert_string_equal(err.warnings[0], line);
	policy_put(p);
	err_fini(&err);

	write_in(dir, "20-rules.ini", RULE);
	write_in(dir, "10-actions.ini", ACTION);
	write_in(dir, ".10-actions.ini", "garbage");
	write_in(dir, "10-actions.ini~", "garbage");
	p = policy_load(dir, &err);
	assert_non_null(p);
	assert_int_equal(err.count + err.warning_count, 0);
	assert_string_equal(p->rules[0]->action->name, "a");
	policy_put(p);

	write_in(dir, "30-more.ini", "[rule s]\nbad\n" ACTION);
	assert_null(policy_load(dir, &err));
	assert_int_equal(err.count, 5); /* and three keys of [rule s] are missing */
	snprintf(line, sizeof(line),
		"%s/30-more.ini:2: [rule s]: \"bad\" is neither [section] nor key = value", dir);
	assert_string_equal(err.lines[0], line);
	snprintf(line, sizeof(line),
		"%s/30-more.ini:3: [action a]: is there already, in %s/10-actions.ini:1", dir, dir);
	assert_string_equal(err.lines[1], line);
	err_fini(&err);
	remove_all(dir);

	assert_null(policy_load("/nowhere", &err));
	assert_string_equal(err.lines[0], "/nowhere: cannot be read: No such file or directory");
	err_fini(&err);
}

/* What is shipped to start from is taken as it is. */
static void test_examples(void **state)
{
	static const char *const paths[] = {"rules/examples/outbound-client.ini",
		"rules/examples/inbound-server.ini", "rules/examples/per-user.ini"};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct err_list err;
		struct policy *p;

		err_init(&err);
		p = policy_load(paths[i], &err);
		for (size_t e = 0; e < err.count; e++)
			print_error("%s\n", err.lines[e]);
		assert_non_null(p);
		assert_true(p->rule_count > 0);
		policy_put(p);
		err_fini(&err);
	}
}

static void test_references(void **state)
{
	struct policy *p = policy_good(RULE ACTION);

	(void)state;
	assert_ptr_equal(policy_get(p), p);
	policy_put(p);
	assert_string_equal(p->rules[0]->name, "r"); /* still there: ASan would tell */
	policy_put(p);
	policy_put(NULL);
}

/* OpenSSL takes every name that the tables offer. */
static void test_names_are_openssls(void **state)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_method());

	(void)state;
	for (const char *const *g = group_words(); *g; g++)
		assert_int_equal(SSL_CTX_set1_groups_list(ctx, *g), 1);
	assert_string_equal(suite_find("tls_ecdhe_rsa_with_aes_128_gcm_sha256")->openssl,
		OPENSSL_cipher_name("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"));
	assert_string_equal(
		suite_find_openssl("TLS_AES_128_CCM_8_SHA256")->name, "TLS_AES_128_CCM_8_SHA256");
	assert_null(suite_find("TLS_NO_SUCH"));
	SSL_CTX_free(ctx);
}

/* root's own group, a group that lists somebody, and none at all */
static void test_user_groups(void **state)
{
	struct policy *p = policy_good(RULE_OF("userid = group:root"));
	bool found = false;

	(void)state;
	for (size_t i = 0; i < p->rules[0]->uid_count; i++)
		found = found || p->rules[0]->uids[i].from == 0;
	assert_true(found);
	assert_true(p->rules[0]->uid_count < 10);
	policy_put(p);
	p = policy_good(RULE_OF("userid = group:r*t"));
	assert_true(p->rules[0]->uid_count > 0);
	policy_put(p);
	policy_warned(RULE_OF("userid = group:no-such-group"),
		"5: [rule r] userid: there is no group \"no-such-group\" now");
	policy_refused(RULE_OF("userid = group:"),
		"5: [rule r] userid: \"group:\" is no account name; * is the only wildcard");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_design_example),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_groups),
		cmocka_unit_test(test_user_groups),
		cmocka_unit_test(test_sections_refused),
		cmocka_unit_test(test_rules_refused),
		cmocka_unit_test(test_actions_refused),
		cmocka_unit_test(test_sni),
		cmocka_unit_test(test_levels),
		cmocka_unit_test(test_warnings),
		cmocka_unit_test(test_userids),
		cmocka_unit_test(test_directory),
		cmocka_unit_test(test_examples),
		cmocka_unit_test(test_references),
		cmocka_unit_test(test_names_are_openssls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
