/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fuzz_sendq.c - libFuzzer target: the scoreboard of what is on its way, against flags per byte
 *
 * Input: limits, then operations in any order that the engine could choose. Held: records tile
 * [una, nxt), sums are right, each byte is on its way, SACKed or lost as the plain array says, and
 * what an ACK delivers is counted once.
 */
#include "gateway/tcp/sendq.h"
#include "gateway/tcp/seq.h"
#include "tests/fuzz/fuzz.h"

enum { SPACE = 1 << 15, STEPS = 3000, LIMIT = 1 << 14 };

struct oracle {
	uint64_t base;
	uint8_t flags[SPACE]; /* SENT_* by offset from @base; AGAIN may miss what was joined */
	uint64_t high;
	uint64_t pushed;
	usec_t now;
};

static uint8_t *flags_at(struct oracle *o, uint64_t pos)
{
	return &o->flags[pos - o->base];
}

static uint8_t pattern(uint64_t offset)
{
	return (uint8_t)(offset * 7 + offset / 251);
}

/* Records may no longer be split for sure: then less than asked for may be marked. */
static bool crowded(const struct sendq *q)
{
	return q->count + 2 > SENDQ_SACK_SPLITS;
}

static void compare_record(const struct sent *r, struct oracle *o)
{
	held(r->from < r->to, "an empty record");
	held((r->flags & 3) != 3, "SACKed and lost");
	held(r->at <= o->now, "sent later than now");
	for (uint64_t pos = r->from; pos < r->to; pos++) {
		held((r->flags & 3) == (*flags_at(o, pos) & 3u), "byte %u is %u, not %u",
			(unsigned)(pos - o->base), r->flags & 3, *flags_at(o, pos) & 3u);
		held(r->flags & SENT_AGAIN || !(*flags_at(o, pos) & SENT_AGAIN),
			"forgotten that byte %u was sent again", (unsigned)(pos - o->base));
	}
}

static void compare(const struct sendq *q, struct oracle *o)
{
	uint64_t at = q->una, sacked = 0, lost = 0;
	unsigned first_lost = q->count;

	for (unsigned i = 0; i < q->count; i++) {
		const struct sent *r = sendq_record(q, i);

		held(r->from == at, "records do not tile");
		compare_record(r, o);
		at = r->to;
		sacked += r->flags & SENT_SACKED ? r->to - r->from : 0;
		lost += r->flags & SENT_LOST ? r->to - r->from : 0;
		if (r->flags & SENT_LOST && first_lost == q->count)
			first_lost = i;
	}
	held(at == q->nxt, "records end early");
	held(sacked == q->sacked && lost == q->lost, "sums");
	held(sendq_pipe(q) == q->nxt - q->una - sacked - lost, "pipe");
	held(sendq_first_lost(q) == first_lost, "first lost");
	held(q->high == o->high, "high");
	held(q->count <= SENDQ_RECORDS_MAX, "%u records", q->count);
	held(q->nxt <= sendq_end(q), "sent more than there is");
	held(q->una > q->fin || ring_len(&q->ring) == o->base + o->pushed - q->una, "bytes");
}

static void push(struct sendq *q, struct oracle *o, size_t n)
{
	while (n-- && q->fin == SENDQ_NO_FIN && o->pushed + 2 < SPACE) {
		uint8_t byte = pattern(o->pushed);

		if (!ring_push(&q->ring, span_of(&byte, 1)))
			return;
		o->pushed++;
	}
}

static void check_text(const struct sendq *q, const struct oracle *o, uint64_t from, uint64_t to)
{
	struct span part[2];

	if (to > q->fin)
		to = q->fin;
	if (from >= to)
		return;
	ring_slice(&q->ring, from - q->una, to - from, part);
	for (int k = 0; k < 2; k++)
		for (size_t i = 0; i < part[k].len; i++, from++)
			held(part[k].ptr[i] == pattern(from - o->base), "byte %u has changed",
				(unsigned)(from - o->base));
}

