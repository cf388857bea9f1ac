/* SPDX-License-Identifier: GPL-3.0-or-later */
/* deadline.c - the earliest deadline over all flows: a binary heap, one slot a flow */
#include "gateway/flow/deadline.h"

#include <stdlib.h>

void deadlines_fini(struct deadlines *d)
{
	free(d->heap);
	*d = (struct deadlines){0};
}

static void place(struct deadlines *d, size_t i, struct flow *f)
{
	d->heap[i] = f;
	f->heap_slot = i + 1;
}

static void sift_up(struct deadlines *d, size_t i)
{
	struct flow *f = d->heap[i];

	for (; i > 0 && f->deadline < d->heap[(i - 1) / 2]->deadline; i = (i - 1) / 2)
		place(d, i, d->heap[(i - 1) / 2]);
	place(d, i, f);
}

static void sift_down(struct deadlines *d, size_t i)
{
	struct flow *f = d->heap[i];

	for (;;) {
		size_t child = 2 * i + 1;

		if (child + 1 < d->count && d->heap[child + 1]->deadline < d->heap[child]->deadline)
			child++;
		if (child >= d->count || d->heap[child]->deadline >= f->deadline)
			break;
		place(d, i, d->heap[child]);
		i = child;
	}
	place(d, i, f);
}

static bool make_room(struct deadlines *d)
{
	size_t size = d->size ? 2 * d->size : 64;
	struct flow **heap;

	if (d->count < d->size)
		return true;
	heap = realloc(d->heap, size * sizeof(*heap));
	if (!heap)
		return false;
	d->heap = heap;
	d->size = size;
	return true;
}

static void take_out(struct deadlines *d, struct flow *f)
{
	size_t i = f->heap_slot - 1;
	struct flow *last = d->heap[--d->count];

	f->heap_slot = 0;
	if (last == f)
		return;
	place(d, i, last);
	sift_up(d, i);
	sift_down(d, last->heap_slot - 1);
}

bool deadlines_set(struct deadlines *d, struct flow *f, usec_t when)
{
	usec_t before = f->deadline;

	f->deadline = when;
	if (when == USEC_NEVER) {
		if (f->heap_slot)
			take_out(d, f);
		return true;
	}
	if (!f->heap_slot) {
		if (!make_room(d))
			return false;
		d->heap[d->count] = f;
		sift_up(d, d->count++);
	} else if (when < before) {
		sift_up(d, f->heap_slot - 1);
	} else {
		sift_down(d, f->heap_slot - 1);
	}
	return true;
}

usec_t deadlines_next(const struct deadlines *d)
{
	return d->count ? d->heap[0]->deadline : USEC_NEVER;
}

struct flow *deadlines_due(const struct deadlines *d, usec_t now)
{
	return d->count && d->heap[0]->deadline <= now ? d->heap[0] : NULL;
}
