/* SPDX-License-Identifier: GPL-3.0-or-later */
/* stale.h - actions that connections go on with though the policy in force has them no longer */
#ifndef ATTLS_DAEMON_STALE_H
#define ATTLS_DAEMON_STALE_H

#include "gateway/daemon/daemon.h"

/**
 * stale_describe() - what replaced policies are still used for (AT-TLS: stale actions)
 * Return: a new array, one row for each rule and generation whose flows have a stale action.
 */
json_t *stale_describe(struct daemon *d);

#endif
