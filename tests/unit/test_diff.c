/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_diff.c - which connections other rules would map differently */
#include "gateway/ctl/diff.h"
#include "unit/rules_helper.h"

#define ACTIONS                                                                                    \
	"[action a]\ntls=on\nrole=server\n[action b]\ntls=on\nrole=server\n[action off]\ntls=off\n"

/* The digest of [action a] above. */
static void digest_of_a(char *digest)
{
	struct policy *p = policy_good("[rule r]\ndirection=both\nlocal_port=1\naction=a\n"
				       "[action a]\ntls=on\nrole=server\n");

	action_digest_format(p->actions[0], digest);
	policy_put(p);
}

/* A flow to remote port 443, taken by [rule r] with [action a]; @more: further members. */
static json_t *flow_with(const char *more)
{
	char digest[ACTION_DIGEST_TEXT], text[1024];
	json_t *flows;

	digest_of_a(digest);
	snprintf(text, sizeof(text),
		"[{\"id\": 5, \"local\": \"10.0.0.1:4000\", \"remote\": \"10.0.0.2:443\", "
		"\"direction\": \"outbound\", \"rule\": \"r\", \"action\": \"a\", "
		"\"action_digest\": \"%s\", \"generation\": 3, \"age_s\": 1.5%s}]",
		digest, more);
	flows = json_loads(text, 0, NULL);
	assert_non_null(flows);
	return flows;
}

/* Under @rules that flow differs in @because, with @rule and @action; NULL: it does not differ. */
static void differs(const char *rules, const char *more, bool judges, const char *const want[3])
{
	struct err_list err;
	struct policy *p = policy_try(rules, &err);
	json_t *flows = flow_with(more), *diff, *row;

	assert_non_null(p);
	diff = diff_flows(flows, p, judges);
	assert_int_equal(json_integer_value(json_object_get(diff, "flows")), 1);
	row = json_array_get(json_object_get(diff, "different"), 0);
	assert_int_equal(row != NULL, want != NULL);
	for (size_t i = 0; want && i < 3; i++) {
		static const char *const keys[] = {"because", "new_rule", "new_action"};
		const char *text = json_string_value(json_object_get(row, keys[i]));

		assert_string_equal(text ? text : "none", want[i]);
	}
	json_decref(diff);
	json_decref(flows);
	policy_put(p);
	err_fini(&err);
}

#define DIFFERS(rules, more, because, rule, action)                                                \
	differs(rules, more, true, (const char *const[]){because, rule, action})

static void test_differences(void **state)
{
	(void)state;
	differs("[rule r]\ndirection=outbound\nremote_port=443\naction=a\n" ACTIONS, "", true,
		NULL);
	DIFFERS("[rule r]\ndirection=outbound\nremote_port=443\naction=b\n" ACTIONS, "", "action",
		"r", "b");
	DIFFERS("[rule x]\ndirection=outbound\nremote_port=443\naction=a\n" ACTIONS, "", "rule",
		"x", "a");
	DIFFERS("[rule r]\ndirection=inbound\nremote_port=443\naction=a\n" ACTIONS, "", "rule",
		"none", "pass");
	DIFFERS("[rule r]\ndirection=outbound\nremote_port=443\naction=a\n"
		"[action a]\ntls=on\nrole=server\nlabel=other\n",
		"", "action changed", "r", "a");
}

/* What the old rules did not ask for may decide under the new ones. */
static void test_owner(void **state)
{
	static const char rules[] = "[rule x]\npriority=2\ndirection=outbound\nremote_port=443\n"
				    "userid=0\naction=b\n"
				    "[rule r]\ndirection=outbound\nremote_port=443\n"
				    "action=a\n" ACTIONS;

	(void)state;
	DIFFERS(rules, "", "owner not known", "none", "none");
	DIFFERS(rules, ", \"uid\": 0, \"owner_known\": [\"uid\"]", "rule", "x", "b");
	differs(rules, ", \"uid\": 7, \"owner_known\": [\"uid\"]", true, NULL);
	/* a router never knows: the rule rejects */
	differs(rules, "", false, (const char *const[]){"rule", "x", "reject"});
}

/* What counts is the time at which the connection was opened. */
static void test_time(void **state)
{
	static const char rules[] = "[rule r]\ndirection=outbound\nremote_port=443\ntime=old\n"
				    "action=a\n[time old]\nto=2020-01-01T00:00:00Z\n" ACTIONS;

	(void)state;
	DIFFERS(rules, "", "rule", "none", "pass");
	differs(rules, ", \"age_s\": 1000000000", true, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_differences),
		cmocka_unit_test(test_owner),
		cmocka_unit_test(test_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
