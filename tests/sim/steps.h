/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * steps.h - how much work the engine does for a segment
 *
 * In the build that is made for it the compiler calls at every basic block of the engine, which
 * counts exactly and always the same. In the others the count stays at nothing.
 */
#ifndef ATTLS_SIM_STEPS_H
#define ATTLS_SIM_STEPS_H

#include <stdbool.h>
#include <stdint.h>

/*
 * A segment names four blocks at most; for each the records are searched and walked once, then
 * once each for what RACK finds lost, for joining, and for the timers. Records and intervals have
 * their bounds, so the work has: a dozen blocks for each of SENDQ_RECORDS_MAX records and pass.
 */
enum { STEPS_MAX = 250000 };

extern uint64_t steps;
extern uint64_t steps_most; /* for one segment, so far */

/** steps_check() - a segment was taken or made since @before; false if that took too many */
static inline bool steps_check(uint64_t before)
{
	if (steps - before > steps_most)
		steps_most = steps - before;
	return steps - before <= STEPS_MAX;
}

#endif