static void send_new(struct sendq *q, struct oracle *o, uint64_t n)
{
	uint64_t from = q->nxt, unsent = sendq_unsent(q);

	n = n < unsent ? n : unsent;
	if (n == 0 || q->count >= SENDQ_RECORDS)
		return;
	held(sendq_send(q, from + n, o->now), "no memory");
	held(q->nxt == from + n, "nxt");
	check_text(q, o, from, from + n);
}

static void mark_again(struct oracle *o, uint64_t from, uint64_t to)
{
	for (uint64_t pos = from; pos < to; pos++)
		*flags_at(o, pos) = (*flags_at(o, pos) & (uint8_t)~SENT_LOST) | SENT_AGAIN;
}

static void resend(struct sendq *q, struct oracle *o, uint64_t n)
{
	unsigned i = sendq_first_lost(q);
	uint64_t from, to;

	if (i == q->count)
		return;
	from = sendq_record(q, i)->from;
	to = seq_min(from + 1 + n, sendq_record(q, i)->to);
	if (sendq_resend(q, i, to, o->now))
		mark_again(o, from, to);
	else
		held(q->count >= SENDQ_RECORDS_MAX, "no memory");
	check_text(q, o, from, to);
}

/* A tail loss probe. */
static void resend_tail(struct sendq *q, struct oracle *o, uint64_t n)
{
	const struct sent *last = q->count ? sendq_record(q, q->count - 1) : NULL;
	uint64_t from;

	if (!last || q->sacked || q->lost)
		return;
	from = seq_max(last->from, q->nxt - seq_min(1 + n, q->nxt));
	held(sendq_resend_tail(q, from, o->now) || q->count >= SENDQ_RECORDS_MAX, "no memory");
	if (sendq_record(q, q->count - 1)->flags & SENT_AGAIN)
		mark_again(o, from, q->nxt);
}

/* Mark [from, to) in the oracle. Return: how many bytes are new. */
static uint64_t mark_sacked(
	const struct sendq *q, struct oracle *o, uint64_t from, uint64_t to, bool exact)
{
	uint64_t news = 0;

	for (unsigned i = 0; i < q->count; i++) {
		const struct sent *r = sendq_record(q, i);

		for (uint64_t pos = seq_max(r->from, from); pos < seq_min(r->to, to); pos++) {
			uint8_t *f = flags_at(o, pos);

			if (*f & SENT_SACKED || (!exact && !(r->flags & SENT_SACKED)))
				continue;
			*f = (*f & (uint8_t)~SENT_LOST) | SENT_SACKED;
			news++;
		}
	}
	return news;
}

static void sack(struct sendq *q, struct oracle *o, struct span *in, struct delivery *d)
{
	uint64_t from = q->una + feed_word(in) % 20000 - 256, to = from + feed_word(in) % 4096;
	uint64_t before = d->bytes;
	bool exact = !crowded(q);

	sendq_sack(q, from, to, d);
	from = seq_max(from, q->una);
	to = seq_min(to, q->nxt);
	if (from < to)
		o->high = seq_max(o->high, to);
	held(d->bytes - before == mark_sacked(q, o, from, to, exact), "delivered");
}

static void ack(struct sendq *q, struct oracle *o, uint64_t n, struct delivery *d)
{
	uint64_t una = q->una, to = seq_min(una + n, q->nxt), before = d->bytes, news = 0;
	bool again = false;

	for (uint64_t pos = una; pos < to; pos++) {
		news += !(*flags_at(o, pos) & SENT_SACKED);
		again |= (*flags_at(o, pos) & SENT_AGAIN) != 0;
	}
	sendq_ack(q, to, d);
	o->high = seq_max(o->high, to);
	held(q->una == to && d->acked == to - una, "una");
	held(d->bytes - before == news, "delivered %u, not %u", (unsigned)(d->bytes - before),
		(unsigned)news);
	held(d->again || !again, "something had been sent again");
	held(d->rack_at <= o->now && d->last_at <= o->now, "delivered before it was sent");
}

