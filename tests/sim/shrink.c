/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * shrink.c - make a failing scenario simpler
 *
 * Each number is moved towards its plainest value: all the way, else half of it, a quarter, ...
 * until nothing changes any more. Packets keep their fate meanwhile (rng.h), and which of them
 * chance may touch are numbers too, so this also finds the few events that matter.
 */
#include "shrink.h"

#include <time.h>

#include "crew.h"

/* A run that does not end takes long each time: what is not simple by then is good enough. */
enum { ROUNDS = 6, SECONDS_MAX = 60 };

static time_t enough;

/* Return: true if the number became plainer. */
static bool plainer(struct scenario *s, const struct number *n)
{
	int64_t was = *n->at;

	for (int64_t way = n->plain - was; way != 0; way /= 2) {
		if (time(NULL) > enough)
			return false;
		*n->at = was + way;
		if (crew_try(s))
			return true;
		*n->at = was;
	}
	return false;
}

void shrink(struct scenario *s)
{
	bool changed = true;
	struct number n;

	enough = time(NULL) + SECONDS_MAX;
	for (int round = 0; changed && round < ROUNDS; round++) {
		changed = false;
		for (unsigned i = 0; scenario_number(s, i, &n); i++)
			while (plainer(s, &n))
				changed = true;
	}
}
