/* SPDX-License-Identifier: GPL-3.0-or-later */
/* account.h - who is in a group of this system */
#ifndef ATTLS_BASE_ACCOUNT_H
#define ATTLS_BASE_ACCOUNT_H

#include <stdbool.h>

/* Called with @arg for each name. */
typedef void account_fn(void *arg, const char *user);

/**
 * account_members() - the users whom @group lists, and those whose own group it is
 * Asks the account database, so it is for the main thread. A user may come twice.
 * Return: false if there is no such group.
 */
bool account_members(const char *group, account_fn *each, void *arg);

#endif
