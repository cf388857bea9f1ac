/* SPDX-License-Identifier: GPL-3.0-or-later */
/* effective.h - what the policy in force says, value by value, with where each comes from */
#ifndef ATTLS_DAEMON_EFFECTIVE_H
#define ATTLS_DAEMON_EFFECTIVE_H

#include "gateway/daemon/daemon.h"

/**
 * effective_describe() - every value that counts, defaults too
 * @rule: only this one, with its times, action and level; NULL: the whole policy
 * Return: a new array, one row a section.
 */
json_t *effective_describe(const struct daemon *d, const struct rule *rule);

#endif
