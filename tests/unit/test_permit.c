/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_permit.c - the users whom a server lets in */
#include "unit/rules_helper.h"

#define RULE     "[rule r]\ndirection = both\nremote_port = 443\naction = a\n"
#define SAFCHECK "[action a]\ntls = on\nrole = server\nclient_auth = safcheck\npermit = "

/* Names and patterns as written, groups as their members; a list that lets nobody in is one. */
static void test_permit(void **state)
{
	struct policy *p = policy_good(SAFCHECK "alice, st*, group:root\n" RULE);
	char **permit = p->actions[0]->profile.permit;
	struct err_list err;
	bool root = false;

	(void)state;
	assert_string_equal(p->actions[0]->profile.application, "a");
	assert_int_equal(p->actions[0]->profile.client_auth, CLIENT_AUTH_SAFCHECK);
	assert_string_equal(permit[0], "alice");
	assert_string_equal(permit[1], "st*");
	for (size_t i = 2; permit[i]; i++)
		root = root || strcmp(permit[i], "root") == 0;
	assert_true(root);
	policy_put(p);
	policy_warned(SAFCHECK "group:no-such-group\n" RULE,
		"5: [action a] permit: there is no group \"no-such-group\" now");
	p = policy_try(SAFCHECK "group:no-such-group\n" RULE, &err);
	assert_non_null(p->actions[0]->profile.permit);
	assert_null(p->actions[0]->profile.permit[0]);
	policy_put(p);
	err_fini(&err);
	policy_refused(
		"[action a]\ntls = on\nrole = server\nclient_auth = required\npermit = x\n" RULE,
		"5: [action a] permit: takes client_auth = safcheck, which finds out who the user "
		"is");
	policy_refused(SAFCHECK "a?c\n" RULE,
		"5: [action a] permit: \"a?c\" is no user: write a name, in which * is a "
		"wildcard, or group:NAME");
	policy_refused(SAFCHECK "group:a*\n" RULE,
		"5: [action a] permit: \"group:a*\" is no user: write a name, in which * is a "
		"wildcard, or group:NAME");
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_permit)};

	return cmocka_run_group_tests_name("permit", tests, NULL, NULL);
}
