/* SPDX-License-Identifier: GPL-3.0-or-later */
/* recvq.c - what the peer sent: bytes in order to be consumed, bytes out of order, SACK blocks */
#include "gateway/tcp/recvq.h"

#include "gateway/tcp/seq.h"

void recvq_init(struct recvq *q, uint64_t nxt, size_t limit, struct budget *budget)
{
	*q = (struct recvq){.nxt = nxt, .fin = RECVQ_NO_FIN};
	ring_init(&q->ring, limit, budget);
	ranges_init(&q->ooo, RECVQ_RANGES);
}

void recvq_fini(struct recvq *q)
{
	q->lent = span_none();
	ring_fini(&q->ring);
	ranges_fini(&q->ooo);
}

/* Remember the first part of [pos, end) that is here already, to be reported as a DSACK. */
static void note_duplicate(struct recvq *q, uint64_t pos, uint64_t end)
{
	struct range dup;

	if (pos < q->nxt)
		dup = (struct range){.from = pos, .to = seq_min(end, q->nxt)};
	else
		dup = ranges_overlap(&q->ooo, pos, end);
	if (!range_empty(dup))
		q->dsack = dup;
}

/* How far beyond @nxt there is, or can be made, storage for bytes up to position @end. */
static uint64_t storage_end(struct recvq *q, uint64_t end)
{
	for (uint64_t n = end - q->nxt; n > 0 && !ring_reserve(&q->ring, n);)
		n /= 2;
	return seq_min(end, q->nxt + (q->ring.size - ring_len(&q->ring)));
}

/* Store those of [pos, end) that are not stored yet; they begin at @bytes. */
static void write_gaps(struct recvq *q, uint64_t pos, uint64_t end, const uint8_t *bytes)
{
	struct range gap = ranges_gap(&q->ooo, pos, end);

	while (!range_empty(gap)) {
		struct span part = span_of(bytes + (gap.from - pos), gap.to - gap.from);

		ring_write_at(&q->ring, gap.from - q->nxt, part);
		gap = ranges_gap(&q->ooo, gap.to, end);
	}
}

/* The bytes before @end are stored: count them and what follows them without a hole. */
static enum recvq_result advance(struct recvq *q, uint64_t end)
{
	bool filled = q->ooo.count > 0;
	const struct range *next = ranges_first(&q->ooo);

	while (next && next->from <= end) {
		end = seq_max(end, next->to);
		ranges_cut(&q->ooo, end);
		next = ranges_first(&q->ooo);
	}
	ring_extend(&q->ring, end - q->nxt);
	q->nxt = end;
	return filled ? RECVQ_FILLED : RECVQ_ADVANCED;
}

/* Put @pos at the front of the positions of recent arrivals; others in its interval go. */
static void note_recent(struct recvq *q, uint64_t pos)
{
	const struct range *home = ranges_find(&q->ooo, pos);
	uint64_t kept[SEGMENT_SACKS] = {pos};
	unsigned n = 1;

	for (unsigned i = 0; i < q->recent_count && n < SEGMENT_SACKS; i++)
		if (q->recent[i] < home->from || q->recent[i] >= home->to)
			kept[n++] = q->recent[i];
	memcpy(q->recent, kept, sizeof(kept));
	q->recent_count = n;
}

static bool may_lend(const struct recvq *q, uint64_t pos)
{
	return pos == q->nxt && q->ooo.count == 0 && ring_len(&q->ring) == 0;
}

static enum recvq_result lend(struct recvq *q, uint64_t end, const uint8_t *bytes)
{
	q->lent = span_of(bytes, end - q->nxt);
	q->nxt = end;
	return RECVQ_ADVANCED;
}

static enum recvq_result store(struct recvq *q, uint64_t pos, uint64_t end, const uint8_t *bytes)
{
	write_gaps(q, pos, end, bytes);
	if (pos == q->nxt)
		return advance(q, end);
	if (!ranges_add(&q->ooo, pos, end))
		return RECVQ_REFUSED;
	note_recent(q, pos);
	return RECVQ_STORED;
}

enum recvq_result recvq_take(struct recvq *q, uint64_t pos, struct span bytes)
{
	uint64_t end = seq_min(pos + bytes.len, q->fin);

	recvq_keep(q);
	note_duplicate(q, pos, end);
	if (end <= q->nxt || range_empty(ranges_gap(&q->ooo, seq_max(pos, q->nxt), end))) {
		/* RFC 2883 4.1.2: the block that holds the duplicate is named right after it */
		if (pos >= q->nxt && ranges_find(&q->ooo, pos))
			note_recent(q, pos);
		return RECVQ_OLD;
	}
	if (pos < q->nxt) {
		bytes = span_skip(bytes, q->nxt - pos);
		pos = q->nxt;
	}
	end = storage_end(q, end);
	if (end <= pos)
		return RECVQ_REFUSED;
	return may_lend(q, pos) ? lend(q, end, bytes.ptr) : store(q, pos, end, bytes.ptr);
}

void recvq_keep(struct recvq *q)
{
	ring_push(&q->ring, q->lent);
	q->lent = span_none();
}

enum recvq_result recvq_insert(struct recvq *q, uint64_t pos, struct span bytes)
{
	enum recvq_result result = recvq_take(q, pos, bytes);

	recvq_keep(q);
	return result;
}

struct span recvq_peek(const struct recvq *q)
{
	return q->lent.len > 0 ? q->lent : ring_peek(&q->ring, 0);
}

void recvq_consume(struct recvq *q, size_t n)
{
	if (q->lent.len > 0)
		q->lent = span_skip(q->lent, n);
	else
		ring_consume(&q->ring, n);
}

bool recvq_finish(struct recvq *q, uint64_t pos)
{
	const struct range *last = ranges_last(&q->ooo);

	if (q->fin != RECVQ_NO_FIN)
		return q->fin == pos;
	if (pos < q->nxt || (last && pos < last->to))
		return false;
	q->fin = pos;
	return true;
}

static bool is_reported(const struct sack_block *blocks, unsigned n, uint32_t from)
{
	for (unsigned i = 0; i < n; i++)
		if (blocks[i].from == from)
			return true;
	return false;
}

static struct sack_block block_of(const struct recvq *q, const struct range *r)
{
	/* a FIN that follows the block was received as well */
	return (struct sack_block){(uint32_t)r->from, (uint32_t)(r->to + (r->to == q->fin))};
}

unsigned recvq_sacks(const struct recvq *q, struct sack_block *out, unsigned max)
{
	unsigned n = 0, first;

	if (!range_empty(q->dsack) && max)
		out[n++] = (struct sack_block){(uint32_t)q->dsack.from, (uint32_t)q->dsack.to};
	first = n;
	for (unsigned i = 0; i < q->recent_count && n < max; i++) {
		const struct range *r = ranges_find(&q->ooo, q->recent[i]);

		if (!r || is_reported(out + first, n - first, (uint32_t)r->from))
			continue;
		out[n++] = block_of(q, r);
	}
	/* what came longer ago, where there is room: the newest may all be in order by now */
	for (unsigned i = 0; i < q->ooo.count && n < max; i++)
		if (!is_reported(out + first, n - first, (uint32_t)q->ooo.items[i].from))
			out[n++] = block_of(q, q->ooo.items + i);
	return n;
}

void recvq_trim(struct recvq *q)
{
	if (q->ooo.count == 0)
		ring_trim(&q->ring);
}
