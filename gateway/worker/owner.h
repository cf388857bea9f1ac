/* SPDX-License-Identifier: GPL-3.0-or-later */
/* owner.h - whose socket a connection is: one sock_diag request, answered by the kernel at once */
#ifndef ATTLS_WORKER_OWNER_H
#define ATTLS_WORKER_OWNER_H

#include "base/err.h"
#include "gateway/packet/addr.h"

#include <sys/types.h>

struct owner_source {
	int fd;
};

bool owner_open(struct owner_source *o, struct err_list *err);
void owner_close(struct owner_source *o);

/**
 * owner_find() - the user of the local socket of @key: the connecting one, or the listener
 * The user id is as seen from this user namespace. Costs a few microseconds and never waits.
 * Return: false if no such socket is in this network namespace.
 */
bool owner_find(const struct owner_source *o, const struct tuple *key, uid_t *uid);

/**
 * owner_find_listener() - the user of who listens at @local
 * For a SYN to what is left (TIME-WAIT) of an earlier connection between the same ends: the kernel
 * shows that remnant, which has no user, but gives the SYN to the listener (RFC 6191).
 */
bool owner_find_listener(const struct owner_source *o, const struct endpoint *local, uid_t *uid);

/** owner_cookie() - what tells the socket of @key from every other of this boot; likewise */
bool owner_cookie(const struct owner_source *o, const struct tuple *key, uint64_t *cookie);

#endif
