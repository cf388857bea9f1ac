/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_expand.c - sections that stand for others: use, include, inherit, traffic, requirements */
#include "unit/rules_helper.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <netdb.h>
#include <sys/stat.h>

#include "base/ini.h"

#define PREDEFINED "rules/predefined"
#define OFF        "[action off]\ntls=off\n"

static const struct rule *rule_named(const struct policy *p, const char *name)
{
	for (size_t i = 0; i < p->rule_count; i++) {
		if (strcmp(p->rules[i]->name, name) == 0)
			return p->rules[i];
	}
	fail_msg("no rule %s", name);
	return NULL;
}

static void test_inherit(void **state)
{
	struct policy *p = policy_good(
		"[rule r]\ndirection=both\nremote_port=1\naction=leaf\n"
		"[action leaf]\ninherit=middle\nsni=none\n"
		"[action middle]\ninherit=base\nrole=client\nreference_id=a.example\n"
		"[action base]\ntls=on\nhandshake_timeout=3s\nring=r\nlevel=strong\n"
		"[level strong]\ninherit=any\nversions=TLSv1.3\n[level any]\ngroups=x25519\n"
		"[rule s]\ndirection=both\nremote_port=2\naction=middle\n");
	const struct action *leaf = rule_named(p, "r")->action;

	(void)state;
	assert_int_equal(leaf->handshake_timeout, 3 * USEC_SEC);
	assert_string_equal(leaf->ring, "r");
	assert_string_equal(leaf->profile.references[0].name, "a.example");
	assert_null(leaf->profile.sni);
	assert_string_equal(rule_named(p, "s")->action->profile.sni, "a.example");
	assert_string_equal(leaf->profile.groups, "x25519");
	assert_int_equal(leaf->profile.min_version, leaf->profile.max_version);
	assert_int_equal(p->action_count, 2); /* the base alone says too little */
	policy_put(p);
}

static void test_inherit_refused(void **state)
{
	static const char rule[] = "[rule r]\ndirection=both\nremote_port=1\naction=a\n";
	char text[512];

	(void)state;
	snprintf(text, sizeof(text), "%s[action a]\ninherit=b\ntls=off\n", rule);
	policy_refused(text, "6: [action a] inherit: there is no [action b]");
	snprintf(text, sizeof(text), "%s[action a]\ninherit=a\ntls=off\n", rule);
	policy_refused(text, "6: [action a] inherit: comes back to where it began");
	/* what is wrong in the base is said once, where it is written */
	snprintf(text, sizeof(text), "%s[action a]\ninherit=b\nrole=server\n[action b]\ntls=no\n",
		rule);
	policy_refused(text, "9: [action b] tls: \"no\" is none of on, off, reject; "
			     "did you mean on?");
	snprintf(text, sizeof(text),
		"%s[action a]\ntls=on\n[action b]\ninherit=a\nrole=server\n"
		"[rule q]\ndirection=both\nremote_port=2\naction=b\n",
		rule);
	policy_refused(text, "4: [rule r] action: [action a] is for others to inherit: it says "
			     "nothing of tls or role");
}

static void test_traffic(void **state)
{
	struct policy *p = policy_good(
		"[rule one]\nremote_addr=10.0.0.0/8\ntraffic=web\naction=off\n"
		"[rule two]\npriority=2\nremote_addr=10.0.0.0/8\ntraffic=web,db\naction=off\n"
		"[traffic web]\ndirection=outbound\nremote_port=80,443\n"
		"[traffic db]\ndirection=inbound\nlocal_port=5432\nuserid=0\n" OFF);
	const struct rule *r = rule_named(p, "two~2");

	(void)state;
	assert_int_equal(p->rule_count, 3);
	assert_int_equal(rule_named(p, "one")->remote_port_count, 2);
	assert_int_equal(rule_named(p, "two~1")->direction, DIRECTION_OUTBOUND);
	assert_int_equal(r->direction, DIRECTION_INBOUND);
	assert_int_equal(r->remote_addr_count, 1);
	assert_int_equal(r->priority, 2);
	assert_true(r->has_userid);
	policy_put(p);
}

