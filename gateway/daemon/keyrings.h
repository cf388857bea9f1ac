/* SPDX-License-Identifier: GPL-3.0-or-later */
/* keyrings.h - which keyrings are in force, and what is wrong with what came later */
#ifndef ATTLS_DAEMON_KEYRINGS_H
#define ATTLS_DAEMON_KEYRINGS_H

#include "base/err.h"
#include "gateway/flow/snapshot.h"
#include "keyring/manifest.h"

struct keyrings {
	struct manifest *in_force; /* what was there when it was loaded */
	struct manifest *seen;     /* what was there when it was last looked at */
	struct err_list said;      /* of the last look: errors if it was not taken, and warnings */
};

/** keyrings_init() - at the start. @seen: taken over; @err: whose warnings are copied */
void keyrings_init(struct keyrings *k, struct manifest *seen, const struct err_list *err);
void keyrings_fini(struct keyrings *k);

/** keyrings_report() - log what @s holds. @changes: since the one before, "" for none */
void keyrings_report(const struct snapshot *s, const char *changes);

/** keyrings_known() - whether @seen was looked at already */
bool keyrings_known(const struct keyrings *k, const struct manifest *seen);

/**
 * keyrings_loaded() - @s is in force: log what it holds and what is new
 * @seen: what was there before it was loaded; taken over
 * @err:  warnings of the load
 */
void keyrings_loaded(struct keyrings *k, const struct snapshot *s, struct manifest *seen,
	const struct err_list *err);

/** keyrings_refused() - what is there cannot be used: log what was not said before */
void keyrings_refused(struct keyrings *k, const struct snapshot *in_force, struct manifest *seen,
	const struct err_list *err);

#endif
