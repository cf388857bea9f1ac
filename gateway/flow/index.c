/* SPDX-License-Identifier: GPL-3.0-or-later */
/* index.c - a hash table of lists; nobody outside can choose what shares a bucket */
#include "gateway/flow/index.h"

#include <stdlib.h>

bool index_init(struct index *x, size_t buckets)
{
	size_t size = 64;

	while (size < buckets)
		size *= 2;
	*x = (struct index){.buckets = malloc(size * sizeof(*x->buckets)), .mask = size - 1};
	siphash_random(&x->key);
	for (size_t i = 0; x->buckets && i < size; i++)
		list_init(&x->buckets[i]);
	return x->buckets != NULL;
}

void index_fini(struct index *x)
{
	free(x->buckets);
	*x = (struct index){0};
}

struct list *index_bucket(const struct index *x, struct span bytes)
{
	return &x->buckets[siphash(&x->key, bytes) & x->mask];
}
