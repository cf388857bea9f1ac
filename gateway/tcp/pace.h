/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pace.h - how the congestion window is used: whether it was what kept us from sending
 *
 * A window that nobody uses says nothing about the path, so it must not grow (RFC 7661). ACKs
 * tell that badly, since many may come before anything is sent again; so it is noted when data
 * leaves, and holds for the ACKs of all that was under way then (as Linux does it).
 */
#ifndef ATTLS_TCP_PACE_H
#define ATTLS_TCP_PACE_H

#include <stdbool.h>
#include <stdint.h>

struct pace {
	bool limited;  /* the window was full when @end was noted */
	uint64_t most; /* else: most that was under way at a time, in bytes */
	uint64_t end;  /* SND.NXT at that time: valid until that is acknowledged */
};

struct tcb;

/** pace_note() - new data has left */
void pace_note(struct tcb *t);

/** pace_limited() - what is acknowledged now has made use of the window */
bool pace_limited(const struct tcb *t);

#endif
