/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ranges.h - a bounded set of numbers kept as sorted, disjoint, never touching intervals
 *
 * Storage grows on demand up to the limit and is given back when the set becomes empty.
 */
#ifndef ATTLS_BASE_RANGES_H
#define ATTLS_BASE_RANGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Numbers [from, to); empty when they are equal. */
struct range {
	uint64_t from;
	uint64_t to;
};

struct ranges {
	struct range *items; /* ascending; each ends before the next begins */
	unsigned count;
	unsigned capacity;
	unsigned limit; /* @count never exceeds this */
};

/** ranges_init() - an empty set of at most @limit intervals, without storage */
void ranges_init(struct ranges *r, unsigned limit);

/** ranges_fini() - release the storage; the set is empty */
void ranges_fini(struct ranges *r);

/**
 * ranges_add() - put [@from, @to) into the set, merging with what it overlaps or touches
 * Return: false if another interval would be needed and the limit or the allocator forbids it;
 *         the set is unchanged.
 */
bool ranges_add(struct ranges *r, uint64_t from, uint64_t to);

/** ranges_cut() - take everything below @below out of the set */
void ranges_cut(struct ranges *r, uint64_t below);

/** ranges_find() - the interval that holds @at, or NULL; borrows until the set changes */
const struct range *ranges_find(const struct ranges *r, uint64_t at);

/** ranges_overlap() - the lowest part of [@from, @to) that is in the set; empty if none is */
struct range ranges_overlap(const struct ranges *r, uint64_t from, uint64_t to);

/** ranges_gap() - the lowest part of [@from, @to) that is not in the set; empty if all is */
struct range ranges_gap(const struct ranges *r, uint64_t from, uint64_t to);

static inline const struct range *ranges_first(const struct ranges *r)
{
	return r->count ? r->items : NULL;
}

static inline const struct range *ranges_last(const struct ranges *r)
{
	return r->count ? r->items + r->count - 1 : NULL;
}

static inline bool range_empty(struct range r)
{
	return r.from >= r.to;
}

#endif
