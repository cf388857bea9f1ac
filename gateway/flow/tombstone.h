/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tombstone.h - what is left of a flow that has ended, to answer whatever arrives late
 *
 * An endpoint that missed our last ACK sends its FIN again (TIME-WAIT, RFC 9293 3.6.1); one that
 * missed our RST goes on sending, and is told again. Nothing that arrives late passes, whatever
 * the policy says by now: it may be cleartext of a connection that was protected. A record is an
 * eighth of a flow, and no flow in the sense of the limit on flows; when there are too many the
 * oldest goes.
 */
#ifndef ATTLS_FLOW_TOMBSTONE_H
#define ATTLS_FLOW_TOMBSTONE_H

#include "gateway/flow/flow.h"
#include "gateway/flow/index.h"

#define TOMBSTONE_LIFE (60 * USEC_SEC) /* 2 MSL as Linux has it */

/* Our end towards one side. */
struct tombstone_leg {
	uint32_t snd_nxt;
	uint32_t rcv_nxt;
	uint32_t ts_val;
	uint32_t ts_recent;
	uint8_t ttl;
	bool ts_ok;
	bool time_wait; /* else CLOSED: whatever arrives is reset */
};

struct tombstone {
	struct list by_key[SIDES];
	struct list by_age;
	struct tuple key[SIDES];
	struct tombstone_leg leg[SIDES];
	struct snapshot *snapshot; /* referenced: what it was mapped by is kept queued */
	usec_t expires;
	usec_t quiet_until; /* no ACK before for what carries nothing (RFC 5961 7) */
};

struct tombstones {
	struct index by_key[SIDES];
	struct list by_age; /* the first to expire is first */
	size_t count;
	size_t limit;
};

/** tombstones_init() - @limit records at most; false without memory */
bool tombstones_init(struct tombstones *t, size_t limit);

void tombstones_fini(struct tombstones *t);

/** tombstone_set() - @f has ended; without memory it ends without a trace */
void tombstone_set(struct tombstones *t, const struct flow *f, usec_t now);

/** tombstone_find() - of the connection that shows @key on @side; NULL if there is none */
struct tombstone *tombstone_find(
	const struct tombstones *t, enum side side, const struct tuple *key);

/** tombstone_remove() - the tuple is used again */
void tombstone_remove(struct tombstones *t, struct tombstone *stone);

/**
 * tombstone_answer() - @seg has arrived from @side; it goes no further
 * @answer: filled in but for what inject does not need
 * Return: true if there is an answer, to be sent towards @side.
 */
bool tombstone_answer(struct tombstones *t, struct tombstone *stone, enum side side,
	const struct segment *seg, usec_t now, struct segment *answer);

/** tombstones_next() - when tombstones_expire() has something to do; USEC_NEVER: nothing */
usec_t tombstones_next(const struct tombstones *t);

/** tombstones_expire() - forget what is old */
void tombstones_expire(struct tombstones *t, usec_t now);

#endif
