/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fuzz_ranges.c - libFuzzer target: base/ranges against a bitmap
 *
 * Input: limit, a base for the numbers, then operations of three bytes: what, from, to.
 */
#include "base/ranges.h"
#include "tests/fuzz/fuzz.h"

enum { UNIVERSE = 256 };

struct bitmap {
	uint64_t base; /* number of the first bit */
	bool in[UNIVERSE];
};

static bool holds(const struct bitmap *b, uint64_t n)
{
	return n >= b->base && n - b->base < UNIVERSE && b->in[n - b->base];
}

/* The canonical form, and the same members. */
static void compare(const struct ranges *r, const struct bitmap *b)
{
	bool members[UNIVERSE] = {false};

	held(r->count <= r->limit, "%u intervals, limit %u", r->count, r->limit);
	held(r->count || !r->items, "an empty set keeps storage");
	for (unsigned i = 0; i < r->count; i++) {
		const struct range *item = &r->items[i];

		held(item->from < item->to, "interval %u is empty", i);
		held(i == 0 || item[-1].to < item->from, "interval %u touches", i);
		held(item->from >= b->base && item->to <= b->base + UNIVERSE, "outside");
		memset(members + (item->from - b->base), true, item->to - item->from);
	}
	held(memcmp(members, b->in, sizeof(members)) == 0, "members");
	held(ranges_first(r) == (r->count ? r->items : NULL), "first");
	held(!r->count || ranges_last(r) == &r->items[r->count - 1], "last");
}

static void add(struct ranges *r, struct bitmap *b, uint64_t from, uint64_t to)
{
	bool touches = from >= to;

	for (uint64_t n = from; n <= to && from < to; n++)
		touches |= holds(b, n) || (n == from && n > 0 && holds(b, n - 1));
	if (!ranges_add(r, from, to)) {
		held(!touches && r->count == r->limit, "refused without need");
		return;
	}
	for (uint64_t n = from; n < to; n++)
		b->in[n - b->base] = true;
}

/* The lowest run within [from, to) whose bits are @value; empty at @to if there is none. */
static struct range first_run(const struct bitmap *b, uint64_t from, uint64_t to, bool value)
{
	struct range run = {to, to};

	while (from < to && holds(b, from) != value)
		from++;
	if (from >= to)
		return run;
	run.from = run.to = from;
	while (run.to < to && holds(b, run.to) == value)
		run.to++;
	return run;
}

static void ask(const struct ranges *r, const struct bitmap *b, uint64_t from, uint64_t to)
{
	const struct range *home = ranges_find(r, from);
	struct range over = ranges_overlap(r, from, to), gap = ranges_gap(r, from, to);
	struct range want = first_run(b, from, to, true), hole = first_run(b, from, to, false);

	held((home != NULL) == holds(b, from), "find");
	held(!home || (home->from <= from && from < home->to), "found another interval");
	held(range_empty(over) == range_empty(want), "overlap is empty, or is not");
	held(range_empty(over) || (over.from == want.from && over.to == want.to), "overlap");
	held(range_empty(gap) == range_empty(hole), "gap is empty, or is not");
	held(range_empty(gap) || (gap.from == hole.from && gap.to == hole.to), "gap");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = span_of(data, size);
	struct bitmap b = {0};
	struct ranges r;

	ranges_init(&r, feed_byte(&in) % 33);
	b.base = (uint64_t)feed_byte(&in) * 0xfffffffful / 128;
	while (in.len >= 3) {
		uint8_t what = feed_byte(&in);
		uint64_t from = b.base + feed_byte(&in), to = b.base + feed_byte(&in);

		if (what < 128) {
			add(&r, &b, from, to);
		} else if (what < 160) {
			ranges_cut(&r, from);
			memset(b.in, 0, from - b.base);
		} else if (what == 255) {
			ranges_fini(&r);
			memset(b.in, 0, sizeof(b.in));
		} else {
			ask(&r, &b, from, to);
		}
		compare(&r, &b);
	}
	ranges_fini(&r);
	return 0;
}
