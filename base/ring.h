/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ring.h - a byte queue that grows on demand and gives its memory back when empty
 *
 * Bytes enter at the tail and leave at the head. Storage is one power of two, allocated at the
 * first byte, doubled when full up to a limit, given back by ring_trim().
 * Bytes may also be written beyond the tail (reassembly); they count only after ring_extend().
 * What the rings of one worker hold together is bounded by a shared budget.
 */
#ifndef ATTLS_BASE_RING_H
#define ATTLS_BASE_RING_H

#include "base/span.h"

/*
 * Bytes of storage that several rings may hold together; one thread's, no locking. Small rings may
 * go a quarter beyond the limit, so that large ones cannot keep a flow from holding one record.
 */
struct budget {
	size_t used;
	size_t limit;
};

enum { RING_MIN = 4096 };

struct ring {
	uint8_t *data;         /* storage of @size bytes, or NULL */
	size_t size;           /* 0 or a power of two */
	size_t limit;          /* @size never exceeds this, a power of two */
	size_t bound;          /* what ring_room() goes by, at most @limit */
	size_t head;           /* free-running position of the first byte */
	size_t tail;           /* free-running position after the last byte */
	struct budget *budget; /* borrowed, may be NULL: no common bound */
	bool refused;          /* the last wish for more storage was not granted */
};

/**
 * ring_init() - an empty ring without storage
 * @limit:  most bytes it may hold; rounded up to a power of two of at least 4096
 * @budget: borrowed for the life of the ring; NULL for none
 */
void ring_init(struct ring *r, size_t limit, struct budget *budget);

/** ring_fini() - release the storage; contents that may be secret are wiped first */
void ring_fini(struct ring *r);

/** ring_len() - bytes inside */
static inline size_t ring_len(const struct ring *r)
{
	return r->tail - r->head;
}

/** ring_set_bound() - no more than @most bytes are wanted inside; what is there stays */
static inline void ring_set_bound(struct ring *r, size_t most)
{
	r->bound = most < r->limit ? most : r->limit;
}

/** ring_room() - bytes that are still wanted inside */
static inline size_t ring_room(const struct ring *r)
{
	return r->bound > ring_len(r) ? r->bound - ring_len(r) : 0;
}

/**
 * ring_reserve() - make sure that @n bytes beyond the tail have storage
 * Return: false if the limit, the budget or the allocator forbids it; the ring is unchanged.
 */
bool ring_reserve(struct ring *r, size_t n);

/** ring_push() - append all of @s or nothing. Return: false as ring_reserve() does. */
bool ring_push(struct ring *r, struct span s);

/**
 * ring_space() - contiguous free bytes at the tail, to be filled and then ring_extend()ed
 * @want: how many are wished; storage grows for them where it may
 * @len:  set to the length of what is returned, at most @want
 * Return: a pointer valid until the next call that may grow or trim the ring; NULL with *@len 0
 */
uint8_t *ring_space(struct ring *r, size_t want, size_t *len);

/** ring_write_at() - store @s at @offset beyond the tail, not yet counted; false as reserve */
bool ring_write_at(struct ring *r, size_t offset, struct span s);

/** ring_extend() - count @n stored bytes beyond the tail as inside; they must have storage */
void ring_extend(struct ring *r, size_t n);

/** ring_peek() - contiguous bytes from @offset after the head; borrows until the ring changes */
struct span ring_peek(const struct ring *r, size_t offset);

/**
 * ring_slice() - bytes [@offset, @offset + @len) after the head, in at most two pieces
 * @out: out[0] then out[1]; borrows until the ring changes. The range must be inside.
 */
void ring_slice(const struct ring *r, size_t offset, size_t len, struct span out[2]);

/** ring_consume() - drop @n bytes at the head; at most ring_len() */
void ring_consume(struct ring *r, size_t n);

/** ring_is_wasteful() - ring_trim() would give storage back */
static inline bool ring_is_wasteful(const struct ring *r)
{
	size_t len = ring_len(r);

	return len ? r->size > RING_MIN && len <= r->size / 8 : r->size > 0;
}

/** ring_trim() - give back storage that is not in use; not while any byte is beyond the tail */
void ring_trim(struct ring *r);

#endif
