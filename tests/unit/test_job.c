/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_job.c - the jobname condition: patterns, kinds of job, what is unknown of an owner */
#include "unit/rules_helper.h"

#include "rules/job.h"

#define ACTIONS                                                                                    \
	"[action tls]\ntls=on\nrole=server\nring=r\n[action pass]\ntls=off\n"                      \
	"[rule x]\ndirection=both\nremote_port=1\naction=pass\n"                                   \
	"[rule y]\ndirection=both\nremote_port=1\nlocal_port=2\naction=tls\n"

static void test_pattern(void **state)
{
	static const struct {
		const char *pattern, *text;
		bool fits;
	} rows[] = {
		{"psql", "psql", true},
		{"psql", "psqlx", false},
		{"psql", "psq", false},
		{"psql*", "psql", true},
		{"psql*", "psql-16", true},
		{"*", "", true},
		{"*sql", "psql", true},
		{"*sql", "psql2", false},
		{"a*b*c", "abbc", true},
		{"a*b*c", "ac", false},
		{"a*a", "a", false},
		{"*ab*ab", "abaab", true},
		{"?", "x", false},
		{"[a]", "a", false},
		{"", "", true},
		{"", "a", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(pattern_fits(rows[i].pattern, rows[i].text), rows[i].fits);
}

/* Each kind of job: who fits, who does not, and who is none at all. */
static void test_kinds(void **state)
{
	static const char id[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
	const struct owner o = {
		.known = OWNER_ALL,
		.process = "psql",
		.exe = "/usr/bin/psql",
		.unit = "payroll.service",
		.cgroup = "/system.slice/payroll.service/main",
		.container = id,
		.container_name = "shop_db_1",
	};
	const struct owner nobody = {.known = OWNER_ALL};
	static const struct {
		const char *job;
		bool fits;
	} rows[] = {
		{"psql", true},
		{"p*l", true},
		{"perl", false},
		{"exe:/usr/bin/psql", true},
		{"exe:*/psql", true},
		{"exe:/bin/psql", false},
		{"unit:payroll.service", true},
		{"unit:payroll", true},
		{"unit:pay*", true},
		{"unit:payroll.socket", false},
		{"cgroup:/system.slice/payroll*", true},
		{"cgroup:/system.slice", false},
		{"container:shop_db_1", true},
		{"container:shop_*", true},
		{"container:shop", false},
		{"container:0123456789ab", true},
		{"container:0123456789abcdef*", true},
		{"container:123456789abc", false},
		{"perl, exe:/nowhere, unit:payroll", true},
		{"perl, exe:/nowhere, unit:other", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct query q = query_of("10.0.0.1:1", "10.0.0.2:2", DIRECTION_OUTBOUND);
		char text[512];
		const struct rule *rule;
		struct policy *p;

		snprintf(text, sizeof(text),
			ACTIONS "[rule a]\ndirection=both\njobname=%s\naction=tls\n", rows[i].job);
		p = policy_good(text);
		q.owner = o;
		assert_int_equal(policy_match(p, &q, &rule),
			rows[i].fits ? OUTCOME_RULE : OUTCOME_UNMATCHED);
		q.owner = nobody;
		assert_int_equal(policy_match(p, &q, &rule), OUTCOME_UNMATCHED);
		policy_put(p);
	}
}

static void test_refused(void **state)
{
	static const struct {
		const char *job, *sentence;
	} rows[] = {
		{"unit:", "8: [rule a] jobname: \"unit:\" names nothing"},
		{"exe:psql", "8: [rule a] jobname: \"exe:psql\" is no path: it begins with /"},
		{"cgroup:a", "8: [rule a] jobname: \"cgroup:a\" is no path: it begins with /"},
		{"pod:x", "8: [rule a] jobname: \"pod:x\" begins with none of exe:, unit:, "
			  "cgroup:, container:"},
		{"sixteen-letters-", "8: [rule a] jobname: \"sixteen-letters-\" never fits: the "
				     "kernel cuts names of processes at 15 characters; end it with "
				     "* there, or write exe:/PATH"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[512];

		snprintf(text, sizeof(text),
			"[action tls]\ntls=on\nrole=server\nring=r\n\n[rule a]\ndirection=both\n"
			"jobname=%s\naction=tls\n",
			rows[i].job);
		policy_refused(text, rows[i].sentence);
	}
}

/* What is asked for is what could still decide, and no more. */
static void test_wants(void **state)
{
	struct policy *p = policy_good(ACTIONS
		"[rule a]\npriority=9\ndirection=both\njobname=psql,unit:x\naction=tls\n"
		"[rule b]\npriority=8\ndirection=both\nuserid=0\nremote_port=2\naction=pass\n"
		"[rule c]\npriority=7\ndirection=both\nremote_port=2\naction=pass\n"
		"[rule d]\npriority=6\ndirection=both\njobname=exe:/x\naction=tls\n");
	struct query q = query_of("10.0.0.1:1", "10.0.0.2:2", DIRECTION_OUTBOUND);

	(void)state;
	assert_int_equal(
		policy_wants_owner(p, &q), OWNER_PROCESS | OWNER_UNIT | OWNER_UID); /* not exe */
	q.owner = (struct owner){.known = OWNER_OF_SOCKET, .unit = "x.service"};
	assert_int_equal(policy_wants_owner(p, &q), 0);
	q.owner.unit = NULL;
	assert_int_equal(policy_wants_owner(p, &q), OWNER_PROCESS);
	q.owner.known |= OWNER_PROCESS;
	q.owner.process = "perl";
	assert_int_equal(policy_wants_owner(p, &q), 0);
	policy_put(p);
}

static void unknown_gives(const char *on_unknown, const char *action, enum outcome expected)
{
	struct query q = query_of("10.0.0.1:1", "10.0.0.2:2", DIRECTION_OUTBOUND);
	char text[512];
	const struct rule *rule;
	struct policy *p;

	snprintf(text, sizeof(text),
		ACTIONS "[rule a]\ndirection=both\njobname=psql\n%saction=%s\n", on_unknown,
		action);
	p = policy_good(text);
	assert_int_equal(policy_match(p, &q, &rule), expected);
	q.owner = (struct owner){.known = OWNER_PROCESS, .process = "perl"};
	assert_int_equal(policy_match(p, &q, &rule), OUTCOME_UNMATCHED);
	q.owner.process = "psql";
	assert_int_equal(policy_match(p, &q, &rule), OUTCOME_RULE);
	policy_put(p);
}

static void test_on_unknown(void **state)
{
	(void)state;
	unknown_gives("", "tls", OUTCOME_UNKNOWN_REJECT);
	unknown_gives("", "pass", OUTCOME_UNMATCHED);
	unknown_gives("on_unknown=no-match\n", "tls", OUTCOME_UNMATCHED);
	unknown_gives("on_unknown=match\n", "tls", OUTCOME_RULE);
	unknown_gives("on_unknown=match\n", "pass", OUTCOME_RULE);
	unknown_gives("on_unknown=reject\n", "pass", OUTCOME_UNKNOWN_REJECT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pattern),
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_wants),
		cmocka_unit_test(test_on_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
