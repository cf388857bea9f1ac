/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sendq.c - what the peer is to get: the bytes, and a record of each stretch that is on its way */
#include "gateway/tcp/sendq.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/tcp/seq.h"

enum { RECORDS_MIN = 8 };

void sendq_init(struct sendq *q, uint64_t una, size_t limit, struct budget *budget)
{
	*q = (struct sendq){.una = una, .nxt = una, .high = una, .fin = SENDQ_NO_FIN};
	ring_init(&q->ring, limit, budget);
}

void sendq_fini(struct sendq *q)
{
	ring_fini(&q->ring);
	free(q->sent);
	q->sent = NULL;
	q->first = q->count = q->capacity = 0;
	q->sacked = q->lost = 0;
}

void sendq_close(struct sendq *q)
{
	if (q->fin == SENDQ_NO_FIN)
		q->fin = sendq_data_end(q);
}

static uint64_t length(const struct sent *r)
{
	return r->to - r->from;
}

/* Make storage for one more record behind the last. */
static bool make_room(struct sendq *q)
{
	unsigned capacity = q->capacity ? 2 * q->capacity : RECORDS_MIN;
	struct sent *sent;

	if (q->first + q->count < q->capacity)
		return true;
	if (q->first > q->capacity / 2) {
		memmove(q->sent, q->sent + q->first, q->count * sizeof(*q->sent));
		q->first = 0;
		return true;
	}
	sent = reallocarray(q->sent, capacity, sizeof(*sent));
	if (!sent)
		return false;
	q->sent = sent;
	q->capacity = capacity;
	return true;
}

/* Cut record @i in two at @pos, which lies inside; the parts are alike but for their ends. */
static bool split(struct sendq *q, unsigned i, uint64_t pos, unsigned limit)
{
	struct sent *r;

	if (q->count >= limit || !make_room(q))
		return false;
	r = sendq_record(q, i);
	memmove(r + 1, r, (q->count - i) * sizeof(*r));
	q->count++;
	r[0].to = r[1].from = pos;
	return true;
}

