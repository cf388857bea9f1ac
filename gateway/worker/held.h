/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * held.h - SYNs that wait until it is known whose they are
 *
 * Their verdict follows the answer of the owner thread, or after HELD_TIME what is known by then;
 * what cannot be told is left to on_unknown of the rules. Other packets go on meanwhile.
 */
#ifndef ATTLS_WORKER_HELD_H
#define ATTLS_WORKER_HELD_H

#include "gateway/worker/lookup.h"
#include "gateway/worker/worker.h"

/* Only a machine that is very short of time takes so long; senders try again after 1, 3, 7 s. */
#define HELD_TIME (3 * USEC_SEC)

enum { HELD_MAX = 1024 }; /* of one worker */

/** held_already() - whether @a is a SYN that is held, sent once more */
bool held_already(const struct worker *w, const struct arrival *a);

/**
 * held_add() - keep a copy of @p, which is @a, and have the owner of its socket looked for
 * @wants: of enum owner_fact
 * Return: false if there is no room; then nothing was done.
 */
bool held_add(struct worker *w, const struct packet *p, const struct arrival *a,
	const struct socket_facts *facts, unsigned wants, usec_t now);

/** held_answer() - @q came back: decide, or ask for more; takes @q over */
void held_answer(struct worker *w, struct inquiry *q, usec_t now);

/** held_expire() - decide on what has waited long enough */
void held_expire(struct worker *w, usec_t now);

/** held_next() - when held_expire() has something to do, USEC_NEVER without */
usec_t held_next(const struct worker *w);

/** held_free() - forget all; without a verdict they end with the queue */
void held_free(struct worker *w);

#endif
