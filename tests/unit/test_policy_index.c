/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_policy_index.c - a search with the index finds what a look at every rule finds */
#include "unit/random_policy.h"

#include <fnmatch.h>
#include <malloc.h>
#include <time.h>

#include "base/ini.h"
#include "rules/policy_index.h"

static bool in_addrs(const struct addr_range *items, size_t count, const struct addr *a)
{
	for (size_t i = 0; i < count; i++) {
		if (addr_compare(&items[i].from, a) <= 0 && addr_compare(a, &items[i].to) <= 0)
			return true;
	}
	return count == 0;
}

static bool in_ports(const struct port_range *items, size_t count, uint16_t port)
{
	for (size_t i = 0; i < count; i++) {
		if (items[i].from <= port && port <= items[i].to)
			return true;
	}
	return count == 0;
}

/* One alternative. 1: fits; 0: cannot be told; -1: does not. */
static int naive_alternative(const char *job, const struct owner *o)
{
	const struct {
		const char *prefix;
		unsigned fact;
		const char *text;
	} rows[] = {
		{"exe:", OWNER_EXE, o->exe},
		{"unit:", OWNER_UNIT, o->unit},
		{"cgroup:", OWNER_CGROUP, o->cgroup},
		{"container:", OWNER_CONTAINER_NAME, o->container_name},
		{"", OWNER_PROCESS, o->process},
	};
	size_t i = 0, len;

	while (strncmp(job, rows[i].prefix, len = strlen(rows[i].prefix)) != 0)
		i++;
	if (!(o->known & rows[i].fact))
		return 0;
	return rows[i].text && fnmatch(job + len, rows[i].text, FNM_NOESCAPE) == 0 ? 1 : -1;
}

static int naive_job(const char *written, const struct owner *o)
{
	char *copy = written ? strdup(written) : NULL, *rest = copy, *job;
	int best = written ? -1 : 1;

	while ((job = strsep(&rest, ","))) {
		int v = naive_alternative(job + strspn(job, " "), o);

		best = v > best ? v : best;
	}
	free(copy);
	return best;
}

static bool naive_user(const char *written, uid_t uid)
{
	char *end;
	unsigned long from = strtoul(written, &end, 10);
	unsigned long to = *end == '-' ? strtoul(end + 1, NULL, 10) : from;

	return (from <= uid && uid <= to) || (strstr(written, "900") && uid == 900);
}

static int naive_time(const struct rule *r, const struct query *q)
{
	static const char *const names[] = {"t0", "t1", "t2"};
	int64_t hour = q->at / 3600 % 24, day = q->at / 86400; /* 0: a Thursday */
	bool holds[] = {hour < 12, hour >= 18 || hour < 6, day % 7 <= 3};
	const char *written = ini_get(r->written, "time");

	if (!written)
		return 1;
	if (q->when == QUERY_EVER)
		return 0;
	if (q->when == QUERY_NOW)
		return r->active ? 1 : -1;
	for (size_t i = 0; i < 3; i++) {
		if (strcmp(names[i], written) == 0)
			return holds[i] ? 1 : -1;
	}
	return -1;
}

/* Each pattern of random_rules() by hand. */
static int naive_interface(const char *written, const char *name)
{
	if (!written)
		return 1;
	if (!name)
		return 0;
	if (strcmp(written, "lan*") == 0)
		return strncmp(name, "lan", 3) == 0 ? 1 : -1;
	if (strcmp(written, "*0") == 0)
		return name[strlen(name) - 1] == '0' ? 1 : -1;
	if (strcmp(written, "lan0") == 0)
		return strcmp(name, "lan0") == 0 ? 1 : -1;
	return strcmp(name, "wlan0") == 0 || strcmp(name, "lan1") == 0 ? 1 : -1;
}

static int least(int a, int b)
{
	return a < b ? a : b;
}