/* Index of the record that holds position @pos, or @count. */
static unsigned index_of(const struct sendq *q, uint64_t pos)
{
	unsigned low = 0, high = q->count;

	while (low < high) {
		unsigned mid = low + (high - low) / 2;

		if (sendq_record(q, mid)->to <= pos)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

bool sendq_send(struct sendq *q, uint64_t to, usec_t now)
{
	if (!make_room(q))
		return false;
	q->sent[q->first + q->count++] = (struct sent){.from = q->nxt, .to = to, .at = now};
	q->nxt = to;
	return true;
}

/* Record @i leaves again: neither lost nor fit to measure a round trip. */
static void mark_resent(struct sendq *q, unsigned i, usec_t now)
{
	struct sent *r = sendq_record(q, i);

	if (r->flags & SENT_LOST)
		q->lost -= length(r);
	r->flags = (r->flags & ~(unsigned)SENT_LOST) | SENT_AGAIN;
	r->at = now;
}

bool sendq_resend(struct sendq *q, unsigned i, uint64_t to, usec_t now)
{
	if (to < sendq_record(q, i)->to && !split(q, i, to, SENDQ_RECORDS_MAX))
		return false;
	mark_resent(q, i, now);
	return true;
}

bool sendq_resend_tail(struct sendq *q, uint64_t from, usec_t now)
{
	unsigned last = q->count - 1;

	if (from > sendq_record(q, last)->from) {
		if (!split(q, last, from, SENDQ_RECORDS_MAX))
			return false;
		last++;
	}
	mark_resent(q, last, now);
	return true;
}

unsigned sendq_first_lost(const struct sendq *q)
{
	unsigned i = 0;

	if (q->lost == 0)
		return q->count;
	while (!(sendq_record(q, i)->flags & SENT_LOST))
		i++;
	return i;
}

void delivery_begin(struct delivery *d, const struct sendq *q, usec_t min_rtt, usec_t now)
{
	*d = (struct delivery){
		.now = now, .min_rtt = min_rtt, .high = q->high, .first_at = USEC_NEVER};
}

/* Of record @r the part before @to has arrived; it was not known to have before. */
static void deliver(struct delivery *d, const struct sent *r, uint64_t to)
{
	bool again = r->flags & SENT_AGAIN;

	d->bytes += to - r->from;
	if (!again) {
		d->first_at = usec_min(d->first_at, r->at);
		d->last_at = usec_max(d->last_at, r->at);
		d->reordered |= to < d->high;
	}
	/* sooner than any round trip: this acknowledges the original (RFC 8985 6.2 step 2) */
	if (again && d->now - r->at < d->min_rtt)
		return;
	if (r->at > d->rack_at || (r->at == d->rack_at && to > d->rack_end)) {
		d->rack_at = r->at;
		d->rack_end = to;
	}
}

static void mark_sacked(struct sendq *q, unsigned i, struct delivery *d)
{
	struct sent *r = sendq_record(q, i);

	deliver(d, r, r->to);
	if (r->flags & SENT_LOST)
		q->lost -= length(r);
	r->flags = (r->flags & ~(unsigned)SENT_LOST) | SENT_SACKED;
	q->sacked += length(r);
}

/* Mark what of record @i lies in [from, to). Return: the index to go on from. */
static unsigned sack_record(
	struct sendq *q, unsigned i, uint64_t from, uint64_t to, struct delivery *d)
{
	if (sendq_record(q, i)->flags & SENT_SACKED)
		return i + 1;
	if (sendq_record(q, i)->from < from) {
		/* the second part, if there may be one, is what the caller sees next */
		split(q, i, from, SENDQ_SACK_SPLITS);
		return i + 1;
	}
	if (sendq_record(q, i)->to > to && !split(q, i, to, SENDQ_SACK_SPLITS))
		return i + 1;
	mark_sacked(q, i, d);
	return i + 1;
}

void sendq_sack(struct sendq *q, uint64_t from, uint64_t to, struct delivery *d)
{
	unsigned i;

	from = seq_max(from, q->una);
	to = seq_min(to, q->nxt);
	if (from >= to)
		return;
	i = index_of(q, from);
	while (i < q->count && sendq_record(q, i)->from < to)
		i = sack_record(q, i, from, to, d);
	q->high = seq_max(q->high, to);
}

/* Forget the part of the first record before @to. */
static void ack_first(struct sendq *q, uint64_t to, struct delivery *d)
{
	struct sent *r = sendq_record(q, 0);
	uint64_t n;

	to = seq_min(to, r->to);
	n = to - r->from;
	d->again |= (r->flags & SENT_AGAIN) != 0;
	if (r->flags & SENT_SACKED)
		q->sacked -= n;
	else
		deliver(d, r, to);
	if (r->flags & SENT_LOST)
		q->lost -= n;
	r->from = to;
	if (r->from == r->to) {
		q->first++;
		q->count--;
	}
	if (q->count == 0)
		q->first = 0;
}

void sendq_ack(struct sendq *q, uint64_t to, struct delivery *d)
{
	while (q->count && sendq_record(q, 0)->from < to)
		ack_first(q, to, d);
	ring_consume(&q->ring, seq_min(to, q->fin) - seq_min(q->una, q->fin));
	d->acked += to - q->una;
	q->una = to;
	q->high = seq_max(q->high, to);
}

void sendq_lose(struct sendq *q, unsigned i)
{
	struct sent *r = sendq_record(q, i);

	if (r->flags & (SENT_SACKED | SENT_LOST))
		return;
	r->flags |= SENT_LOST;
	q->lost += length(r);
}

void sendq_lose_head(struct sendq *q, uint64_t n)
{
	if (q->count == 0 || (sendq_record(q, 0)->flags & SENT_AGAIN))
		return;
	if (n < length(sendq_record(q, 0)))
		split(q, 0, q->una + n, SENDQ_RECORDS_MAX);
	sendq_lose(q, 0);
}

void sendq_lose_all(struct sendq *q)
{
	for (unsigned i = 0; i < q->count; i++)
		sendq_lose(q, i);
	sendq_join(q);
}

void sendq_unlose(struct sendq *q)
{
	for (unsigned i = 0; i < q->count; i++)
		sendq_record(q, i)->flags &= ~(unsigned)SENT_LOST;
	q->lost = 0;
}

/* Whether @b may become part of the record @a before it: what differs no longer matters. */
static bool joinable(const struct sent *a, const struct sent *b)
{
	if (a->flags & b->flags & SENT_LOST && (a->flags ^ b->flags) & SENT_AGAIN)
		return false; /* the first sending of one of them is still a sign (RFC 5682) */
	return (a->flags & b->flags & (SENT_SACKED | SENT_LOST)) != 0;
}

void sendq_join(struct sendq *q)
{
	struct sent *r;
	unsigned kept = 0;

	if (q->count == 0)
		return;
	r = sendq_record(q, 0);
	for (unsigned i = 1; i < q->count; i++) {
		if (!joinable(r + kept, r + i)) {
			r[++kept] = r[i];
			continue;
		}
		r[kept].to = r[i].to;
		r[kept].at = usec_max(r[kept].at, r[i].at);
		r[kept].flags |= r[i].flags;
	}
	q->count = kept + 1;
}

void sendq_forget_sacks(struct sendq *q)
{
	for (unsigned i = 0; i < q->count; i++)
		sendq_record(q, i)->flags &= ~(unsigned)SENT_SACKED;
	q->sacked = 0;
	q->high = q->una;
}

void sendq_trim(struct sendq *q)
{
	ring_trim(&q->ring);
	if (q->count)
		return;
	free(q->sent);
	q->sent = NULL;
	q->first = q->capacity = 0;
}
