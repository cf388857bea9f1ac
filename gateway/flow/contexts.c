/* SPDX-License-Identifier: GPL-3.0-or-later */
/* contexts.c - the TLS contexts of one worker, made at first use, by action, ring and user */
#include "gateway/flow/contexts.h"

#include <stdlib.h>

#include "base/log.h"

void contexts_clear(struct contexts *c)
{
	for (size_t i = 0; i < c->count; i++) {
		context_put(c->entries[i].context);
		free(c->entries[i].why);
	}
	free(c->entries);
	*c = (struct contexts){0};
}

/* Users with the same right have different keys of their own; so it depends on the user too. */
static const struct contexts_entry *find(
	const struct contexts *c, const struct action *action, const struct ring_view *v)
{
	for (size_t i = 0; i < c->count; i++) {
		const struct contexts_entry *e = &c->entries[i];

		if (e->action == action && e->ring == v->ring && e->user == v->user)
			return e;
	}
	return NULL;
}

/* A failure is remembered like a success, or every SYN would try again. */
static const struct contexts_entry *make(
	struct contexts *c, const struct action *action, const struct ring_view *v)
{
	struct contexts_entry *more = realloc(c->entries, (c->count + 1) * sizeof(*more));
	struct contexts_entry *e;
	struct err_list err;

	if (!more)
		return NULL;
	c->entries = more;
	e = &more[c->count++];
	*e = (struct contexts_entry){.action = action, .ring = v->ring, .user = v->user};
	err_init(&err);
	e->context = context_new(&action->profile, v, action->label, &err);
	if (!e->context)
		e->why = strdup(err.count ? err.lines[0] : "no TLS context");
	for (size_t i = 0; i < err.warning_count; i++)
		log_warning("[action %s] %s", action->name, err.warnings[i]);
	err_fini(&err);
	return e;
}

struct context *contexts_get(struct contexts *c, const struct snapshot *s,
	const struct action *action, const struct owner *owner, char *why, size_t size)
{
	const struct contexts_entry *e;
	struct ring_view view;

	if (!snapshot_view(s, action->ring, owner, &view, why, size))
		return NULL;
	e = find(c, action, &view);
	if (!e)
		e = make(c, action, &view);
	if (e && e->context)
		return context_get(e->context);
	snprintf(why, size, "%s", e && e->why ? e->why : "out of memory");
	return NULL;
}