static int naive_check(const struct rule *r, const struct query *q)
{
	const char *userid = ini_get(r->written, "userid");
	int v = 1;

	if (!(r->direction & q->direction) ||
		!in_addrs(r->local_addrs, r->local_addr_count, &q->tuple.local.addr) ||
		!in_addrs(r->remote_addrs, r->remote_addr_count, &q->tuple.remote.addr) ||
		!in_ports(r->local_ports, r->local_port_count, q->tuple.local.port) ||
		!in_ports(r->remote_ports, r->remote_port_count, q->tuple.remote.port))
		return -1;
	if (q->direction == DIRECTION_BOTH && r->direction != DIRECTION_BOTH)
		v = 0;
	if (userid && !(q->owner.known & OWNER_UID))
		v = 0;
	else if (userid && !naive_user(userid, q->owner.uid))
		return -1;
	v = least(v, naive_interface(ini_get(r->written, "inside_interface"), q->inside_interface));
	return least(
		v, least(naive_job(ini_get(r->written, "jobname"), &q->owner), naive_time(r, q)));
}

/* The same again as plainly as it can be said, from the rule as it was written. */
static enum outcome naive_match(
	const struct policy *p, const struct query *q, const struct rule **rule)
{
	for (size_t i = 0; i < p->rule_count; i++) {
		int v = naive_check(p->rules[i], q);

		*rule = p->rules[i];
		if (v > 0)
			return OUTCOME_RULE;
		if (v == 0 && (*rule)->on_unknown == ON_UNKNOWN_MATCH)
			return OUTCOME_RULE;
		if (v == 0 && (*rule)->on_unknown == ON_UNKNOWN_REJECT)
			return OUTCOME_UNKNOWN_REJECT;
	}
	*rule = NULL;
	return OUTCOME_UNMATCHED;
}

static void same_answers(struct policy *p, const struct query *q, struct explanation *passed)
{
	struct policy_index *index = p->index;
	const struct rule *with, *without;
	enum outcome outcome = policy_match(p, q, &with);
	unsigned owner = policy_wants_owner(p, q);
	bool protect = policy_may_protect(p, q);
	size_t count;

	assert_int_equal(naive_match(p, q, &without), outcome);
	assert_ptr_equal(with, without);
	assert_int_equal(policy_explain(p, q, &without, passed, &count), outcome);
	assert_ptr_equal(with, without);
	p->index = NULL;
	assert_int_equal(policy_match(p, q, &without), outcome);
	assert_ptr_equal(with, without);
	assert_int_equal(policy_wants_owner(p, q), owner);
	assert_int_equal(policy_may_protect(p, q), protect);
	p->index = index;
}

static void test_random(void **state)
{
	unsigned taken = 0;

	(void)state;
	for (unsigned round = 0; round < 60; round++) {
		struct explanation passed[512];
		char *text = random_rules(1 + below(round % 4 ? 120 : 512));
		struct err_list err;
		struct policy *p = policy_try(text, &err);

		assert_non_null(p);
		for (unsigned i = 0; i < 500; i++) {
			struct query q = random_query();
			const struct rule *rule;

			same_answers(p, &q, passed);
			taken += policy_match(p, &q, &rule) == OUTCOME_RULE;
		}
		policy_put(p);
		err_fini(&err);
		free(text);
	}
	assert_in_range(taken, 3000, 27000); /* both answers were tried */
}

/* What tells the 10,000 rules of test_few() apart. */
enum kind { REMOTE_ADDR, LOCAL_ADDR, LOCAL_PORT, REMOTE_PORT, USER, PROCESS, UNIT };

static void print_kind(FILE *f, enum kind kind, unsigned i)
{
	switch (kind) {
	case REMOTE_ADDR:
		fprintf(f, "remote_addr=10.1.%u.%u\nremote_port=443\n", i / 250, i % 250);
		break;
	case LOCAL_ADDR: fprintf(f, "local_addr=10.1.%u.%u\n", i / 250, i % 250); break;
	case LOCAL_PORT: fprintf(f, "local_port=%u\nremote_addr=10.0.0.0/8\n", i + 1); break;
	case REMOTE_PORT: fprintf(f, "remote_port=%u\nlocal_addr=10.0.0.0/8,::/0\n", i + 1); break;
	case USER: fprintf(f, "userid=%u\nremote_port=443\n", i); break;
	case PROCESS: fprintf(f, "jobname=job-%u\n", i); break;
	case UNIT: fprintf(f, "jobname=unit:%u*, other%u\nremote_port=443\n", i + 10000, i); break;
	}
}

