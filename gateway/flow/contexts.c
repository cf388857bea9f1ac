/* SPDX-License-Identifier: GPL-3.0-or-later */
/* contexts.c - the TLS contexts of one worker, made at first use, by action and ring */
#include "gateway/flow/contexts.h"

#include <stdlib.h>

void contexts_clear(struct contexts *c)
{
	for (size_t i = 0; i < c->count; i++) {
		context_put(c->entries[i].context);
		free(c->entries[i].why);
	}
	free(c->entries);
	*c = (struct contexts){0};
}

static const struct contexts_entry *find(
	const struct contexts *c, const struct action *action, const struct keyring *ring)
{
	for (size_t i = 0; i < c->count; i++) {
		if (c->entries[i].action == action && c->entries[i].ring == ring)
			return &c->entries[i];
	}
	return NULL;
}

/* A failure is remembered like a success, or every SYN would try again. */
static const struct contexts_entry *make(
	struct contexts *c, const struct action *action, const struct keyring *ring)
{
	struct contexts_entry *more = realloc(c->entries, (c->count + 1) * sizeof(*more));
	struct contexts_entry *e;
	struct err_list err;

	if (!more)
		return NULL;
	c->entries = more;
	e = &more[c->count++];
	*e = (struct contexts_entry){.action = action, .ring = ring};
	err_init(&err);
	e->context = context_new(&action->profile, ring, action->label, &err);
	if (!e->context)
		e->why = strdup(err.count ? err.lines[0] : "no TLS context");
	err_fini(&err);
	return e;
}

struct context *contexts_get(struct contexts *c, const struct snapshot *s,
	const struct action *action, const struct owner *owner, char *why, size_t size)
{
	const char *reason;
	const struct keyring *ring = snapshot_ring(s, action->ring, owner, &reason);
	const struct contexts_entry *e;

	if (!ring) {
		snprintf(why, size, "%s", reason);
		return NULL;
	}
	e = find(c, action, ring);
	if (!e)
		e = make(c, action, ring);
	if (e && e->context)
		return context_get(e->context);
	snprintf(why, size, "%s", e && e->why ? e->why : "out of memory");
	return NULL;
}
