/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * watch.h - notice when somebody else changes the packet filter rules, and restore ours
 *
 * The kernel announces every change of nf_tables, which is what iptables writes to. After one that
 * is not ours the rules are compared with what `attls-net up` left; if they are not whole, all TLS
 * flows are reset, since packets of theirs may have been missed, and the rules are put back. What
 * protects in between is that steal rules and guard lie in different tables.
 */
#ifndef ATTLS_DAEMON_WATCH_H
#define ATTLS_DAEMON_WATCH_H

#include "gateway/daemon/daemon.h"

/** watch_open() - begin to listen. Return: a descriptor for poll(), -1 (and a warning) without. */
int watch_open(void);

/** watch_drain() - forget what was announced so far, ours or seen to */
void watch_drain(int fd);

/** watch_check() - compare, and restore where the rules should be up and are not whole */
void watch_check(struct daemon *d);

#endif
