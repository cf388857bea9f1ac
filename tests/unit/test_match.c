/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_match.c - which rule takes a connection, why others do not, and what the unknown does */
#include "unit/rules_helper.h"

#include "rules/interface.h"
#include "rules/set.h"

#define ACTIONS                                                                                    \
	"[action tls]\ntls = on\nrole = server\n"                                                  \
	"[action pass]\ntls = off\n"                                                               \
	"[action reject]\ntls = reject\n"

/* Ignores warnings: not every action is used by every test. */
static struct policy *policy_of(const char *rules)
{
	char text[4096];
	struct err_list err;
	struct policy *p;

	snprintf(text, sizeof(text), "%s" ACTIONS, rules);
	p = policy_try(text, &err);
	for (size_t i = 0; i < err.count; i++)
		print_error("%s\n", err.lines[i]);
	assert_non_null(p);
	err_fini(&err);
	return p;
}

static void takes(const struct policy *p, struct query q, const char *name)
{
	const struct rule *rule;
	enum outcome o = policy_match(p, &q, &rule);

	if (name) {
		assert_int_equal(o, OUTCOME_RULE);
		assert_string_equal(rule->name, name);
	} else {
		assert_int_equal(o, OUTCOME_UNMATCHED);
		assert_null(rule);
	}
}

static void test_each_condition(void **state)
{
	struct policy *p = policy_of(
		"[rule r]\ndirection = outbound\nlocal_addr = 10.0.0.0/8\nremote_addr = "
		"192.0.2.1-192.0.2.9, 198.51.100.7\nlocal_port = 1000-2000\nremote_port = 443, "
		"8443\n"
		"action = pass\n");

	(void)state;
	takes(p, query_of("10.1.1.1:1000", "192.0.2.5:443", DIRECTION_OUTBOUND), "r");
	takes(p, query_of("10.1.1.1:2000", "198.51.100.7:8443", DIRECTION_OUTBOUND), "r");
	takes(p, query_of("10.1.1.1:1000", "192.0.2.5:443", DIRECTION_INBOUND), NULL);
	takes(p, query_of("11.1.1.1:1000", "192.0.2.5:443", DIRECTION_OUTBOUND), NULL);
	takes(p, query_of("10.1.1.1:999", "192.0.2.5:443", DIRECTION_OUTBOUND), NULL);
	takes(p, query_of("10.1.1.1:2001", "192.0.2.5:443", DIRECTION_OUTBOUND), NULL);
	takes(p, query_of("10.1.1.1:1000", "192.0.2.10:443", DIRECTION_OUTBOUND), NULL);
	takes(p, query_of("10.1.1.1:1000", "192.0.2.5:444", DIRECTION_OUTBOUND), NULL);
	takes(p, query_of("[::1]:1000", "[::1]:443", DIRECTION_OUTBOUND), NULL);
	policy_put(p);
}

static struct query query_at(const char *interface)
{
	struct query q = query_of("10.1.1.1:1000", "192.0.2.5:443", DIRECTION_OUTBOUND);

	q.inside_interface = interface;
	return q;
}

static void test_inside_interface(void **state)
{
	struct policy *p = policy_of("[rule r]\ndirection = outbound\nremote_port = 443\n"
				     "inside_interface = lan0, br-*\naction = tls\n");
	struct query q = query_at(NULL);
	const struct rule *rule;

	(void)state;
	assert_true(p->asks_interface);
	takes(p, query_at("lan0"), "r");
	takes(p, query_at("br-7"), "r");
	takes(p, query_at("br-"), "r");
	takes(p, query_at("lan1"), NULL);
	takes(p, query_at("lan01"), NULL);
	takes(p, query_at("xbr-1"), NULL);
	/* not known is not false: the rule has tls = on */
	assert_int_equal(policy_match(p, &q, &rule), OUTCOME_UNKNOWN_REJECT);
	assert_int_equal(policy_wants_owner(p, &q), 0);
	assert_true(policy_may_protect(p, &q));
	q = query_at("lan1");
	assert_false(policy_may_protect(p, &q));
	policy_put(p);
}

