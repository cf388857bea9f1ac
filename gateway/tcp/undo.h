/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * undo.h - was an episode of loss recovery needless? (RFC 3522, 3708, 4015)
 *
 * Segments that were only late, and a time-out that was only early, look like losses. Two signs
 * tell afterwards: the peer acknowledges the first retransmission with a timestamp from before it
 * was sent (Eifel), or it reports everything that was sent again as duplicate (DSACK). Whoever
 * asks then takes the reduction back.
 */
#ifndef ATTLS_TCP_UNDO_H
#define ATTLS_TCP_UNDO_H

#include "base/ranges.h"

enum { UNDO_RANGES = 32 };

struct undo {
	bool open;           /* an episode has begun, and nothing yet speaks against undoing it */
	bool first;          /* its first retransmission has left and is not acknowledged */
	uint64_t first_from; /* where that began */
	uint32_t first_ts;   /* its TSval */
	struct ranges again; /* what the episode has sent again, each byte once */
	struct ranges needless; /* what was reported as duplicate since */
};

/** undo_begin() - an episode begins; the one before can no longer be undone */
void undo_begin(struct undo *u);

/** undo_end() - nothing is to be undone any more; releases everything, a zero struct is fine */
void undo_end(struct undo *u);

/**
 * undo_resent() - positions [@from, @to) are sent again with @ts_val
 * What is sent again twice, or in too many pieces, leaves only the first sign.
 */
void undo_resent(struct undo *u, uint64_t from, uint64_t to, uint32_t ts_val);

/** undo_dsack() - the peer reports [@dup.from, @dup.to) as duplicate. Return: all was needless */
bool undo_dsack(struct undo *u, struct range dup);

/**
 * undo_ack() - everything before @una is acknowledged by a segment with this TSecr
 * Return: the first retransmission was needless. Says so at most once an episode.
 */
bool undo_ack(struct undo *u, uint64_t una, bool has_ts, uint32_t ts_ecr);

#endif