/* What the peer says in one segment: some blocks, then perhaps an ACK. */
static void arrive(struct sendq *q, struct oracle *o, struct span *in)
{
	uint8_t shape = feed_byte(in);
	struct delivery d;

	delivery_begin(&d, q, shape & 64 ? 5 : 0, o->now);
	for (unsigned i = 0; i < (shape & 3u); i++)
		sack(q, o, in, &d);
	if (shape & 4)
		ack(q, o, feed_word(in) % 8192, &d);
	held(d.first_at == USEC_NEVER || d.first_at <= d.last_at, "oldest after newest");
}

static void mark_lost(struct oracle *o, uint64_t from, uint64_t to)
{
	for (uint64_t pos = from; pos < to; pos++)
		if (!(*flags_at(o, pos) & SENT_SACKED))
			*flags_at(o, pos) |= SENT_LOST;
}

static void lose(struct sendq *q, struct oracle *o, uint8_t what, uint16_t n)
{
	const struct sent *r;

	if (q->count == 0)
		return;
	if (what & 1) {
		r = sendq_record(q, n % q->count);
		mark_lost(o, r->from, r->to);
		sendq_lose(q, n % q->count);
	} else if (what & 2) {
		bool whole = q->count >= SENDQ_RECORDS_MAX || n == 0;

		r = sendq_record(q, 0);
		if (!(r->flags & SENT_AGAIN))
			mark_lost(o, r->from, whole ? r->to : seq_min(r->to, q->una + n));
		if (n)
			sendq_lose_head(q, n);
		else if (!(r->flags & SENT_AGAIN))
			sendq_lose(q, 0);
	} else {
		mark_lost(o, q->una, q->nxt);
		sendq_lose_all(q);
	}
}

static void forget(struct sendq *q, struct oracle *o)
{
	sendq_forget_sacks(q);
	for (uint64_t pos = q->una; pos < q->nxt; pos++)
		*flags_at(o, pos) &= (uint8_t)~SENT_SACKED;
	o->high = q->una;
}

static void step(struct sendq *q, struct oracle *o, struct span *in)
{
	uint8_t what = feed_byte(in);

	switch (what % 16) {
	case 0: push(q, o, feed_word(in) % 4096); break;
	case 1:
	case 2: send_new(q, o, feed_byte(in) + 1u); break;
	case 3: send_new(q, o, feed_word(in)); break;
	case 4:
	case 5: resend(q, o, feed_word(in) % 2048); break;
	case 6: resend_tail(q, o, feed_word(in) % 2048); break;
	case 7:
	case 8:
	case 9:
	case 10: arrive(q, o, in); break;
	case 11: lose(q, o, what >> 4, feed_word(in)); break;
	case 12: sendq_join(q); break;
	case 13: o->now += feed_word(in); break;
	case 14:
		if (what == 14)
			sendq_close(q);
		else if (what == 30)
			forget(q, o);
		else if (what == 46)
			sendq_trim(q);
		break;
	default:
		for (int i = 0; i < 64; i++)
			send_new(q, o, 1 + what / 64);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct oracle o;
	struct span in = span_of(data, size);
	struct budget budget = {.limit = 1 << 16};
	struct sendq q;

	memset(&o, 0, sizeof(o));
	o.base = o.high = seq_first(feed_byte(&in) & 1 ? 0xfffff800u : 0x7ffff800u);
	o.now = 1000;
	sendq_init(&q, o.base, LIMIT, &budget);
	for (int i = 0; in.len && i < STEPS; i++) {
		step(&q, &o, &in);
		compare(&q, &o);
	}
	sendq_fini(&q);
	held(budget.used == 0, "storage is left");
	return 0;
}