static const struct settings router = {
	.mode = MODE_ROUTER, .inside = (char *[]){(char[]){"lan0"}, (char[]){"lan1"}, NULL}};
static const struct settings host = {.mode = MODE_HOST, .inside = (char *[]){NULL}};

/* What a gateway with @s says of a rule for @interfaces, from the line number on; NULL: nothing. */
static void suits(
	const struct settings *s, const char *interfaces, const char *error, const char *warning)
{
	struct policy *p;
	struct err_list err;
	char text[256];

	snprintf(text, sizeof(text), "[rule r]\ndirection=both\ninside_interface=%s\naction=pass\n",
		interfaces);
	p = policy_of(text);
	err_init(&err);
	interfaces_check(p, s, &err);
	assert_int_equal(err.count, error ? 1 : 0);
	assert_int_equal(err.warning_count, warning ? 1 : 0);
	if (error)
		assert_string_equal(after_path(err.lines[0]), error);
	if (warning)
		assert_string_equal(after_path(err.warnings[0]), warning);
	err_fini(&err);
	policy_put(p);
}

static void test_interface_suits_the_gateway(void **state)
{
	(void)state;
	suits(&router, "lan1", NULL, NULL);
	suits(&router, "eth*, *1", NULL, NULL);
	suits(&router, "eth*, lan2", NULL,
		"3: [rule r] inside_interface: fits none of [gateway] inside, so the rule takes no "
		"connection");
	suits(&host, "lan1",
		"3: [rule r] inside_interface: is for [gateway] mode = router: the applications of "
		"a host are behind no interface; remove it",
		NULL);
	policy_refused("[rule r]\ndirection=both\ninside_interface=a/b\naction=a\n"
		       "[action a]\ntls=off\n",
		"3: [rule r] inside_interface: \"a/b\" is no name of an interface; * stands for "
		"any characters");
}

static void test_priority(void **state)
{
	struct policy *p = policy_of(
		"[rule a]\ndirection=both\nremote_addr=any\naction=pass\n"
		"[rule b]\ndirection=both\nremote_addr=::/0\naction=pass\npriority=2\n"
		"[rule c]\ndirection=inbound\nlocal_port=22\naction=reject\npriority=3\n");

	(void)state;
	takes(p, query_of("10.0.0.1:1", "10.0.0.2:2", DIRECTION_INBOUND), "a");
	takes(p, query_of("[::1]:1", "[::2]:2", DIRECTION_INBOUND), "b");
	takes(p, query_of("[::1]:22", "[::2]:2", DIRECTION_INBOUND), "c");
	takes(p, query_of("[::1]:22", "[::2]:2", DIRECTION_OUTBOUND), "b");
	policy_put(p);
}

static struct query owned(uid_t uid)
{
	struct query q = query_of("10.0.0.1:1", "10.0.0.2:2", DIRECTION_OUTBOUND);

	q.owner.known = OWNER_UID;
	q.owner.uid = uid;
	return q;
}

static void test_owner(void **state)
{
	struct policy *p = policy_of("[rule a]\ndirection=both\nuserid=1000-1999\naction=tls\n"
				     "[rule b]\ndirection=both\nuserid=0\naction=pass\n"
				     "[rule c]\ndirection=both\nremote_port=2\naction=pass\n");

	(void)state;
	takes(p, owned(1000), "a");
	takes(p, owned(1999), "a");
	takes(p, owned(0), "b");
	takes(p, owned(2000), "c");
	policy_put(p);
}

/* A userid that no account fits matches nobody, rather than everybody. */
static void test_owner_nobody(void **state)
{
	struct policy *p = policy_of("[rule a]\ndirection=both\nuserid=no-such-*\naction=tls\n");

	(void)state;
	takes(p, owned(0), NULL);
	policy_put(p);
}

