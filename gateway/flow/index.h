/* SPDX-License-Identifier: GPL-3.0-or-later */
/* index.h - a hash table of lists; nobody outside can choose what shares a bucket */
#ifndef ATTLS_FLOW_INDEX_H
#define ATTLS_FLOW_INDEX_H

#include "base/list.h"
#include "base/siphash.h"

struct index {
	struct list *buckets;
	size_t mask; /* number of buckets - 1 */
	struct siphash_key key;
};

/** index_init() - at least @buckets buckets; false without memory */
bool index_init(struct index *x, size_t buckets);

/** index_fini() - what is in the buckets is the caller's */
void index_fini(struct index *x);

/** index_bucket() - where whatever has the key @bytes is to be found */
struct list *index_bucket(const struct index *x, struct span bytes);

#endif
