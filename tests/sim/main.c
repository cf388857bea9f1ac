/* SPDX-License-Identifier: GPL-3.0-or-later */
/* main.c - sim: many connections, each from its seed; one that fails is made simple and shown */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "crew.h"
#include "report.h"
#include "text.h"
#include "world.h"

static int usage(void)
{
	fprintf(stderr,
		"usage: sim [--seeds N] [--base M] [--jobs N] [--hostile]\n"
		"       sim --replay SEED [--hostile|--plain] [--verbose] [NAME=VALUE...]\n");
	return 2;
}

/* One run in this very process, for a look at it. */
static int replay(const struct task *t, bool plain, char **changes)
{
	struct scenario s;

	if (plain)
		scenario_plain(&s, t->base);
	else
		scenario_of(&s, t->base, t->hostile);
	for (; *changes; changes++) {
		if (scenario_set(&s, *changes))
			continue;
		fprintf(stderr, "sim: %s: no such number, or no value\n", *changes);
		return 2;
	}
	world_run(&s);
	printf("sim: seed %llu passed, %llu events\n", (unsigned long long)t->base,
		(unsigned long long)sim_events);
	return 0;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {{"seeds", required_argument, NULL, 's'},
		{"base", required_argument, NULL, 'b'}, {"jobs", required_argument, NULL, 'j'},
		{"hostile", no_argument, NULL, 'h'}, {"replay", required_argument, NULL, 'r'},
		{"plain", no_argument, NULL, 'p'}, {"verbose", no_argument, NULL, 'v'}, {0}};
	struct task task = {.seeds = 1000, .base = 1, .jobs = 1};
	bool again = false, plain = false;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 's': task.seeds = strtoull(optarg, NULL, 0); break;
		case 'r': again = true; __attribute__((fallthrough));
		case 'b': task.base = strtoull(optarg, NULL, 0); break;
		case 'j': task.jobs = (unsigned)strtoul(optarg, NULL, 0); break;
		case 'h': task.hostile = true; break;
		case 'p': plain = true; break;
		case 'v': sim_verbose = true; break;
		default: return usage();
		}
	}
	if ((optind != argc && !again) || task.jobs == 0 || task.jobs > JOBS_MAX)
		return usage();
	log_open("sim", LOG_TARGET_STDERR, sim_verbose ? LOG_LEVEL_DEBUG : LOG_LEVEL_ERROR);
	text_init();
	return again ? replay(&task, plain, argv + optind) : crew_run(&task);
}
