/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * table.h - all flows of one worker, found by the addresses of a packet
 *
 * A flow has a key for each side: they are equal unless this host translates the connection's
 * destination (DNAT), where the plain side shows the address the application dialled and the wire
 * side the one that answers.
 */
#ifndef ATTLS_FLOW_TABLE_H
#define ATTLS_FLOW_TABLE_H

#include "gateway/flow/deadline.h"
#include "gateway/flow/index.h"

struct table {
	struct index by_key[SIDES];
	struct index by_local; /* outbound openings, by local endpoint */
	struct list flows;     /* through flow->by_state */
	struct list young;     /* openings and unanswered passed flows, oldest first */
	struct list dead;      /* out of every index, memory kept until table_reap() */
	struct deadlines deadlines;
	size_t count; /* flows in the table */
	size_t limit;
};

/** table_init() - room for @limit flows; false without memory */
bool table_init(struct table *t, size_t limit);

/** table_fini() - free everything, flows included */
void table_fini(struct table *t);

/** table_find() - the flow of a packet with @key on @side, NULL if there is none */
struct flow *table_find(const struct table *t, enum side side, const struct tuple *key);

/**
 * table_find_opening() - the outbound opening that a SYN-ACK with @ack to @local answers
 * For connections DNATed on this host: the answer comes from an address nobody dialled.
 */
struct flow *table_find_opening(const struct table *t, const struct endpoint *local, uint32_t ack);

/** table_add() - enter @f under its keys; false when full */
bool table_add(struct table *t, struct flow *f);

/** table_grown() - @f has been answered: it is no longer the first to go when room is short */
void table_grown(struct flow *f);

/** table_oldest_young() - what has waited longest for an answer, NULL if nothing does */
struct flow *table_oldest_young(const struct table *t);

/** table_rekey() - @f shows @key on the wire side from now on */
void table_rekey(struct table *t, struct flow *f, const struct tuple *key);

/** table_remove() - take @f out, if it is in; its memory is kept until table_reap() */
void table_remove(struct table *t, struct flow *f);

/** table_reap() - free what was removed; no pointer to it may be in use any more */
void table_reap(struct table *t);

#endif
