/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * policy_index.h - the few rules that can take a connection, found without a look at the others
 *
 * Private to rules/. Immutable once made, shared by all threads.
 */
#ifndef ATTLS_RULES_POLICY_INDEX_H
#define ATTLS_RULES_POLICY_INDEX_H

#include "rules/policy.h"

enum {
	INDEX_ENDS = 4,       /* both addresses, both ports */
	INDEX_DIMENSIONS = 6, /* and the user, and the job */
	INDEX_LISTS = INDEX_DIMENSIONS + OWNER_FACTS,
};

/** policy_index_new() - of @count rules in order of search; owned, with policy_index_free() */
struct policy_index *policy_index_new(struct rule *const *rules, size_t count);

void policy_index_free(struct policy_index *x);

/* Places in order of search, one list for each thing that is known of a connection. */
struct policy_walk {
	struct {
		const uint32_t *at, *end;
	} lists[INDEX_LISTS];
	size_t count; /* of those that are not at their end */
};

/** policy_walk_init() - before the first rule that could take @q, by its ends and its owner */
void policy_walk_init(struct policy_walk *w, const struct policy_index *x, const struct query *q);

/**
 * policy_walk_next() - the place of the next rule in order of search
 * Every rule that takes the connection, or might, is among them, with few others.
 * Return: false at the end.
 */
bool policy_walk_next(struct policy_walk *w, uint32_t *place);

#endif
