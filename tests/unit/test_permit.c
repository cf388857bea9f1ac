/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_permit.c - who and what is let in: permit, min_key */
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

#define LEVEL "[action a]\ntls = on\nrole = server\nlevel = l\n[level l]\nmin_key = "

static void test_min_key(void **state)
{
	struct policy *p = policy_good(LEVEL "3072\n" RULE), *again;
	char *text = policy_text(p);

	(void)state;
	assert_int_equal(p->actions[0]->profile.min_key, 3072);
	again = policy_good(text);
	assert_int_equal(again->actions[0]->profile.min_key, 3072);
	policy_put(p);
	policy_put(again);
	free(text);
	policy_warned(LEVEL "1024\n" RULE,
		"6: [level l] min_key: RSA keys of less than 2048 bits are weak: renew such "
		"certificates");
	policy_refused(LEVEL "1023\n" RULE,
		"6: [level l] min_key: \"1023\" is not a number from 1024 to 16384");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_permit), cmocka_unit_test(test_min_key)};

	return cmocka_run_group_tests_name("permit", tests, NULL, NULL);
}
