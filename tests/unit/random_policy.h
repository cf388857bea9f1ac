/* SPDX-License-Identifier: GPL-3.0-or-later */
/* random_policy.h - rules that overlap in every way, and connections for them; the same each run */
#ifndef ATTLS_TESTS_RANDOM_POLICY_H
#define ATTLS_TESTS_RANDOM_POLICY_H

#include "unit/rules_helper.h"

static unsigned seed = 20260101;

static inline unsigned below(unsigned n)
{
	return (unsigned)rand_r(&seed) % n;
}

/* A condition over few values, so that rules overlap in every way. */
static inline void print_condition(FILE *f, const char *key, bool ports)
{
	unsigned items = 1 + below(3);

	fprintf(f, "%s = ", key);
	for (unsigned i = 0; i < items; i++) {
		unsigned from = 1 + below(200), to = from + below(below(4) ? 5 : 100);

		fputs(i ? ", " : "", f);
		if (ports)
			fprintf(f, "%u-%u", from, to);
		else if (below(20) == 0)
			fputs(below(2) ? "any" : "255.255.255.0/24, ffff::/16", f);
		else if (below(3) == 0)
			fprintf(f, "::%x-::%x", from, to);
		else
			fprintf(f, "10.0.%u.%u-10.0.%u.%u", from / 16, from % 16, to / 16, to % 16);
	}
	fputc('\n', f);
}

/* Texts that differ in their first characters, behind the sixteenth, or not at all. */
static inline const char *random_job(void)
{
	static const char *const jobs[] = {"p0", "p1", "p2*", "*2", "p*3", "p12", "unit:u0.service",
		"unit:u1*", "unit:*.x", "cgroup:/a/*", "cgroup:/a/b",
		"exe:/usr/lib/payroll/bin/one", "exe:/usr/lib/payroll/bin/o*",
		"exe:/usr/lib/payro*", "container:web*"};

	return jobs[below(sizeof(jobs) / sizeof(jobs[0]))];
}

static inline void print_owner(FILE *f)
{
	if (below(3) == 0)
		fprintf(f, "userid = %u\n", below(4));
	else if (below(3) == 0)
		fprintf(f, "userid = %u-%u, 900\n", below(4), 4 + below(4));
	if (below(2) == 0)
		fprintf(f, "jobname = %s, %s\n", random_job(), random_job());
	else if (below(2) == 0)
		fprintf(f, "jobname = %s\n", random_job());
}

static inline char *random_rules(unsigned count)
{
	static const char *const directions[] = {"inbound", "outbound", "both"};
	static const char *const actions[] = {"tls", "pass", "reject"};
	static const char *const on_unknown[] = {"match", "no-match", "reject"};
	static const char *const interfaces[] = {"lan0", "wlan0, lan1", "lan*", "*0"};
	unsigned ends = below(4); /* 0: owners alone tell the rules apart */
	char *text;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	for (unsigned i = 0; i < count; i++) {
		fprintf(f, "[rule r%u]\npriority = %u\ndirection = %s\naction = %s\n", i,
			1 + below(50), directions[below(3)], actions[below(3)]);
		print_owner(f);
		if (below(4) == 0)
			fprintf(f, "inside_interface = %s\n", interfaces[below(4)]);
		if (below(4) == 0)
			fprintf(f, "time = t%u\n", below(3));
		if (below(4) == 0)
			fprintf(f, "on_unknown = %s\n", on_unknown[below(3)]);
		if (ends && below(3) == 0)
			print_condition(f, "local_port", true);
		if (ends && below(2) == 0)
			print_condition(f, "remote_port", true);
		if (below(4) == 0) /* families that never meet would be refused */
			fprintf(f, "local_addr = any\n");
		if (ends && below(2) == 0)
			print_condition(f, "remote_addr", false);
		else
			fprintf(f, "remote_addr = any\n");
	}
	fprintf(f, "[time t0]\ntime_of_day=00:00-12:00\n[time t1]\ntime_of_day=18:00-06:00\n"
		   "[time t2]\nweekday=thu-sun\n");
	fprintf(f, "[action tls]\ntls=on\nrole=server\n[action pass]\ntls=off\n"
		   "[action reject]\ntls=reject\n");
	fclose(f);
	return text;
}

static inline struct endpoint random_endpoint(bool six)
{
	struct endpoint e = {.port = (uint16_t)(1 + below(310))};
	char text[64];
	unsigned n = below(310);

	if (below(30) == 0)
		snprintf(text, sizeof(text), "%s", six ? "ffff::1" : "255.255.255.255");
	else if (six)
		snprintf(text, sizeof(text), "::%x", n);
	else
		snprintf(text, sizeof(text), "10.0.%u.%u", n / 16, n % 16);
	assert_true(addr_parse(text, &e.addr));
	return e;
}

static inline struct owner random_owner(void)
{
	static const char *const processes[] = {"p0", "p1", "p12", "p2", "p213", NULL};
	static const char *const units[] = {"u0.service", "u1", "u2.x", "v", "u1.x", NULL};
	static const char *const programs[] = {"/usr/lib/payroll/bin/one",
		"/usr/lib/payroll/bin/only", "/usr/lib/payroll/bin/two", "/usr/lib/pay", "/", NULL};
	static const char *const cgroups[] = {"/a/b", "/a/bc", "/a", "/", "/b", NULL};
	static const char *const containers[] = {"web", "webber", "we", "db", "", NULL};

	return (struct owner){
		.known = below(3) ? OWNER_ALL : below(OWNER_ALL + 1),
		.uid = below(9),
		.process = processes[below(6)],
		.unit = units[below(6)],
		.exe = programs[below(6)],
		.cgroup = cgroups[below(6)],
		.container_name = containers[below(6)],
	};
}

static inline struct query random_query(void)
{
	static const char *const names[] = {"lan0", "lan1", "wlan0", "eth7", NULL};
	bool six = below(3) == 0;

	return (struct query){
		.tuple = {random_endpoint(six), random_endpoint(six)},
		.direction = (enum direction)(1 + below(3)),
		.owner = random_owner(),
		.inside_interface = names[below(5)],
		.when = (enum query_time)below(3),
		.at = below(1000000),
	};
}

#endif
