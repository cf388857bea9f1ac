/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * watch.h - all that is checked of one tcb: what enters, what leaves, what is inside
 *
 * Invariants are those of gateway/tcp/tcb.c, seen from outside where that is possible: a watch
 * remembers what has arrived and what was promised.
 */
#ifndef ATTLS_SIM_WATCH_H
#define ATTLS_SIM_WATCH_H

#include "gateway/tcp/tcb.h"

struct watch {
	const char *name;
	struct tcb *tcb;
	struct tcb_params params; /* as it was made */
	struct budget budget;
	struct budget *shared;    /* what params.budget points to; the tcb's own or several tcbs' */
	const struct tcb *peer;   /* at the other end of the link */
	unsigned stream;          /* number of the text that is sent */
	uint64_t total;           /* its length */
	bool liar;                /* the peer says what is not true */
	struct endpoint src, dst; /* of what leaves */

	uint64_t seen_edge; /* largest right edge that has arrived here */
	uint64_t our_edge;  /* largest right edge sent */
	uint64_t our_ack;
	uint64_t una, rcv_edge;
	uint32_t our_ts;
	struct ranges arrived; /* positions that have arrived here */
};

/** watch_init() - @w->tcb was made from @w->params just now */
void watch_init(struct watch *w);
void watch_fini(struct watch *w);

/** watch_arrival() - remember what @seg says; it is given to the tcb right after */
void watch_arrival(struct watch *w, const struct segment *seg);

/** watch_input() - give @seg to the tcb */
void watch_input(struct watch *w, const struct segment *seg, usec_t now);

/** watch_output() - check a segment that leaves; its payload becomes one span of the text */
void watch_output(struct watch *w, struct segment *seg);

/** watch_state() - check the inside; tcb_output() has just returned false for @now */
void watch_state(struct watch *w, usec_t now);

/** watch_show() - print a segment, if the run is a verbose one */
void watch_show(const struct watch *w, const struct segment *seg, const char *verb);

#endif
