/* SPDX-License-Identifier: GPL-3.0-or-later */
/* contexts.h - the TLS contexts of one worker, made at first use, by action, ring and user */
#ifndef ATTLS_FLOW_CONTEXTS_H
#define ATTLS_FLOW_CONTEXTS_H

#include "gateway/flow/snapshot.h"
#include "gateway/tls/context.h"

struct contexts_entry {
	const struct action *action;
	const struct keyring *ring;
	const char *user;        /* as in the snapshot, so equal pointers are equal users */
	struct context *context; /* referenced; NULL: it could not be made */
	char *why;               /* then, the reason; owned */
};

/* Of one snapshot only: emptied when another comes into force. */
struct contexts {
	struct contexts_entry *entries;
	size_t count;
};

/** contexts_clear() - drop all; sessions keep theirs by reference */
void contexts_clear(struct contexts *c);

/**
 * contexts_get() - the context for @action as used by a connection's owner
 * @why: receives the reason when there is none
 * Return: a new reference, or NULL.
 */
struct context *contexts_get(struct contexts *c, const struct snapshot *s,
	const struct action *action, const struct owner *owner, char *why, size_t size);

#endif
