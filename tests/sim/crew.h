/* SPDX-License-Identifier: GPL-3.0-or-later */
/* crew.h - many runs in processes of their own, so that one that dies can be looked at */
#ifndef ATTLS_SIM_CREW_H
#define ATTLS_SIM_CREW_H

#include <stdbool.h>
#include <stdint.h>

#include "scenario.h"

enum { JOBS_MAX = 64 };

struct task {
	uint64_t seeds;
	uint64_t base;
	unsigned jobs; /* at a time */
	bool hostile;
};

/** crew_run() - all seeds of @t; the first that fails is made simple. Return: exit status */
int crew_run(const struct task *t);

/** crew_try() - run @s in a process of its own. Return: true if it fails as the last one did */
bool crew_try(const struct scenario *s);

#endif
