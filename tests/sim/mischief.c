/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mischief.c - peers that do not keep to the rules */
#include "mischief.h"

#include "gateway/tcp/internal.h"
#include "text.h"

static struct segment *add(struct act *a, const struct segment *seg)
{
	a->out[a->count] = *seg;
	return &a->out[a->count++];
}

static void renege(struct act *a, const struct segment *seg)
{
	add(a, seg);
	if (a->t->rcv.ooo.count && rng_chance(a->r, 200)) {
		ranges_fini(&a->t->rcv.ooo);
		a->t->rcv.recent_count = 0;
	}
}

static void shrink(struct act *a, const struct segment *seg)
{
	struct segment *s = add(a, seg);

	if (rng_chance(a->r, 300))
		s->wnd = (uint16_t)rng_in(a->r, 0, s->wnd);
}

static void tiny(struct act *a, const struct segment *seg)
{
	struct segment *s = add(a, seg);

	if (s->wnd > 3)
		s->wnd = (uint16_t)rng_in(a->r, 0, 3);
}

static void shut(struct act *a, const struct segment *seg)
{
	add(a, seg)->wnd = 0;
}

/* A block somewhere around what is in flight, or anywhere. */
static struct sack_block any_block(const struct act *a)
{
	uint64_t una = a->victim->snd.una, flight = sendq_flight(&a->victim->snd);
	uint64_t from = una + (uint64_t)rng_in(a->r, -2000, (int64_t)flight + 2000);

	if (rng_chance(a->r, 100))
		from = rng_next(a->r);
	return (struct sack_block){
		(uint32_t)from, (uint32_t)(from + (uint64_t)rng_in(a->r, -10, 20000))};
}

static void sacks(struct act *a, const struct segment *seg)
{
	struct segment *s = add(a, seg);

	if (segment_len(s) || rng_chance(a->r, 500))
		return;
	s->sack_count = (uint8_t)rng_in(a->r, 1, SEGMENT_SACKS);
	for (unsigned i = 0; i < s->sack_count; i++)
		s->sack[i] = any_block(a);
}

static void sack_flood(struct act *a, const struct segment *seg)
{
	uint64_t una = a->victim->snd.una, flight = sendq_flight(&a->victim->snd);

	add(a, seg);
	for (int k = 0; k < 20 && flight > 1; k++) {
		struct segment *s = add(a, seg);

		s->flags = SEG_ACK;
		s->seq += segment_len(seg);
		s->payload[0] = span_none();
		s->sack_count = SEGMENT_SACKS;
		for (unsigned i = 0; i < SEGMENT_SACKS; i++) {
			uint64_t from = una + (uint64_t)rng_in(a->r, 1, (int64_t)flight - 1);

			s->sack[i] = (struct sack_block){(uint32_t)from, (uint32_t)from + 1};
		}
	}
}

static void optimist(struct act *a, const struct segment *seg)
{
	uint64_t nxt = a->victim->snd.nxt;

	add(a, seg)->ack = (uint32_t)(nxt + (rng_chance(a->r, 100) ? 5000 : 0));
}

static void repeat(struct act *a, const struct segment *seg)
{
	for (int k = (int)rng_in(a->r, 1, 20); k > 0; k--)
		add(a, seg);
}

static void timestamps(struct act *a, const struct segment *seg)
{
	struct segment *s = add(a, seg);

	if (!(s->options & SEG_OPT_TS) || rng_chance(a->r, 500))
		return;
	/* an old one is refused; a new one would make all others old, and that is the end */
	s->ts_val -= (uint32_t)rng_magnitude(a->r, 1 << 30);
	if (rng_chance(a->r, 500))
		s->ts_val = seg->ts_val;
	s->ts_ecr = (uint32_t)rng_next(a->r);
}

static void crumbs(struct act *a, const struct segment *seg)
{
	int64_t len = segment_payload_len(seg);

	for (int k = 0; k < 20 && len > 1; k++) {
		struct segment *s = add(a, seg);
		int64_t at = rng_in(a->r, 0, len - 1);

		s->seq += (uint32_t)at;
		s->flags = SEG_ACK;
		s->gso_size = 0;
		s->payload[0] = span_head(span_skip(s->payload[0], (size_t)at), 1);
	}
	add(a, seg);
}

static void beyond(struct act *a, const struct segment *seg)
{
	uint64_t edge = a->t->snd_edge, at = edge - (uint64_t)rng_in(a->r, 0, 3000);
	struct segment *s;

	add(a, seg);
	if (at < a->t->snd.nxt || at + 4000 > a->t->iss + 1 + UINT32_MAX)
		return;
	s = add(a, seg);
	s->flags = SEG_ACK;
	s->gso_size = 0;
	s->seq = (uint32_t)at;
	s->payload[0] = text_at(a->stream, at - a->t->iss - 1, 4000);
}

static const struct {
	const char *name;
	bool harmless;
	void (*say)(struct act *a, const struct segment *seg);
} acts[MISCHIEFS] = {
	[MISCHIEF_NONE] = {"none", true, NULL},
	[MISCHIEF_RENEGE] = {"renege", true, renege},
	[MISCHIEF_SHRINK] = {"shrink", true, shrink},
	[MISCHIEF_TINY] = {"tiny window", true, tiny},
	[MISCHIEF_SHUT] = {"shut window", false, shut},
	[MISCHIEF_SACKS] = {"SACK garbage", false, sacks},
	[MISCHIEF_SACK_FLOOD] = {"SACK flood", false, sack_flood},
	[MISCHIEF_OPTIMIST] = {"optimist", false, optimist},
	[MISCHIEF_REPEAT] = {"repeat", true, repeat},
	[MISCHIEF_TIMESTAMPS] = {"timestamps", true, timestamps},
	[MISCHIEF_CRUMBS] = {"crumbs", true, crumbs},
	[MISCHIEF_BEYOND] = {"beyond", false, beyond},
};

const char *mischief_name(enum mischief m)
{
	return (unsigned)m < MISCHIEFS ? acts[m].name : "unknown";
}

bool mischief_is_harmless(enum mischief m)
{
	return acts[m].harmless;
}

void mischief_act(struct act *a, enum mischief m, const struct segment *seg)
{
	a->count = 0;
	if (seg->flags & SEG_RST)
		add(a, seg);
	else
		acts[m].say(a, seg);
}