#if defined(__SANITIZE_ADDRESS__)
enum { LOAD_SECONDS = 20 };
#else
enum { LOAD_SECONDS = 1 };
#endif

/* Many rules, which must not take long on the processor. */
static struct policy *policy_soon(const char *text)
{
	clock_t began = clock();
	struct policy *p = policy_good(text);

	assert_true(clock() - began < LOAD_SECONDS * CLOCKS_PER_SEC);
	return p;
}

/* At most a handful of rules are looked at. */
static void few_are_walked(enum kind kind)
{
	enum { RULES = 10000 };
	char *text;
	size_t len;
	FILE *f = open_memstream(&text, &len);
	struct policy *p;

	for (unsigned i = 0; i < RULES; i++) {
		fprintf(f, "[rule r%u]\ndirection=both\naction=a\n", i);
		print_kind(f, kind, i);
	}
	fprintf(f, "[rule last]\ndirection=both\nremote_addr=any\nlocal_addr=any\naction=a\n"
		   "[action a]\ntls=off\n");
	fclose(f);
	p = policy_soon(text);
	for (unsigned i = 0; i < RULES; i += 97) {
		struct query q = {.direction = DIRECTION_INBOUND};
		struct policy_walk walk;
		char addr[64], process[64], unit[64];
		uint32_t place, count = 0;

		snprintf(addr, sizeof(addr), "10.1.%u.%u", i / 250, i % 250);
		assert_true(addr_parse(addr, &q.tuple.remote.addr));
		q.tuple.local.addr = q.tuple.remote.addr;
		q.tuple.local.port = q.tuple.remote.port = (uint16_t)(i + 1);
		if (kind >= USER)
			q.tuple.remote.port = 443;
		snprintf(process, sizeof(process), "job-%u", i);
		snprintf(unit, sizeof(unit), "%u.service", i + 10000);
		q.owner = (struct owner){
			.known = OWNER_ALL, .uid = i, .process = process, .unit = unit};
		policy_walk_init(&walk, p->index, &q);
		while (policy_walk_next(&walk, &place))
			count++;
		assert_in_range(count, 2, 3);
	}
	policy_put(p);
	free(text);
}

static void test_few(void **state)
{
	(void)state;
	few_are_walked(REMOTE_ADDR);
	few_are_walked(LOCAL_ADDR);
	few_are_walked(LOCAL_PORT);
	few_are_walked(REMOTE_PORT);
	few_are_walked(USER);
	few_are_walked(PROCESS);
	few_are_walked(UNIT);
}

static void test_empty(void **state)
{
	struct policy_index *x = policy_index_new(NULL, 0);
	struct query q = query_of("10.0.0.1:1", "10.0.0.1:1", DIRECTION_INBOUND);
	struct policy_walk walk;
	uint32_t place;

	(void)state;
	policy_walk_init(&walk, x, &q);
	assert_false(policy_walk_next(&walk, &place));
	policy_index_free(x);
	policy_index_free(NULL);
}

/* Loading, and being refused, again and again leaves nothing behind. */
static void test_reloads(void **state)
{
	char *text = random_rules(60), *bad = random_rules(20);
	size_t used = 0;

	(void)state;
	bad[2] = 'i'; /* [rile */
	for (unsigned i = 0; i < 1000; i++) {
		struct err_list err;
		struct policy *p = policy_try(i % 4 ? text : bad, &err);

		assert_true(!p == (i % 4 == 0));
		policy_put(p);
		err_fini(&err);
		if (i == 100)
			used = mallinfo2().uordblks;
	}
	assert_true(mallinfo2().uordblks <= used + 4096);
	free(text);
	free(bad);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_reloads),
		cmocka_unit_test(test_few),
		cmocka_unit_test(test_empty),
	};

	setenv("TZ", "UTC", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
