/* SPDX-License-Identifier: GPL-3.0-or-later */
/* contexts.c - the TLS contexts of one worker, made at first use, by action and ring */
#include "gateway/flow/contexts.h"

#include <stdlib.h>

void contexts_clear(struct contexts *c)
{
	for (size_t i = 0; i < c->count; i++)
		context_put(c->entries[i].context);
	free(c->entries);
	*c = (struct contexts){0};
}

static struct context *find(
	const struct contexts *c, const struct action *action, const struct keyring *ring)
{
	for (size_t i = 0; i < c->count; i++) {
		if (c->entries[i].action == action && c->entries[i].ring == ring)
			return c->entries[i].context;
	}
	return NULL;
}

static struct context *make(struct contexts *c, const struct action *action,
	const struct keyring *ring, char *why, size_t size)
{
	struct contexts_entry *more;
	struct context *made;
	struct err_list err;

	err_init(&err);
	made = context_new(&action->profile, ring, action->label, &err);
	snprintf(why, size, "%s", err.count ? err.lines[0] : "no TLS context");
	err_fini(&err);
	if (!made)
		return NULL;
	more = realloc(c->entries, (c->count + 1) * sizeof(*more));
	if (!more) {
		context_put(made);
		return NULL;
	}
	c->entries = more;
	more[c->count++] = (struct contexts_entry){action, ring, made};
	return made;
}

struct context *contexts_get(struct contexts *c, const struct snapshot *s,
	const struct action *action, struct owner owner, char *why, size_t size)
{
	const char *reason;
	const struct keyring *ring = snapshot_ring(s, action->ring, owner, &reason);
	struct context *found;

	if (!ring) {
		snprintf(why, size, "%s", reason);
		return NULL;
	}
	found = find(c, action, ring);
	if (!found)
		found = make(c, action, ring, why, size);
	return found ? context_get(found) : NULL;
}
