/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ring.c - a byte queue that grows on demand and gives its memory back when empty */
#include "base/ring.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { RING_SMALL = 32768 };

static size_t power_of_two(size_t n)
{
	size_t p = RING_MIN;

	while (p < n)
		p *= 2;
	return p;
}

void ring_init(struct ring *r, size_t limit, struct budget *budget)
{
	limit = power_of_two(limit);
	*r = (struct ring){.limit = limit, .bound = limit, .budget = budget};
}

static void release(struct ring *r)
{
	if (!r->data)
		return;
	explicit_bzero(r->data, r->size);
	free(r->data);
	if (r->budget)
		r->budget->used -= r->size;
	r->data = NULL;
	r->size = 0;
}

void ring_fini(struct ring *r)
{
	release(r);
	r->head = r->tail = 0;
}

/* Copy the bytes at free-running positions [from, to) into storage of another size. */
static void move_bytes(const struct ring *r, uint8_t *data, size_t size, size_t from, size_t to)
{
	while (from < to) {
		size_t a = from & (r->size - 1), b = from & (size - 1);
		size_t n = to - from;

		if (n > r->size - a)
			n = r->size - a;
		if (n > size - b)
			n = size - b;
		memcpy(data + b, r->data + a, n);
		from += n;
	}
}

static bool affordable(const struct ring *r, size_t size)
{
	const struct budget *b = r->budget;
	size_t reserve = b && size <= RING_SMALL ? b->limit / 4 : 0;

	return !b || size < r->size || b->used + (size - r->size) <= b->limit + reserve;
}

/* Storage of @size bytes instead; where that is less, only what is inside moves along. */
static bool resize(struct ring *r, size_t size)
{
	size_t kept = size < r->size ? ring_len(r) : r->size;
	uint8_t *data = affordable(r, size) ? malloc(size) : NULL;

	r->refused = !data;
	if (!data)
		return false;
	/* when growing all of it: what was written beyond the tail moves along */
	if (r->data)
		move_bytes(r, data, size, r->head, r->head + kept);
	release(r);
	if (r->budget)
		r->budget->used += size;
	r->data = data;
	r->size = size;
	return true;
}

bool ring_reserve(struct ring *r, size_t n)
{
	size_t need = ring_len(r) + n;

	if (need <= r->size) {
		r->refused = false;
		return true;
	}
	if (need > r->limit)
		return false;
	return resize(r, power_of_two(need));
}

bool ring_push(struct ring *r, struct span s)
{
	if (!ring_write_at(r, 0, s))
		return false;
	ring_extend(r, s.len);
	return true;
}

uint8_t *ring_space(struct ring *r, size_t want, size_t *len)
{
	size_t at, n;

	*len = 0;
	if (want > ring_room(r))
		want = ring_room(r);
	if (want == 0 || !ring_reserve(r, want))
		return NULL;
	at = r->tail & (r->size - 1);
	n = r->size - ring_len(r);
	if (n > r->size - at)
		n = r->size - at;
	*len = n < want ? n : want;
	return r->data + at;
}

bool ring_write_at(struct ring *r, size_t offset, struct span s)
{
	size_t at, first;

	if (s.len == 0)
		return true;
	if (!ring_reserve(r, offset + s.len))
		return false;
	at = (r->tail + offset) & (r->size - 1);
	first = r->size - at;
	if (first > s.len)
		first = s.len;
	memcpy(r->data + at, s.ptr, first);
	if (s.len > first)
		memcpy(r->data, s.ptr + first, s.len - first);
	return true;
}

void ring_extend(struct ring *r, size_t n)
{
	assert(ring_len(r) + n <= r->size);
	r->tail += n;
}

struct span ring_peek(const struct ring *r, size_t offset)
{
	struct span s[2];

	if (offset >= ring_len(r))
		return span_none();
	ring_slice(r, offset, ring_len(r) - offset, s);
	return s[0];
}

void ring_slice(const struct ring *r, size_t offset, size_t len, struct span out[2])
{
	size_t at, first;

	assert(offset + len <= ring_len(r));
	out[0] = out[1] = span_none();
	if (len == 0)
		return;
	at = (r->head + offset) & (r->size - 1);
	first = r->size - at;
	if (first > len)
		first = len;
	out[0] = span_of(r->data + at, first);
	if (len > first)
		out[1] = span_of(r->data, len - first);
}

void ring_consume(struct ring *r, size_t n)
{
	assert(n <= ring_len(r));
	r->head += n;
}

void ring_trim(struct ring *r)
{
	if (ring_len(r) == 0)
		release(r);
	else if (ring_is_wasteful(r))
		resize(r, power_of_two(2 * ring_len(r)));
}
