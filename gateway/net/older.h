/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * older.h - connections that were there before the rules (host mode)
 *
 * Their beginning was not seen, so they cannot get TLS. `established = reset` has the daemon reset
 * them at their next packet; `keep` lets them go on as they are until they end. Which ones they are
 * can only be told while no rule is installed yet: later, a connection in mid-stream may be one
 * that was protected by a daemon that has died.
 */
#ifndef ATTLS_NET_OLDER_H
#define ATTLS_NET_OLDER_H

#include "base/err.h"
#include "rules/candidate.h"
#include "rules/settings.h"

struct older {
	struct tuple key;
	uint64_t cookie; /* of the socket: a later one on the same addresses has another */
	uid_t uid;
};

struct older_list {
	struct older *items;
	size_t count;
};

/** older_find() - TCP sockets beyond their handshake that a candidate covers, by sock_diag */
bool older_find(
	struct older_list *list, const struct candidate_list *candidates, struct err_list *err);

/** older_save() - write file `established` beside the control socket, for attlsd to adopt */
bool older_save(const struct older_list *list, const struct settings *s, struct err_list *err);

/** older_remove() - remove that file; it may be absent */
void older_remove(const struct settings *s);

/** older_report() - say how many there are, whose, and what becomes of them */
void older_report(const struct older_list *list, bool keep);

void older_free(struct older_list *list);

#endif
