/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fuzz_recvq.c - libFuzzer target: reassembly against arrays of bytes
 *
 * Input: where the stream begins, limits, then operations. Every arrival writes bytes of its own,
 * so that an overwritten one shows. Held: the first copy wins, nothing that was stored is given up,
 * bytes come out in order, and SACK blocks name only what has arrived.
 */
#include "base/bytes.h"
#include "gateway/tcp/recvq.h"
#include "tests/fuzz/fuzz.h"

enum { SPACE = 1 << 16, STEPS = 4000 };

/* What the queue must hold, by offset from the first position. */
struct oracle {
	uint64_t base;
	bool arrived[SPACE]; /* some copy was offered and lay before the FIN */
	bool stored[SPACE];
	uint8_t value[SPACE];
	uint64_t consumed; /* offset of the next byte to read */
	uint64_t newest;   /* position of the newest arrival stored out of order; 0: none */
	struct budget budget;
};

static bool is_stored(const struct recvq *q, uint64_t pos)
{
	return pos < q->nxt || ranges_find(&q->ooo, pos) != NULL;
}

/* All of [from, to) is stored, or nothing of it is. */
static void expect(const struct oracle *o, uint64_t from, uint64_t to, bool stored)
{
	held(from <= to, "intervals overlap");
	held(!memchr(o->stored + (from - o->base), stored ? 0 : 1, to - from),
		"from byte %u on not all is %s", (unsigned)(from - o->base),
		stored ? "stored" : "missing");
}

/* The queue holds exactly what the oracle says, and its intervals are well-formed. */
static void compare(const struct recvq *q, const struct oracle *o)
{
	const struct range *items = q->ooo.items;
	uint64_t last = q->ooo.count ? ranges_last(&q->ooo)->to : q->nxt;

	held(q->ooo.count <= RECVQ_RANGES, "%u intervals", q->ooo.count);
	held(q->nxt <= q->fin && last <= q->fin, "something is stored behind the FIN");
	held(q->ooo.count == 0 || items[0].from > q->nxt, "in order, but not counted");
	held(last - q->nxt + ring_len(&q->ring) <= q->ring.size || last == q->nxt,
		"stored without storage");
	held(ring_len(&q->ring) == q->nxt - o->base - o->consumed, "length");
	held(o->budget.used == q->ring.size && o->budget.used <= o->budget.limit * 5 / 4, "budget");
	expect(o, o->base + o->consumed, q->nxt, true);
	for (unsigned i = 0; i < q->ooo.count; i++) {
		expect(o, i ? items[i - 1].to : q->nxt, items[i].from, false);
		expect(o, items[i].from, items[i].to, true);
	}
}

/* After an arrival: what is new came from it, and what was there still is. */
static void take_new(
	struct recvq *q, struct oracle *o, uint64_t pos, struct span bytes, enum recvq_result r)
{
	uint64_t news = 0, wanted = 0, end = pos + bytes.len;

	if (end > q->fin)
		end = q->fin;
	for (uint64_t at = pos > o->base ? pos : o->base; at < end; at++) {
		bool *stored = &o->stored[at - o->base];

		o->arrived[at - o->base] = true;
		wanted += !*stored;
		if (*stored || !is_stored(q, at))
			continue;
		*stored = true;
		o->value[at - o->base] = bytes.ptr[at - pos];
		news++;
	}
	held((r == RECVQ_OLD) == (wanted == 0), "result %d, %u wanted", r, (unsigned)wanted);
	held((r == RECVQ_REFUSED) <= (news == 0), "refused, but stored");
	/* with little storage it may be a leading part, and that may be here already */
	if (o->budget.limit > q->ring.limit && q->ooo.count < RECVQ_RANGES)
		held(news == wanted, "%u of %u stored", (unsigned)news, (unsigned)wanted);
	if (r == RECVQ_STORED)
		o->newest = pos;
}

static void consume(struct recvq *q, struct oracle *o, size_t want)
{
	struct span s = span_head(recvq_peek(q), want);

	for (size_t i = 0; i < s.len; i++)
		held(s.ptr[i] == o->value[o->consumed + i], "byte %u is another one",
			(unsigned)(o->consumed + i));
	recvq_consume(q, s.len);
	o->consumed += s.len;
}

/*
 * Offer bytes as the engine does: nothing of them beyond what the ring could hold, some read where
 * they lie, which is not for long.
 */
