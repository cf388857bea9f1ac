/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_candidate.c - what a packet filter must look at, from the rules */
#include "unit/rules_helper.h"

#include "rules/candidate.h"

#define ACTIONS                                                                                    \
	"[action tls]\ntls = on\nrole = server\n"                                                  \
	"[action pass]\ntls = off\n"                                                               \
	"[action reject]\ntls = reject\n"

static char *text_of(const struct candidate_list *list)
{
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	candidates_write(list, out);
	fclose(out);
	return text;
}

static struct candidate_list list_of(const char *rules, bool unmatched_reject)
{
	char text[4096];
	struct candidate_list list;
	struct err_list err;
	struct policy *p;

	snprintf(text, sizeof(text), "%s" ACTIONS, rules);
	p = policy_try(text, &err);
	assert_non_null(p);
	p->unmatched_reject = unmatched_reject;
	candidates_of(p, &list);
	policy_put(p);
	err_fini(&err);
	return list;
}

static void list_is(const struct candidate_list *list, const char *expected)
{
	char *text = text_of(list);

	assert_string_equal(text, expected);
	free(text);
}

static void gives(const char *rules, bool unmatched_reject, const char *expected)
{
	struct candidate_list list = list_of(rules, unmatched_reject);

	list_is(&list, expected);
	candidates_free(&list);
}

static void test_product(void **state)
{
	(void)state;
	gives("[rule r]\ndirection=outbound\nremote_port=443\naction=tls\n", false,
		"outbound 0.0.0.0/0 0-65535 0.0.0.0/0 443-443\n"
		"outbound ::/0 0-65535 ::/0 443-443\n");
	gives("[rule r]\ndirection=both\nlocal_addr=10.0.0.0/8,::1\nremote_addr=192.0.2.0/24\n"
	      "local_port=1,3\nremote_port=5-9\naction=tls\n",
		false,
		"outbound 10.0.0.0/8 1-1 192.0.2.0/24 5-9\n"
		"outbound 10.0.0.0/8 3-3 192.0.2.0/24 5-9\n"
		"inbound 10.0.0.0/8 1-1 192.0.2.0/24 5-9\n"
		"inbound 10.0.0.0/8 3-3 192.0.2.0/24 5-9\n");
	gives("[rule r]\ndirection=inbound\nlocal_addr=::1-::9\naction=reject\n", false,
		"inbound ::1-::9 0-65535 ::/0 0-65535\n");
}

static void test_pass_rules(void **state)
{
	static const char rules[] = "[rule p]\ndirection=inbound\nlocal_port=22\n"
				    "local_addr=10.0.0.1\naction=pass\n";

	(void)state;
	gives(rules, false, "");
	gives(rules, true, "inbound 10.0.0.1 22-22 0.0.0.0/0 0-65535\n");
	gives("", true, "");
}

static void test_contained(void **state)
{
	(void)state;
	gives("[rule a]\ndirection=outbound\nremote_addr=10.0.0.0/8\naction=tls\n"
	      "[rule b]\ndirection=outbound\nremote_addr=10.1.0.0/16\nremote_port=1\naction=tls\n"
	      "[rule c]\ndirection=outbound\nremote_addr=10.0.0.0/8\naction=tls\nuserid=0\n"
	      "[rule d]\ndirection=inbound\nremote_addr=10.1.0.0/16\nremote_port=1\naction=tls\n"
	      "[rule e]\ndirection=outbound\nremote_addr=10.0.0.0/7\nremote_port=2\naction=tls\n",
		false,
		"outbound 0.0.0.0/0 0-65535 10.0.0.0/7 2-2\n"
		"outbound 0.0.0.0/0 0-65535 10.0.0.0/8 0-65535\n"
		"inbound 0.0.0.0/0 0-65535 10.1.0.0/16 1-1\n");
}

static void test_round_trip(void **state)
{
	struct candidate_list list =
		list_of("[rule a]\ndirection=both\nlocal_addr=10.0.0.1-10.0.0.9,fe80::/10\n"
			"remote_addr=any\nremote_port=1,5-7\nlocal_port=9\naction=tls\n",
			false);
	struct candidate_list again;
	struct err_list err;
	char *text = text_of(&list);
	FILE *in = fmemopen(text, strlen(text), "r");

	(void)state;
	err_init(&err);
	assert_true(candidates_read(in, "c", &again, &err));
	fclose(in);
	list_is(&again, text);
	assert_int_equal(again.count, 8);
	candidates_join(&again, &list);
	list_is(&again, text);
	free(text);
	candidates_free(&again);
	candidates_free(&list);
}

static void test_join(void **state)
{
	struct candidate_list a =
		list_of("[rule a]\ndirection=inbound\nlocal_addr=::2\naction=tls\n", false);
	struct candidate_list b = list_of(
		"[rule a]\ndirection=inbound\nlocal_addr=::1, ::2\nlocal_port=7\naction=tls\n",
		false);
	struct candidate_list none = {0};

	(void)state;
	candidates_join(&a, &b);
	list_is(&a, "inbound ::1 7-7 ::/0 0-65535\ninbound ::2 0-65535 ::/0 0-65535\n");
	candidates_join(&a, &none);
	candidates_join(&none, &none);
	assert_int_equal(a.count, 2);
	assert_int_equal(none.count, 0);
	candidates_free(&a);
	candidates_free(&b);
	candidates_free(&none);
}

static void test_malformed(void **state)
{
	static const char *const lines[] = {"x ::1 7-7 ::/0 0-1", "inbound ::1 7-7 ::/0",
		"inbound ::1 7-7 ::/0 0-1 x", "inbound ::1 7-7 10.0.0.1 0-1",
		"inbound ::1 7 ::/0 0-1", "inbound ::1 9-7 ::/0 0-1",
		"inbound ::1 7-65536 ::/0 0-1", "", "inbound ::1 7-7 ::/0 0-1x",
		"inbound ::1 7-4294967297 ::/0 0-1", "inbound any 7-7 ::/0 0-1",
		"inbound ::1 -7-7 ::/0 0-1"};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct candidate_list list;
		struct err_list err;
		char text[128];
		FILE *in;

		snprintf(text, sizeof(text), "outbound ::1 7-7 ::/0 0-1\n%s\n", lines[i]);
		in = fmemopen(text, strlen(text), "r");
		err_init(&err);
		assert_false(candidates_read(in, "c", &list, &err));
		assert_int_equal(err.count, 1);
		assert_string_equal(err.lines[0], "c:2: this is no candidate");
		assert_null(list.items);
		fclose(in);
		err_fini(&err);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_product),
		cmocka_unit_test(test_pass_rules),
		cmocka_unit_test(test_contained),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_join),
		cmocka_unit_test(test_malformed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