static void test_traffic_refused(void **state)
{
	(void)state;
	policy_refused("[rule r]\nlocal_port=1\ntraffic=t\naction=off\n[traffic t]\nlocal_port=2\n"
		       "direction=both\n" OFF,
		"2: [rule r] local_port: [traffic t] says it too; leave it in one of them");
	policy_refused(
		"[rule r]\ndirection=both\ntraffic=u\naction=off\n[traffic t]\nlocal_port=2\n"
		"[rule s]\ndirection=both\ntraffic=t\naction=off\n" OFF,
		"3: [rule r] traffic: there is no [traffic u]");
	/* a bad value is said once, however many rules use it */
	policy_refused(
		"[rule r]\ndirection=both\ntraffic=t\naction=off\n[traffic t]\nlocal_port=0\n"
		"[rule s]\ndirection=both\ntraffic=t\naction=off\n" OFF,
		"6: [traffic t] local_port: \"0\" is no port (1 to 65535), range (FROM-TO), @NAME "
		"or any");
	policy_refused("[rule r]\ndirection=both\nlocal_port=1\naction=off\n"
		       "[rule s]\ndirection=both\ntraffic=t\naction=off\n"
		       "[traffic t]\nremote_port=1\npriority=7\n" OFF,
		"11: [traffic t] priority: unknown key; [traffic] has direction, local_addr, "
		"remote_addr, local_port, remote_port, userid, jobname, inside_interface");
}

static void test_requirements(void **state)
{
	struct policy *p =
		policy_good("[rule r]\nremote_addr=10.0.0.0/8\nrequirements=m\naction=base\n"
			    "[requirements m]\nweb=strong\nmail=off\n"
			    "[traffic web]\ndirection=outbound\nremote_port=80\n"
			    "[traffic mail]\ndirection=outbound\nremote_port=25\n"
			    "[action base]\ntls=on\nrole=client\nring=r\n"
			    "[level strong]\nversions=TLSv1.3\n" OFF);
	const struct action *web = rule_named(p, "r~1")->action;

	(void)state;
	assert_int_equal(p->rule_count, 2);
	assert_string_equal(web->name, "base~strong");
	assert_string_equal(web->ring, "r");
	assert_int_equal(web->profile.min_version, web->profile.max_version);
	assert_string_equal(rule_named(p, "r~2")->action->name, "off");
	policy_put(p);
}

static void test_requirements_refused(void **state)
{
#define MAP "[traffic web]\ndirection=both\nremote_port=80\n[requirements m]\n"
	(void)state;
	policy_refused("[rule r]\nremote_addr=::1\nrequirements=m\n" MAP "web=strong\n"
		       "[level strong]\nversions=TLSv1.3\n",
		"3: [rule r] requirements: [requirements m] names a level, so the rule needs an "
		"action that it is for");
	policy_refused("[rule r]\nremote_addr=::1\nrequirements=m\n" MAP "web=of\n" OFF
		       "[rule s]\ndirection=both\nremote_port=1\naction=off\n",
		"8: [requirements m] web: there is no [action of]; did you mean off?");
	policy_refused("[rule r]\nremote_addr=::1\nrequirements=m\n" MAP "wep=off\nweb=off\n" OFF,
		"8: [requirements m] wep: there is no [traffic wep]; did you mean web?");
	policy_refused("[rule r]\nremote_addr=::1\nrequirements=m\ntraffic=web\n" MAP
		       "web=off\n" OFF "[rule s]\nremote_addr=::1\nrequirements=m\n",
		"3: [rule r] requirements: stands in place of traffic, not beside it");
	policy_refused("[rule r]\nremote_addr=::1\nrequirements=m\naction=off\n" MAP "web=off\n" OFF
		       "[level off]\nversions=TLSv1.3\n",
		"9: [requirements m] web: \"off\" is both a level and an action; rename one");
#undef MAP
}

