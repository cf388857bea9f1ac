/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pace.h - how the congestion window is used: spread over the round trip, and whether it was full
 *
 * What a window lets go at once fills the queue of a router on the way. So beyond a small burst it
 * leaves in chunks of about a millisecond, a little faster than the window needs per round trip.
 * Where that is more than a super-segment, or the round trip is short, nothing is spread.
 *
 * A window that nobody uses says nothing about the path, so it must not grow (RFC 7661). ACKs
 * tell that badly, since many may come before anything is sent again; so it is noted when data
 * leaves, and holds for the ACKs of all that was under way then (as Linux does it).
 */
#ifndef ATTLS_TCP_PACE_H
#define ATTLS_TCP_PACE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"

struct pace {
	bool limited;  /* the window was full when @end was noted */
	uint64_t most; /* else: most that was under way at a time, in bytes */
	usec_t spent;  /* at the pace, what has left so far takes until then */
	uint64_t end;  /* SND.NXT at that time: valid until that is acknowledged */
};

struct tcb;

/** pace_note() - new data has left */
void pace_note(struct tcb *t);

/** pace_spend() - @n bytes leave, new or again */
void pace_spend(struct tcb *t, uint64_t n, usec_t now);

/** pace_room() - how many bytes may leave at once now; UINT32_MAX where nothing is spread */
uint64_t pace_room(const struct tcb *t);

/** pace_limited() - what is acknowledged now has made use of the window */
bool pace_limited(const struct tcb *t);

#endif
