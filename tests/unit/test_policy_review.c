/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_policy_review.c - warnings of what is allowed and hardly meant, and of nothing else */
#include "unit/rules_helper.h"

#define ACTIONS                                                                                    \
	"[action tls]\ntls=on\nrole=server\n[action pass]\ntls=off\n"                              \
	"[rule zz1]\npriority=3\ndirection=both\nlocal_port=65000\naction=tls\n"                   \
	"[rule zz2]\npriority=2\ndirection=both\nlocal_port=65001\naction=pass\n"

/* What the review of @rules says, from the line number on; NULL: nothing. */
static void review_says(const char *rules, bool unmatched_reject, const char *sentence)
{
	struct err_list err;
	char text[2048];
	struct policy *p;

	snprintf(text, sizeof(text), "%s" ACTIONS, rules);
	p = policy_good(text);
	p->unmatched_reject = unmatched_reject;
	err_init(&err);
	policy_review(p, REVIEW_LOAD, &err);
	assert_int_equal(err.count, 0);
	for (size_t i = sentence ? 1 : 0; i < err.warning_count; i++)
		print_error("%s\n", err.warnings[i]);
	assert_int_equal(err.warning_count, sentence != NULL);
	if (sentence)
		assert_string_equal(after_path(err.warnings[0]), sentence);
	err_fini(&err);
	policy_put(p);
}

#define A(more) "[rule a]\npriority=9\ndirection=both\naction=tls\n" more "\n"
#define B(more) "[rule b]\npriority=8\ndirection=outbound\naction=pass\n" more "\n"

static void test_unreachable(void **state)
{
	static const char hidden[] =
		"6: [rule b]: no connection reaches it: [rule a] takes them all before";

	(void)state;
	review_says(A("remote_port=1-9") B("remote_port=2-3,5"), true, hidden);
	review_says(A("remote_port=2-9") B("remote_port=1-3"), true, NULL);
	review_says(A("remote_port=2-3,5-9") B("remote_port=2-6"), true, NULL);
	review_says(A("remote_port=1") B("local_port=1"), true, NULL);
	review_says(
		A("remote_addr=10.0.0.0/8") B("remote_addr=10.1.0.0/16,10.9.9.9"), true, hidden);
	review_says(A("remote_addr=10.0.0.0/8") B("remote_addr=10.1.0.0/16,11.0.0.1"), true, NULL);
	review_says(A("remote_addr=any") B("remote_addr=::/0"), true, hidden);
	review_says(A("userid=0") B("userid=0"), true, hidden);
	review_says(A("userid=0") B("userid=1"), true, NULL);
	review_says(A("userid=0") B("remote_port=1"), true, NULL);
	review_says(A("remote_port=1") B("remote_port=1"), true, hidden);
	review_says(A("jobname=x") B("jobname=x"), true, hidden);
	review_says(A("jobname=x") B("jobname=y"), true, NULL);
	review_says(A("inside_interface=x") B("inside_interface=x"), true, hidden);
	review_says(A("inside_interface=x") B("inside_interface=y"), true, NULL);
	review_says(A("inside_interface=x") B("remote_port=1"), true, NULL);
	review_says(A("remote_port=1") B("remote_port=1\ninside_interface=x"), true, hidden);
}

/* A policy that a program made: it is said that nobody looked, and nothing else. */
static void test_many(void **state)
{
	static const unsigned counts[] = {2000, 2001};

	(void)state;
	for (size_t k = 0; k < 2; k++) {
		struct err_list err;
		struct policy *p;
		char *text;
		size_t len;
		FILE *f = open_memstream(&text, &len);

		for (unsigned i = 1; i < counts[k]; i++)
			fprintf(f, "[rule r%u]\ndirection=both\nlocal_port=%u\naction=a\n", i, i);
		fprintf(f, "[rule twin]\ndirection=both\nlocal_port=1\npriority=2\naction=a\n"
			   "[action a]\ntls=on\nrole=server\n");
		fclose(f);
		p = policy_good(text);
		err_init(&err);
		policy_review(p, REVIEW_LOAD, &err);
		assert_int_equal(err.count, 0);
		assert_int_equal(err.warning_count, 1);
		if (k)
			assert_string_equal(err.warnings[0],
				"more than 2000 rules: whether they hide each other has not been "
				"looked at");
		else
			assert_string_equal(after_path(err.warnings[0]),
				"1: [rule r1]: no connection reaches it: [rule twin] takes them "
				"all before");
		err_fini(&err);
		policy_put(p);
		free(text);
	}
}

static void test_direction(void **state)
{
	(void)state;
	review_says("[rule a]\npriority=9\ndirection=inbound\nremote_port=1\naction=tls\n"
		    "[rule b]\ndirection=both\nremote_port=1\naction=pass\n",
		true, NULL);
}

static void test_equal_priority(void **state)
{
#define C(more) "[rule c]\npriority=9\ndirection=both\naction=pass\n" more "\n"
	(void)state;
	review_says(A("remote_port=1-9") C("remote_port=9-10"), true,
		"7: [rule c] priority: is that of [rule a], which takes some of the same "
		"connections: only their names decide");
	review_says(A("remote_port=1-8") C("remote_port=9-10"), true, NULL);
	review_says(A("remote_addr=10.0.0.1-10.0.0.5") C("remote_addr=10.0.0.6"), true, NULL);
	review_says(A("remote_port=1-9") B("remote_port=9-10"), true, NULL);
	review_says(A("inside_interface=x*") C("inside_interface=xy"), true,
		"7: [rule c] priority: is that of [rule a], which takes some of the same "
		"connections: only their names decide");
	review_says(A("inside_interface=x") C("inside_interface=y"), true, NULL);
	review_says(A("inside_interface=x*") C("inside_interface=yx"), true, NULL);
#undef C
}

static void test_time(void **state)
{
#define DAY "[time day]\ntime_of_day=08:00-18:00\n"
	static const char open[] =
		"5: [rule a] time: outside of it no rule takes all of these connections, and they "
		"go on in clear (unmatched = pass); put a rule with tls = reject below";

	(void)state;
	review_says(A("time=day\nremote_port=1-9") DAY, false, open);
	review_says(A("time=day\nremote_port=1-9") DAY, true, NULL);
	review_says(A("time=day\nremote_port=1-9") B("remote_port=1-5") DAY, false, open);
	review_says(A("time=day\nremote_port=1-9") DAY
		"[rule b]\ndirection=both\naction=pass\nremote_port=1-9\n",
		false, NULL);
#undef DAY
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unreachable),
		cmocka_unit_test(test_direction),
		cmocka_unit_test(test_equal_priority),
		cmocka_unit_test(test_time),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
