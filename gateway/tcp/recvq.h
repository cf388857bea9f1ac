/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * recvq.h - what the peer sent: bytes in order to be consumed, bytes out of order, SACK blocks
 *
 * One ring holds both: its tail is at the next byte expected, and bytes out of order are written
 * beyond the tail, where a set of intervals remembers them. What is stored is never given up
 * before it was read (no reneging, RFC 2018 8), and never overwritten: the first copy wins.
 *
 * What arrives in order while nothing is here need not be stored to be read: recvq_take() lends it
 * until recvq_keep(). Its storage is reserved all the same, so that keeping it cannot fail.
 */
#ifndef ATTLS_TCP_RECVQ_H
#define ATTLS_TCP_RECVQ_H

#include "base/ranges.h"
#include "base/ring.h"
#include "gateway/packet/segment.h"

/* Intervals out of order that are remembered at most; more are dropped like a loss. */
enum { RECVQ_RANGES = 128 };

#define RECVQ_NO_FIN UINT64_MAX

struct recvq {
	struct ring ring;  /* in order and unread; its tail is at @nxt, or where @lent begins */
	struct span lent;  /* in order and unread, in others' memory; then nothing is stored */
	struct ranges ooo; /* positions stored beyond @nxt */
	uint64_t nxt;      /* the next byte expected */
	uint64_t fin;      /* position of the peer's FIN, RECVQ_NO_FIN until it is known */
	uint64_t recent[SEGMENT_SACKS]; /* positions within ooo, newest arrival first */
	unsigned recent_count;
	struct range dsack; /* duplicate to report once (RFC 2883); empty: none */
};

/* What an arrival did. All but RECVQ_ADVANCED call for an immediate ACK (RFC 5681 4.2). */
enum recvq_result {
	RECVQ_ADVANCED, /* more in order, nothing is out of order */
	RECVQ_FILLED,   /* more in order while something was out of order */
	RECVQ_STORED,   /* kept out of order */
	RECVQ_OLD,      /* all of it was here already; a DSACK is noted */
	RECVQ_REFUSED   /* no memory, too many intervals: as if it was lost */
};

/** recvq_init() - nothing received; @nxt: the first position, @limit, @budget: as ring_init() */
void recvq_init(struct recvq *q, uint64_t nxt, size_t limit, struct budget *budget);

/** recvq_fini() - release everything */
void recvq_fini(struct recvq *q);

/**
 * recvq_insert() - take bytes at position @pos; the caller has cut them to the window offered
 * May take a leading part only, when storage is short.
 */
enum recvq_result recvq_insert(struct recvq *q, uint64_t pos, struct span bytes);

/**
 * recvq_take() - as recvq_insert(), but @bytes may be borrowed until recvq_keep(), which is to
 * follow before they go
 */
enum recvq_result recvq_take(struct recvq *q, uint64_t pos, struct span bytes);

/** recvq_keep() - store what is still borrowed */
void recvq_keep(struct recvq *q);

/** recvq_len() - bytes in order and unread */
static inline size_t recvq_len(const struct recvq *q)
{
	return ring_len(&q->ring) + q->lent.len;
}

/** recvq_peek() - the first contiguous piece of them; borrows until the next call */
struct span recvq_peek(const struct recvq *q);

/** recvq_consume() - the first @n bytes, at most recvq_len(), are done with */
void recvq_consume(struct recvq *q, size_t n);

/** recvq_finish() - the peer's FIN is at @pos; false if that contradicts what was received */
bool recvq_finish(struct recvq *q, uint64_t pos);

/** recvq_fin_reached() - everything before the peer's FIN is here */
static inline bool recvq_fin_reached(const struct recvq *q)
{
	return q->nxt == q->fin;
}

/** recvq_ack() - RCV.NXT: the position to acknowledge; counts a FIN that was reached */
static inline uint64_t recvq_ack(const struct recvq *q)
{
	return q->nxt + recvq_fin_reached(q);
}

/**
 * recvq_sacks() - blocks for a SACK option: DSACK first, then newest first (RFC 2018 4, 2883 4)
 * @max: at most SEGMENT_SACKS
 * Return: how many were written to @out.
 */
unsigned recvq_sacks(const struct recvq *q, struct sack_block *out, unsigned max);

/** recvq_trim() - give storage back if nothing is stored at all */
void recvq_trim(struct recvq *q);

#endif
