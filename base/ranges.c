/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ranges.c - a bounded set of numbers kept as sorted, disjoint, never touching intervals */
#include "base/ranges.h"

#include <stdlib.h>
#include <string.h>

enum { RANGES_MIN = 8 };

void ranges_init(struct ranges *r, unsigned limit)
{
	*r = (struct ranges){.limit = limit};
}

void ranges_fini(struct ranges *r)
{
	free(r->items);
	ranges_init(r, r->limit);
}

/* Index of the first interval that ends at @at or later. */
static unsigned first_ending_from(const struct ranges *r, uint64_t at)
{
	unsigned low = 0, high = r->count;

	while (low < high) {
		unsigned mid = low + (high - low) / 2;

		if (r->items[mid].to < at)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static bool make_room(struct ranges *r)
{
	unsigned capacity = r->capacity ? 2 * r->capacity : RANGES_MIN;
	struct range *items;

	if (r->count == r->limit)
		return false;
	if (r->count < r->capacity)
		return true;
	items = reallocarray(r->items, capacity, sizeof(*items));
	if (!items)
		return false;
	r->items = items;
	r->capacity = capacity;
	return true;
}

/* Replace the @n intervals from index @i on by the @m (0 or 1) at @with. */
static void replace(struct ranges *r, unsigned i, unsigned n, const struct range *with, unsigned m)
{
	if (n != m)
		memmove(r->items + i + m, r->items + i + n, (r->count - i - n) * sizeof(*r->items));
	if (m)
		r->items[i] = *with;
	r->count += m - n;
	if (r->count == 0)
		ranges_fini(r);
}

bool ranges_add(struct ranges *r, uint64_t from, uint64_t to)
{
	unsigned i = first_ending_from(r, from), n = 0;
	struct range merged = {.from = from, .to = to};

	if (range_empty(merged))
		return true;
	for (; i + n < r->count && r->items[i + n].from <= to; n++) {
		if (r->items[i + n].from < merged.from)
			merged.from = r->items[i + n].from;
		if (r->items[i + n].to > merged.to)
			merged.to = r->items[i + n].to;
	}
	if (n == 0 && !make_room(r))
		return false;
	replace(r, i, n, &merged, 1);
	return true;
}

void ranges_cut(struct ranges *r, uint64_t below)
{
	unsigned n = first_ending_from(r, below);

	if (n < r->count && r->items[n].to == below)
		n++;
	if (n < r->count && r->items[n].from < below)
		r->items[n].from = below;
	if (n)
		replace(r, 0, n, NULL, 0);
}

const struct range *ranges_find(const struct ranges *r, uint64_t at)
{
	unsigned i = first_ending_from(r, at + 1);

	return i < r->count && r->items[i].from <= at ? r->items + i : NULL;
}

struct range ranges_overlap(const struct ranges *r, uint64_t from, uint64_t to)
{
	unsigned i = first_ending_from(r, from + 1);
	struct range o;

	if (i == r->count || r->items[i].from >= to)
		return (struct range){.from = to, .to = to};
	o = r->items[i];
	if (o.from < from)
		o.from = from;
	if (o.to > to)
		o.to = to;
	return o;
}

struct range ranges_gap(const struct ranges *r, uint64_t from, uint64_t to)
{
	const struct range *over = ranges_find(r, from);
	struct range next;

	if (over)
		from = over->to;
	if (from >= to)
		return (struct range){.from = to, .to = to};
	next = ranges_overlap(r, from, to);
	return (struct range){.from = from, .to = next.from};
}
