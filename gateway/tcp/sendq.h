/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sendq.h - what the peer is to get: the bytes, and a record of each stretch that is on its way
 *
 * The ring holds the bytes from SND.UNA on; a byte leaves it when it is acknowledged and is never
 * changed, so whatever is sent again is sent identically. Records tile [una, nxt) in order, one
 * for each (super-)segment sent, split where a SACK block or a retransmission ends inside. The FIN
 * is one position after the last byte and is tracked like one.
 *
 * A record is on its way, SENT_SACKED (the peer has it) or SENT_LOST (to be sent again).
 */
#ifndef ATTLS_TCP_SENDQ_H
#define ATTLS_TCP_SENDQ_H

#include "base/clock.h"
#include "base/ranges.h"
#include "base/ring.h"

enum {
	SENDQ_RECORDS = 1024,     /* no new record is begun beyond this many */
	SENDQ_SACK_SPLITS = 1536, /* SACK blocks no longer split records (CVE-2019-11478) */
	SENDQ_RECORDS_MAX = 2048, /* retransmissions no longer split records */
};

#define SENDQ_NO_FIN UINT64_MAX

enum {
	SENT_SACKED = 0x01,
	SENT_LOST = 0x02,  /* and not sent again since */
	SENT_AGAIN = 0x04, /* sent more than once: no round trip to measure (Karn) */
};

/* Positions [from, to), last sent together. */
struct sent {
	uint64_t from;
	uint64_t to;
	usec_t at;
	unsigned flags; /* SENT_* */
};

struct sendq {
	struct ring ring;  /* unacknowledged and unsent bytes; its head is at @una */
	uint64_t una;      /* SND.UNA */
	uint64_t nxt;      /* SND.NXT, which is the highest ever sent: we never go back */
	uint64_t fin;      /* position of our FIN, SENDQ_NO_FIN while the outbox is open */
	struct sent *sent; /* storage of @capacity records; @count used, from @first on */
	unsigned first;
	unsigned count;
	unsigned capacity;
	uint64_t sacked; /* bytes of records with SENT_SACKED */
	uint64_t lost;   /* bytes of records with SENT_LOST */
	uint64_t high;   /* end of the highest SACK block, or una */
};

/* What one ACK newly delivered, collected over its blocks; see delivery_begin(). */
struct delivery {
	usec_t now;
	usec_t min_rtt;
	uint64_t high;    /* sendq.high before this ACK */
	uint64_t bytes;   /* newly acknowledged or SACKed */
	uint64_t acked;   /* how far SND.UNA moved */
	bool again;       /* something cumulatively acknowledged had been sent again */
	bool reordered;   /* an original below an earlier SACK arrived after it */
	struct range dup; /* what the peer reports as duplicate (DSACK); empty: nothing */
	bool duplicate;   /* a duplicate ACK by RFC 5681 2 */
	bool marked;      /* it bears ECE */
	bool has_ts;
	uint32_t ts_ecr; /* with @has_ts */
	usec_t first_at; /* oldest sending of what was sent once; USEC_NEVER: none */
	usec_t last_at;  /* newest of these; 0: none */
	usec_t rack_at;  /* newest sending delivered, RFC 8985 6.2 step 2; 0: none */
	uint64_t rack_end;
};

/** sendq_init() - nothing sent; @una is the first position, @limit and @budget as ring_init() */
void sendq_init(struct sendq *q, uint64_t una, size_t limit, struct budget *budget);

/** sendq_fini() - release everything */
void sendq_fini(struct sendq *q);

/** sendq_data_end() - the position after the last byte in the ring */
static inline uint64_t sendq_data_end(const struct sendq *q)
{
	return (q->una < q->fin ? q->una : q->fin) + ring_len(&q->ring);
}

/** sendq_end() - the position after all there is to send, the FIN included */
static inline uint64_t sendq_end(const struct sendq *q)
{
	return q->fin == SENDQ_NO_FIN ? sendq_data_end(q) : q->fin + 1;
}

/** sendq_flight() - sent and not cumulatively acknowledged */
static inline uint64_t sendq_flight(const struct sendq *q)
{
	return q->nxt - q->una;
}

/** sendq_unsent() - never sent so far */
static inline uint64_t sendq_unsent(const struct sendq *q)
{
	return sendq_end(q) - q->nxt;
}

/** sendq_pipe() - believed to be in the network (RFC 6675 4) */
static inline uint64_t sendq_pipe(const struct sendq *q)
{
	return sendq_flight(q) - q->sacked - q->lost;
}

/** sendq_record() - the @i-th record in order, @i below @count; borrows until the next change */
static inline struct sent *sendq_record(const struct sendq *q, unsigned i)
{
	return q->sent + q->first + i;
}

/** sendq_close() - the FIN follows what is in the ring now */
void sendq_close(struct sendq *q);

/** sendq_send() - [nxt, @to) is sent for the first time; false without memory for the record */
bool sendq_send(struct sendq *q, uint64_t to, usec_t now);

/** sendq_resend() - the part of record @i before @to is sent again; false without memory */
bool sendq_resend(struct sendq *q, unsigned i, uint64_t to, usec_t now);

/** sendq_resend_tail() - the last record is sent again from @from on; false without memory */
bool sendq_resend_tail(struct sendq *q, uint64_t from, usec_t now);

/** sendq_first_lost() - index of the lowest record with SENT_LOST, or @count */
unsigned sendq_first_lost(const struct sendq *q);

/** delivery_begin() - start collecting what an ACK delivers */
void delivery_begin(struct delivery *d, const struct sendq *q, usec_t min_rtt, usec_t now);

/** sendq_sack() - the peer has [@from, @to); parts outside of [una, nxt) are ignored */
void sendq_sack(struct sendq *q, uint64_t from, uint64_t to, struct delivery *d);

/** sendq_ack() - the peer has everything before @to, at most nxt; frees the bytes */
void sendq_ack(struct sendq *q, uint64_t to, struct delivery *d);

/** sendq_lose() - record @i is lost, unless it is SACKed */
void sendq_lose(struct sendq *q, unsigned i);

/** sendq_lose_head() - the first @n bytes in flight are lost, unless they were sent again */
void sendq_lose_head(struct sendq *q, uint64_t n);

/** sendq_lose_all() - a time-out: nothing but what is SACKed has arrived; joins records */
void sendq_lose_all(struct sendq *q);

/** sendq_unlose() - what was taken for lost and not sent again is on its way after all */
void sendq_unlose(struct sendq *q);

/** sendq_join() - merge neighbours that are both SACKed or both lost, to bound their number */
void sendq_join(struct sendq *q);

/** sendq_forget_sacks() - the peer has gone back on its SACKs (RFC 2018 8) */
void sendq_forget_sacks(struct sendq *q);

/** sendq_trim() - give storage back if nothing is in flight nor waiting */
void sendq_trim(struct sendq *q);

#endif
