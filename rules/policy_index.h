/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * policy_index.h - the few rules that can take a connection, found without a look at the others
 *
 * Private to rules/. Immutable once made, shared by all threads.
 */
#ifndef ATTLS_RULES_POLICY_INDEX_H
#define ATTLS_RULES_POLICY_INDEX_H

#include "rules/policy.h"

enum { INDEX_DIMENSIONS = 4 }; /* both addresses, both ports */

/** policy_index_new() - of @count rules in order of search; owned, with policy_index_free() */
struct policy_index *policy_index_new(struct rule *const *rules, size_t count);

void policy_index_free(struct policy_index *x);

/* Where a search stands: in one list for each dimension, and in that of all other rules. */
struct policy_walk {
	const uint32_t *at[INDEX_DIMENSIONS + 1];
	const uint32_t *end[INDEX_DIMENSIONS + 1];
};

/** policy_walk_init() - before the first rule that could take a connection between @tuple */
void policy_walk_init(
	struct policy_walk *w, const struct policy_index *x, const struct tuple *tuple);

/**
 * policy_walk_next() - the place of the next rule in order of search
 * Every rule that takes the connection is among them, with few others.
 * Return: false at the end.
 */
bool policy_walk_next(struct policy_walk *w, uint32_t *place);

#endif
