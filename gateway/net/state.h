/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * state.h - what `up` leaves for `down` and for attlsd: file net.state beside the control socket
 *
 * Text, one KEY=VALUE a line: mode, workers, queue_base, mark, candidates, rules4, rules6
 * and sysctl:PATH=VALUE for each setting that was changed, with the value it had.
 */
#ifndef ATTLS_NET_STATE_H
#define ATTLS_NET_STATE_H

#include "base/err.h"
#include "rules/settings.h"

/* A file below /proc/sys and the value it had before. */
struct state_sysctl {
	char *path; /* "net/ipv6/conf/all/forwarding" */
	char *value;
};

struct state {
	unsigned workers; /* 0: there was no state file */
	unsigned queue_base;
	enum gateway_mode mode;
	uint32_t mark;
	size_t candidates;
	bool nat[2];                  /* NAT was there, so the rules follow it */
	size_t rules[2];              /* of IPv4 and of IPv6; 0: nothing of that family */
	struct state_sysctl *sysctls; /* in the order of their change */
	size_t sysctl_count;
};

/** state_load() - an absent file is an empty state. Return: false and @err if it cannot be read. */
bool state_load(struct state *st, const struct settings *s, struct err_list *err);

/** state_save() - replace the file as a whole, making its folder if need be */
bool state_save(const struct state *st, const struct settings *s, struct err_list *err);

/** state_remove() - remove the file; it may be absent */
void state_remove(const struct settings *s);

/** state_sysctl_add() - remember the value of @path from before its first change */
void state_sysctl_add(struct state *st, const char *path, const char *value);

void state_free(struct state *st);

/**
 * state_lock() - wait until no other attls-net changes (or, @exclusive, even looks at) the rules
 * The lock is on the folder of the control socket, so nothing is left behind. Whoever holds it must
 * not wait for the daemon, which may be waiting for an attls-net of its own.
 * Return: for state_unlock(); -1 where the folder cannot be opened, and then nobody waits.
 */
int state_lock(const struct settings *s, bool exclusive);

/** state_unlock() - let the next one go on; -1 is fine */
void state_unlock(int lock);

#endif