static void insert(struct recvq *q, struct oracle *o, struct span *in)
{
	uint8_t bytes[4096];
	uint64_t edge = q->nxt + q->ring.limit - recvq_len(q);
	uint64_t pos = q->nxt + feed_word(in) % 8192 - 1024;
	size_t len = feed_word(in) % (sizeof(bytes) + 1);
	uint64_t before = q->nxt;
	bool gaps = q->ooo.count > 0;
	enum recvq_result r;
	uint8_t *copy;

	if (pos > edge)
		pos = edge;
	if (len > edge - pos)
		len = edge - pos;
	if (pos + len >= o->base + SPACE)
		return;
	memset(bytes, feed_byte(in), len);
	for (size_t i = 0; i + 1 < len; i += 16)
		bytes[i] ^= (uint8_t)(i / 16);
	copy = exact_copy(span_of(bytes, len));
	r = recvq_take(q, pos, span_of(copy, len));
	take_new(q, o, pos, span_of(bytes, len), r);
	/* a duplicate of what waits is news as well: its block is named first (RFC 2018 4) */
	if (r == RECVQ_OLD && pos > q->nxt && ranges_find(&q->ooo, pos))
		o->newest = pos;
	held((r == RECVQ_ADVANCED || r == RECVQ_FILLED) == (q->nxt > before), "result %d", r);
	held(q->nxt == before || gaps == (r == RECVQ_FILLED), "filled");
	if (q->lent.len > 0)
		consume(q, o, feed_word(in) % (2 * q->lent.len + 1));
	recvq_keep(q);
	free(copy);
}

/* All of the block has arrived; a FIN may stand behind it. */
static void check_block(const struct recvq *q, const struct oracle *o, struct sack_block b)
{
	uint32_t base = (uint32_t)o->base, fin = (uint32_t)q->fin;

	held(b.from != b.to, "an empty block");
	for (uint32_t n = b.from; n != b.to; n++) {
		if (q->fin != RECVQ_NO_FIN && n == fin && n + 1 == b.to)
			continue;
		if ((int32_t)(n - base) < 0)
			continue; /* from before the stream: reported as it came */
		held(n - base < SPACE && o->arrived[n - base], "block names %u", n - base);
	}
}

static void check_sacks(const struct recvq *q, const struct oracle *o, unsigned max)
{
	struct sack_block b[SEGMENT_SACKS];
	unsigned n = recvq_sacks(q, b, max), first = !range_empty(q->dsack) && max;

	held(n <= max, "%u blocks, %u asked for", n, max);
	held(n >= first, "the duplicate is not reported");
	for (unsigned i = 0; i < n; i++)
		check_block(q, o, b[i]);
	for (unsigned i = first; i < n; i++) {
		held((int32_t)(b[i].from - (uint32_t)q->nxt) > 0, "block below the ACK");
		for (unsigned j = first; j < i; j++)
			held(b[i].from != b[j].from, "the same block twice");
	}
	held(q->ooo.count == 0 || max <= first || n > first, "gaps, but no block");
	if (n > first && o->newest > q->nxt)
		held((uint32_t)o->newest - b[first].from < b[first].to - b[first].from,
			"the first block is not the newest");
}

static void step(struct recvq *q, struct oracle *o, struct span *in)
{
	uint8_t what = feed_byte(in);
	uint64_t pos;

	if (what < 160) {
		insert(q, o, in);
	} else if (what < 200) {
		consume(q, o, feed_word(in));
	} else if (what < 210) {
		pos = q->nxt + feed_word(in) % 8192;
		if (pos < o->base + SPACE && recvq_finish(q, pos))
			held(q->fin == pos, "the FIN is elsewhere");
	} else if (what < 220) {
		recvq_trim(q);
	} else if (what < 230) {
		q->dsack = (struct range){0}; /* as after a report */
	} else {
		check_sacks(q, o, what % (SEGMENT_SACKS + 1));
	}
	held(recvq_fin_reached(q) == (q->nxt == q->fin), "FIN reached");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct oracle o;
	struct span in = span_of(data, size);
	struct recvq q;
	size_t limit;

	memset(&o, 0, sizeof(o));
	o.base = (uint64_t)1 << 32 | (feed_byte(&in) & 1 ? 0xfffffff0u : 0x7ffff800u);
	limit = feed_byte(&in) & 1 ? 16384 : 4096;
	o.budget.limit = feed_byte(&in) & 1 ? 8192 : 1 << 20;
	recvq_init(&q, o.base, limit, &o.budget);
	for (int i = 0; in.len && i < STEPS; i++) {
		step(&q, &o, &in);
		compare(&q, &o);
	}
	recvq_fini(&q);
	held(o.budget.used == 0, "storage is left");
	return 0;
}
