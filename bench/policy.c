/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * policy.c - how long a policy takes to load and a connection to map, by shape and size
 *
 * Ends with status 1 where 10,000 rules take a second to load or, in a common shape, a connection a
 * microsecond to map.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "rules/policy.h"

enum { QUERIES = 4096, ROUNDS = 200, MOST_RULES = 10000, PROCESS_TEXT = 16 };

#define LOAD_MAX  1.0  /* seconds */
#define MATCH_MAX 1e-6 /* likewise */

/* A shape: what the conditions of rule @i are, and a query that one of @count rules takes. */
struct shape {
	const char *name;
	void (*write)(FILE *out, unsigned i);
	void (*ask)(struct query *q, unsigned i);
	bool worst; /* every rule is looked at */
};

static void write_hosts(FILE *out, unsigned i)
{
	fprintf(out, "remote_addr=10.%u.%u.%u\nremote_port=443\n", i >> 16, i >> 8 & 255, i & 255);
}

static void ask_host(struct query *q, unsigned i)
{
	const uint8_t bytes[] = {10, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i};

	memcpy(q->tuple.remote.addr.bytes, bytes, sizeof(bytes));
	q->tuple.remote.port = 443;
}

static void write_ports(FILE *out, unsigned i)
{
	fprintf(out, "local_port=%u\nremote_addr=10.0.0.0/8\n", 1 + i);
}

static void ask_port(struct query *q, unsigned i)
{
	ask_host(q, i);
	q->tuple.local.port = (uint16_t)(1 + i);
}

static void write_nets(FILE *out, unsigned i)
{
	fprintf(out, "remote_addr=10.%u.%u.0/24\nremote_port=1-1023,%u\n", i >> 8, i & 255,
		1024 + i);
}

static void ask_net(struct query *q, unsigned i)
{
	ask_host(q, i << 8);
}

static void write_users(FILE *out, unsigned i)
{
	write_hosts(out, i / 4);
	fprintf(out, "userid=%u\n", i % 4);
}

static void ask_user(struct query *q, unsigned i)
{
	ask_host(q, i / 4);
	q->owner = (struct owner){.known = OWNER_ALL, .uid = i % 4};
}

static void write_uids(FILE *out, unsigned i)
{
	fprintf(out, "userid=%u\nremote_port=443\n", i);
}

static void ask_uid(struct query *q, unsigned i)
{
	q->tuple.remote.port = 443;
	q->owner = (struct owner){.known = OWNER_ALL, .uid = i};
}

static void write_jobs(FILE *out, unsigned i)
{
	fprintf(out, "jobname=job%u\n", i);
}

static void ask_job(struct query *q, unsigned i)
{
	static char names[MOST_RULES][PROCESS_TEXT];

	snprintf(names[i], PROCESS_TEXT, "job%u", i);
	q->owner = (struct owner){.known = OWNER_ALL, .process = names[i]};
}

/* Patterns of which only a comparison can tell whether they fit. */
static void write_patterns(FILE *out, unsigned i)
{
	fprintf(out, "jobname=*%u\n", i);
}

static void ask_other(struct query *q, unsigned i)
{
	(void)i;
	q->owner = (struct owner){.known = OWNER_ALL, .process = "other"};
}

static void write_no_match(FILE *out, unsigned i)
{
	fprintf(out, "jobname=job%u\non_unknown=no-match\n", i);
}

static void ask_unknown(struct query *q, unsigned i)
{
	(void)i;
	q->owner.known = 0;
}

static const struct shape shapes[] = {
	{"hosts", write_hosts, ask_host, false},
	{"ports", write_ports, ask_port, false},
	{"networks", write_nets, ask_net, false},
	{"users of hosts", write_users, ask_user, false},
	{"users only", write_uids, ask_uid, false},
	{"jobs only", write_jobs, ask_job, false},
	{"patterns (worst)", write_patterns, ask_other, true},
	{"unknown job (worst)", write_no_match, ask_unknown, true},
};

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t); /* others may use the machine too */
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static struct policy *policy_make(const struct shape *s, unsigned count, double *took)
{
	char path[] = "/tmp/attls-bench.XXXXXX";
	FILE *out = fdopen(mkstemp(path), "w");
	struct policy *p;
	struct err_list err;
	double start;

	if (!out)
		return NULL;
	for (unsigned i = 0; i < count; i++) {
		fprintf(out, "[rule r%u]\ndirection=outbound\naction=a\n", i);
		s->write(out, i);
	}
	fputs("[action a]\ntls=on\nrole=client\n", out);
	fclose(out);
	err_init(&err);
	start = seconds();
	p = policy_load(path, &err);
	*took = seconds() - start;
	if (!p)
		fprintf(stderr, "%s\n", err.lines[0]);
	err_fini(&err);
	unlink(path);
	return p;
}

/* Return: whether a target was missed. */
static bool shape_run(const struct shape *s, unsigned count)
{
	static struct query queries[QUERIES];
	unsigned seed = 1, hits = 0, rounds = s->worst ? 1 : ROUNDS;
	double load, start, each;
	struct policy *p = policy_make(s, count, &load);
	const struct rule *rule;
	bool missed;

	if (!p)
		exit(1);
	for (unsigned i = 0; i < QUERIES; i++) {
		queries[i] = (struct query){.direction = DIRECTION_OUTBOUND};
		queries[i].tuple.local.addr.family = queries[i].tuple.remote.addr.family = 4;
		s->ask(&queries[i], (unsigned)rand_r(&seed) % count);
	}
	start = seconds();
	for (unsigned n = 0; n < rounds; n++) {
		for (unsigned i = 0; i < QUERIES; i++)
			hits += policy_match(p, &queries[i], &rule) == OUTCOME_RULE;
	}
	each = (seconds() - start) / rounds / QUERIES;
	missed = load >= LOAD_MAX || (each >= MATCH_MAX && !s->worst);
	printf("%-20s %6u rules  load %6.3f s  match %9.1f ns  taken %3.0f %%%s\n", s->name, count,
		load, each * 1e9, 100.0 * hits / rounds / QUERIES, missed ? "  MISSED" : "");
	policy_put(p);
	return missed;
}

int main(void)
{
	static const unsigned counts[] = {100, 1000, MOST_RULES};
	bool missed = false;

	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		for (size_t j = 0; j < sizeof(counts) / sizeof(counts[0]); j++)
			missed = shape_run(&shapes[i], counts[j]) || missed;
	}
	return missed;
}