static void test_owner_unknown(void **state)
{
	struct policy *p = policy_of(
		"[rule a]\npriority=9\ndirection=both\nuserid=0\naction=pass\n"
		"[rule b]\npriority=8\ndirection=both\nuserid=0\nremote_port=3\naction=tls\n"
		"[rule c]\npriority=7\ndirection=both\nuserid=0\nremote_port=2\naction=tls\n"
		"[rule d]\npriority=6\ndirection=both\nremote_port=2\naction=pass\n");
	struct query q = query_of("10.0.0.1:1", "10.0.0.2:2", DIRECTION_OUTBOUND);
	const struct rule *rule;

	(void)state;
	assert_int_equal(policy_match(p, &q, &rule), OUTCOME_UNKNOWN_REJECT);
	assert_string_equal(rule->name, "c");
	q.tuple.remote.port = 4;
	assert_int_equal(policy_match(p, &q, &rule), OUTCOME_UNMATCHED);
	policy_put(p);
}

static void test_wants_owner(void **state)
{
	struct policy *p = policy_of(
		"[rule a]\npriority=9\ndirection=inbound\nlocal_port=1\naction=tls\n"
		"[rule b]\npriority=8\ndirection=both\nuserid=0\nlocal_port=1-2\naction=pass\n");
	struct query q = query_of("10.0.0.1:1", "10.0.0.2:2", DIRECTION_INBOUND);

	(void)state;
	assert_false(policy_wants_owner(p, &q)); /* decided before */
	q.direction = DIRECTION_OUTBOUND;
	assert_int_equal(policy_wants_owner(p, &q), OWNER_UID);
	q.tuple.local.port = 3;
	assert_int_equal(policy_wants_owner(p, &q), 0);
	q.tuple.local.port = 2;
	q.owner.known = OWNER_UID;
	assert_int_equal(policy_wants_owner(p, &q), 0);
	policy_put(p);
}

static void test_explain(void **state)
{
	struct policy *p =
		policy_of("[rule a]\npriority=9\ndirection=inbound\nlocal_port=1\naction=tls\n"
			  "[rule b]\npriority=8\ndirection=both\nlocal_port=9\naction=tls\n"
			  "[rule c]\npriority=7\ndirection=both\nremote_port=9\naction=tls\n"
			  "[rule d]\npriority=6\ndirection=both\nlocal_addr=::1\naction=tls\n"
			  "[rule e]\npriority=5\ndirection=both\nremote_addr=::1\naction=tls\n"
			  "[rule f]\npriority=4\ndirection=both\nuserid=77\naction=tls\n"
			  "[rule g]\npriority=3\ndirection=both\nremote_port=2\naction=tls\n"
			  "[rule h]\npriority=2\ndirection=both\nremote_port=2\naction=tls\n");
	static const char *const keys[] = {
		"direction", "local_port", "remote_port", "local_addr", "remote_addr", "userid"};
	struct explanation passed[8];
	struct query q = owned(0);
	const struct rule *rule;
	size_t count;

	(void)state;
	assert_int_equal(policy_explain(p, &q, &rule, passed, &count), OUTCOME_RULE);
	assert_string_equal(rule->name, "g");
	assert_int_equal(count, 6);
	for (size_t i = 0; i < count; i++) {
		assert_ptr_equal(passed[i].rule, p->rules[i]);
		assert_string_equal(passed[i].condition, keys[i]);
	}
	q.tuple.remote.port = 3;
	assert_int_equal(policy_explain(p, &q, &rule, passed, &count), OUTCOME_UNMATCHED);
	assert_int_equal(count, 8);
	policy_put(p);
}

/* An unknown owner: rules without TLS are passed over, and userid is named. */
static void test_explain_unknown(void **state)
{
	struct policy *p = policy_of("[rule a]\npriority=9\ndirection=both\nuserid=0\naction=pass\n"
				     "[rule b]\ndirection=both\nuserid=0\naction=tls\n");
	struct query q = query_of("10.0.0.1:1", "10.0.0.2:2", DIRECTION_OUTBOUND);
	struct explanation passed[2];
	const struct rule *rule;
	size_t count;

	(void)state;
	assert_int_equal(policy_explain(p, &q, &rule, passed, &count), OUTCOME_UNKNOWN_REJECT);
	assert_string_equal(rule->name, "b");
	assert_int_equal(count, 1);
	assert_string_equal(passed[0].condition, "userid");
	policy_put(p);
}

