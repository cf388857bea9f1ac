/* SPDX-License-Identifier: GPL-3.0-or-later */
/* deadline.h - the earliest deadline over all flows: a binary heap, one slot a flow */
#ifndef ATTLS_FLOW_DEADLINE_H
#define ATTLS_FLOW_DEADLINE_H

#include "gateway/flow/flow.h"

struct deadlines {
	struct flow **heap; /* heap[0] is the earliest; flow->heap_slot is index + 1, 0: absent */
	size_t count;
	size_t size;
};

void deadlines_fini(struct deadlines *d);

/** deadlines_set() - @f wants attention at @when; USEC_NEVER takes it out. False without memory. */
bool deadlines_set(struct deadlines *d, struct flow *f, usec_t when);

/** deadlines_next() - the earliest of all, USEC_NEVER without any */
usec_t deadlines_next(const struct deadlines *d);

/** deadlines_due() - a flow whose deadline has come, NULL without one; it stays in */
struct flow *deadlines_due(const struct deadlines *d, usec_t now);

#endif
