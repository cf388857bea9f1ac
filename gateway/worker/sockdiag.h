/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sockdiag.h - what the kernel knows of a socket: one sock_diag request, answered at once */
#ifndef ATTLS_WORKER_SOCKDIAG_H
#define ATTLS_WORKER_SOCKDIAG_H

#include "base/err.h"
#include "gateway/packet/addr.h"

#include <sys/types.h>

struct sockdiag {
	int fd;
};

/* Of a socket that some process may still have open. */
struct socket_facts {
	uid_t uid; /* who made it, as seen from this user namespace */
	uint64_t inode;
	uint64_t cgroup; /* number of the group in which it was made; 0: the kernel does not say */
	uint64_t cookie; /* tells it from every other of this boot */
};

bool sockdiag_open(struct sockdiag *d, struct err_list *err);
void sockdiag_close(struct sockdiag *d);

/**
 * sockdiag_find() - the local socket of @key: the connecting one, or the listener
 * Costs a few microseconds and never waits.
 * @interface: index of the one the packet came or goes by, which a socket may be bound to
 * Return: false if there is none in this network namespace, or only what is left of one.
 */
bool sockdiag_find(const struct sockdiag *d, const struct tuple *key, uint32_t interface,
	struct socket_facts *facts);

/**
 * sockdiag_find_listener() - who listens at @local; likewise
 * For a SYN to what is left (TIME-WAIT) of an earlier connection between the same ends: the kernel
 * shows that remnant, which has no user, but gives the SYN to the listener (RFC 6191).
 */
bool sockdiag_find_listener(const struct sockdiag *d, const struct endpoint *local,
	uint32_t interface, struct socket_facts *facts);

#endif
