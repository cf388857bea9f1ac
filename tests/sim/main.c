/* SPDX-License-Identifier: GPL-3.0-or-later */
/* main.c - sim [--seeds N] [--base M] [--verbose]: many connections, each from its seed */
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "end.h"
#include "world.h"

uint64_t sim_seed;
bool sim_verbose;
usec_t sim_now;

void sim_fail(const char *fmt, ...)
{
	va_list ap;

	fflush(stdout);
	fprintf(stderr, "sim: seed %llu at %lld us: ", (unsigned long long)sim_seed,
		(long long)sim_now);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "\nreplay: sim --seeds 1 --base %llu --verbose\n",
		(unsigned long long)sim_seed);
	exit(1);
}

static int usage(void)
{
	fprintf(stderr, "usage: sim [--seeds N] [--base M] [--verbose]\n");
	return 2;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {{"seeds", required_argument, NULL, 's'},
		{"base", required_argument, NULL, 'b'}, {"verbose", no_argument, NULL, 'v'}, {0}};
	uint64_t seeds = 1000, base = 1;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 's': seeds = strtoull(optarg, NULL, 0); break;
		case 'b': base = strtoull(optarg, NULL, 0); break;
		case 'v': sim_verbose = true; break;
		default: return usage();
		}
	}
	if (optind != argc)
		return usage();
	for (uint64_t i = 0; i < seeds; i++) {
		sim_seed = base + i;
		world_run(sim_seed);
	}
	printf("sim: %llu seeds passed\n", (unsigned long long)seeds);
	return 0;
}
