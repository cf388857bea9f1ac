/* SPDX-License-Identifier: GPL-3.0-or-later */
/* links.h - a change in every ring that holds a certificate */
#ifndef ATTLS_KEYRING_CLI_LINKS_H
#define ATTLS_KEYRING_CLI_LINKS_H

#include "keyring/cli/verbs.h"

/** link_fn - change @ref of @refs, which may move or go; @to is what links_change() was given */
typedef void link_fn(struct ring_refs *refs, struct ring_ref *ref, const struct cert *to);

/**
 * links_change() - rewrite every ring with a reference to @owner/@label
 * Each ring changes at once; a crash leaves some changed and some not, all of them right.
 * Return: false with a sentence in @err, also if a ring's file cannot be understood.
 */
bool links_change(const struct desk *d, const struct cert_id *from, link_fn *change,
	const struct cert *to, struct err_list *err);

link_fn link_drop;   /* no reference any more */
link_fn link_rename; /* to @to instead */

/**
 * link_rollover() - @to takes the place of a personal certificate; beside a CA's or a site's it is
 * added, as the old one goes on to verify what it signed
 */
link_fn link_rollover;

#endif