static bool protects(const char *rules, enum direction direction, bool unmatched_reject)
{
	struct query q = query_of("10.0.0.1:1", "10.0.0.2:2", direction);
	struct policy *p = policy_of(rules);
	bool answer;

	p->unmatched_reject = unmatched_reject;
	answer = policy_may_protect(p, &q);
	policy_put(p);
	return answer;
}

static void test_may_protect(void **state)
{
	static const char tls_in[] = "[rule t]\ndirection=inbound\nlocal_port=1\naction=tls\n";
	static const char pass_out[] =
		"[rule p]\npriority=9\ndirection=outbound\nremote_port=2\naction=pass\n"
		"[rule t]\ndirection=both\nlocal_port=1\naction=tls\n";
	static const char tls_user[] = "[rule t]\ndirection=both\nuserid=5\naction=tls\n";
	static const char pass_user[] =
		"[rule p]\npriority=9\ndirection=both\nuserid=5\naction=pass\n"
		"[rule t]\ndirection=both\nlocal_port=1\naction=tls\n";
	static const char rejected[] = "[rule t]\ndirection=both\nlocal_port=1\naction=reject\n";
	static const char other[] = "[rule t]\ndirection=both\nlocal_port=7\naction=tls\n";

	(void)state;
	assert_true(protects(tls_in, DIRECTION_INBOUND, false));
	assert_false(protects(tls_in, DIRECTION_OUTBOUND, false));
	assert_true(protects(tls_in, DIRECTION_BOTH, false));
	assert_false(protects(pass_out, DIRECTION_OUTBOUND, false));
	assert_true(protects(pass_out, DIRECTION_BOTH, false));
	assert_true(protects(tls_user, DIRECTION_OUTBOUND, false));
	assert_true(protects(pass_user, DIRECTION_OUTBOUND, false));
	assert_true(protects(rejected, DIRECTION_BOTH, false));
	assert_false(protects(other, DIRECTION_BOTH, false));
	assert_true(protects(other, DIRECTION_BOTH, true));
	assert_false(protects("", DIRECTION_BOTH, false));
}

/* Sorted ranges answer as a plain look at each would. */
static void test_sets(void **state)
{
	struct port_set ports = {0};
	struct uid_set uids = {0};
	bool plain[UINT16_MAX + 1] = {false};
	unsigned seed = 7;

	(void)state;
	for (int i = 0; i < 300; i++) {
		uint16_t from = (uint16_t)(rand_r(&seed) % 65000),
			 n = (uint16_t)(rand_r(&seed) % 90);

		port_set_add(&ports, (struct port_range){from, (uint16_t)(from + n)});
		uid_set_add(&uids, (struct uid_range){from, from + n});
		memset(plain + from, true, n + 1u);
	}
	port_set_sort(&ports);
	uid_set_sort(&uids);
	for (size_t i = 1; i < ports.count; i++)
		assert_true(ports.items[i].from > ports.items[i - 1].to + 1);
	assert_int_equal(ports.count, uids.count);
	for (unsigned p = 0; p <= UINT16_MAX; p++) {
		assert_int_equal(port_ranges_hold(ports.items, ports.count, (uint16_t)p), plain[p]);
		assert_int_equal(uid_ranges_hold(uids.items, uids.count, p), plain[p]);
	}
	free(ports.items);
	free(uids.items);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_condition),
		cmocka_unit_test(test_inside_interface),
		cmocka_unit_test(test_interface_suits_the_gateway),
		cmocka_unit_test(test_priority),
		cmocka_unit_test(test_owner),
		cmocka_unit_test(test_owner_nobody),
		cmocka_unit_test(test_owner_unknown),
		cmocka_unit_test(test_wants_owner),
		cmocka_unit_test(test_explain),
		cmocka_unit_test(test_explain_unknown),
		cmocka_unit_test(test_may_protect),
		cmocka_unit_test(test_sets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