/* What each NAME-server and NAME-client is for: its ports, and what /etc/services calls them. */
static const struct {
	const char *name;
	uint16_t port;
	const char *service; /* NULL: of the product's documents, or newer than /etc/services */
} predefined[] = {
	{"amqp", 5672, "amqp"},
	{"amqps", 5671, "amqps"},
	{"cics-ipic", 1435, NULL},
	{"cics-sockets", 3010, NULL},
	{"db2-drda", 446, NULL},
	{"db2-drda-secure", 448, NULL},
	{"db2-drda-secure", 4840, NULL},
	{"dcas", 8990, NULL},
	{"ftp", 21, "ftp"},
	{"ftps", 990, "ftps"},
	{"ftps-data", 989, "ftps-data"},
	{"guardium", 16022, NULL},
	{"guardium", 16023, NULL},
	{"http", 80, "http"},
	{"http", 8080, "http-alt"},
	{"https", 443, "https"},
	{"imap", 143, "imap2"},
	{"imaps", 993, "imaps"},
	{"ims-connect", 9999, NULL},
	{"ldap", 389, "ldap"},
	{"ldaps", 636, "ldaps"},
	{"load-balancing-agents", 8100, NULL},
	{"load-balancing-sasp", 3860, NULL},
	{"mqtt", 1883, NULL},
	{"mqtts", 8883, NULL},
	{"mysql", 3306, "mysql"},
	{"netview", 4022, NULL},
	{"nje", 175, NULL},
	{"nje-secure", 2252, NULL},
	{"nss", 4159, NULL},
	{"policy-agent", 16310, NULL},
	{"pop3", 110, "pop3"},
	{"pop3s", 995, "pop3s"},
	{"postgresql", 5432, "postgresql"},
	{"redis", 6379, "redis"},
	{"rrsf", 18136, NULL},
	{"smtp", 25, "smtp"},
	{"smtps", 465, "submissions"},
	{"smtps", 587, "submission"},
	{"syslog", 601, NULL},
	{"syslog-tls", 6514, "syslog-tls"},
	{"telnet", 23, "telnet"},
	{"tn3270", 23, "telnet"},
	{"tn3270", 992, "telnets"},
	{"tn3270", 2023, NULL},
	{"workload-lifeline-agents", 8200, NULL},
	{"workload-lifeline-advisors", 8202, NULL},
};

enum { PREDEFINED_COUNT = sizeof(predefined) / sizeof(predefined[0]), PREDEFINED_FILES = 28 };

/* Whether @row is about the rule @name, which is its name with @suffix. */
static bool is_about(size_t row, const char *name, const char *suffix)
{
	size_t len = strlen(predefined[row].name);

	return strncmp(name, predefined[row].name, len) == 0 && strcmp(name + len, suffix) == 0;
}

static bool takes(const struct policy *p, enum direction d, bool local, uint16_t port)
{
	struct query q = query_of("10.0.0.1:1", "10.0.0.2:1", d);
	const struct rule *found;

	(local ? &q.tuple.local : &q.tuple.remote)->port = port;
	return policy_match(p, &q, &found) == OUTCOME_RULE && found->action->mode == ACTION_TLS;
}

/* Loads with one section, takes what it is for in one direction, and nothing else. */
static void use_works(const char *name)
{
	const char *suffix = strrchr(name, '-');
	bool server = strcmp(suffix, "-server") == 0, expected[65536] = {0};
	bool opens = server == (strstr(name, "-data-") != NULL); /* FTP's data the server */
	enum direction d = opens ? DIRECTION_OUTBOUND : DIRECTION_INBOUND;
	char text[256];
	struct policy *p;

	assert_true(server || strcmp(suffix, "-client") == 0);
	for (size_t i = 0; i < PREDEFINED_COUNT; i++) {
		if (is_about(i, name, suffix))
			expected[predefined[i].port] = true;
	}
	snprintf(text, sizeof(text), "[use %s]\nring = root/r\n", name);
	p = policy_good(text);
	assert_int_equal(p->rule_count, 1);
	assert_string_equal(p->rules[0]->action->ring, "root/r");
	assert_int_equal(
		p->rules[0]->action->profile.role, server ? TLS_ROLE_SERVER : TLS_ROLE_CLIENT);
	for (unsigned port = 1; port < 65536; port++) {
		if (takes(p, d, server, (uint16_t)port) != expected[port])
			fail_msg("%s and port %u", name, port);
		assert_false(
			expected[port] && takes(p, DIRECTION_BOTH - d, server, (uint16_t)port));
		assert_false(expected[port] && takes(p, d, !server, (uint16_t)port));
	}
	policy_put(p);
}

/* Return: how many rules the file has. */
static size_t file_works(const char *name)
{
	struct err_list err;
	size_t count = 0;
	char path[512];
	struct ini *ini;

	err_init(&err);
	snprintf(path, sizeof(path), PREDEFINED "/%s", name);
	ini = ini_load(path, &err);
	assert_int_equal(err.count, 0);
	for (size_t i = 0; i < ini->section_count; i++) {
		if (strcmp(ini->sections[i].kind, "rule") != 0)
			continue;
		use_works(ini->sections[i].name);
		count++;
	}
	ini_free(ini);
	assert_true(count >= 2);
	return count;
}

static void test_predefined(void **state)
{
	DIR *dir = opendir(PREDEFINED);
	struct dirent *entry;
	size_t files = 0, rules = 0, names = 0;

	(void)state;
	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		if (!strstr(entry->d_name, ".ini"))
			continue;
		rules += file_works(entry->d_name);
		files++;
	}
	closedir(dir);
	for (size_t i = 0; i < PREDEFINED_COUNT; i++)
		names += i == 0 || strcmp(predefined[i].name, predefined[i - 1].name) != 0;
	assert_int_equal(rules, 2 * names); /* each row has been looked at */
	assert_int_equal(files, PREDEFINED_FILES);
}

/* The ports above are those that everybody knows. */
static void test_predefined_services(void **state)
{
	(void)state;
	if (access("/etc/services", R_OK) < 0) {
		print_message("there is no /etc/services here\n");
		skip();
	}
	for (size_t i = 0; i < PREDEFINED_COUNT; i++) {
		const char *service = predefined[i].service;
		const struct servent *s = service ? getservbyname(service, "tcp") : NULL;

		if (service && (!s || ntohs((uint16_t)s->s_port) != predefined[i].port))
			fail_msg("%s is not port %u", service, predefined[i].port);
	}
}

static void test_use_overrides(void **state)
{
	struct policy *p = policy_good("[use redis-server]\nlocal_port = 7000\npriority = 9\n"
				       "handshake_timeout = 2s\n"
				       "[use redis-client]\naction = off\n" OFF);
	const struct rule *r = rule_named(p, "redis-server");

	(void)state;
	assert_int_equal(r->local_ports[0].from, 7000);
	assert_int_equal(r->local_port_count, 1);
	assert_int_equal(r->priority, 9);
	assert_int_equal(r->action->handshake_timeout, 2 * USEC_SEC);
	assert_string_equal(rule_named(p, "redis-client")->action->name, "off");
	policy_put(p);
	policy_refused("[use redis-sever]\n",
		"1: [use redis-sever]: there is no predefined rule of "
		"that name in " PREDEFINED "; did you mean redis-server?");
	policy_refused("[use redis-server]\nrng = x\n",
		"2: [use redis-server] rng: unknown key; did you mean ring?");
	policy_refused("[use redis-server]\nlocal_port = 0\n",
		"2: [use redis-server] local_port: \"0\" is no port (1 to 65535), range (FROM-TO), "
		"@NAME or any");
	policy_refused("[use redis-client]\naction = off\nsni = none\n" OFF,
		"3: [use redis-client] sni: unknown key; [rule] has priority, direction, "
		"local_addr, remote_addr, local_port, remote_port, userid, jobname, "
		"inside_interface, time, on_unknown, on_removal, action, traffic, requirements");
}

static void put_file(const char *dir, const char *name, const char *text)
{
	char path[256];
	FILE *out;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	out = fopen(path, "w");
	assert_non_null(out);
	fputs(text, out);
	fclose(out);
}

static void remove_file(const char *dir, const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	assert_int_equal(remove(path), 0);
}

static void test_include(void **state)
{
	char dir[] = "/tmp/attls-test.XXXXXX", path[64], sub[64], expected[256];
	struct err_list err;
	struct policy *p;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(sub, sizeof(sub), "%s/more", dir);
	assert_int_equal(mkdir(sub, 0700), 0);
	put_file(dir, "a", "[include]\nfile = b, more\n[rule a]\ntraffic = t\naction = off\n");
	put_file(dir, "b", "[include]\nfile = a\n[traffic t]\ndirection=both\nlocal_port = 1\n");
	put_file(sub, "c.ini", OFF "[include]\nfile = ../b, ../none\n");
	snprintf(path, sizeof(path), "%s/a", dir);
	err_init(&err);
	assert_null(policy_load(path, &err));
	assert_int_equal(err.count, 1);
	snprintf(expected, sizeof(expected),
		"%s/c.ini:4: [include] file: %s/../none: cannot be read: No such file or directory",
		sub, sub);
	assert_string_equal(err.lines[0], expected);
	err_fini(&err);
	put_file(sub, "c.ini", OFF);
	p = policy_load(path, &err);
	assert_non_null(p);
	assert_int_equal(p->rule_count, 1);
	policy_put(p);
	remove_file(sub, "c.ini");
	remove_file(dir, "more");
	remove_file(dir, "a");
	remove_file(dir, "b");
	assert_int_equal(remove(dir), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_inherit),
		cmocka_unit_test(test_inherit_refused),
		cmocka_unit_test(test_traffic),
		cmocka_unit_test(test_traffic_refused),
		cmocka_unit_test(test_requirements),
		cmocka_unit_test(test_requirements_refused),
		cmocka_unit_test(test_predefined),
		cmocka_unit_test(test_predefined_services),
		cmocka_unit_test(test_use_overrides),
		cmocka_unit_test(test_include),
	};

	setenv("ATTLS_PREDEFINED", PREDEFINED, 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
