/* SPDX-License-Identifier: GPL-3.0-or-later */
/* privilege.h - give up what the daemon does not need once it runs */
#ifndef ATTLS_DAEMON_PRIVILEGE_H
#define ATTLS_DAEMON_PRIVILEGE_H

#include "base/err.h"

/** privilege_seal() - no core files, no ptrace: keys and cleartext stay in this process */
void privilege_seal(void);

/**
 * privilege_drop() - keep CAP_NET_ADMIN, which every verdict needs, and for the owner thread
 * CAP_SYS_PTRACE, which it alone raises
 * @user: account to change to; "" keeps the present one
 * Without CAP_SETPCAP the bounding set stays as it is, which a container has bounded already.
 */
bool privilege_drop(const char *user, struct err_list *err);

/**
 * privilege_keep_files() - keep nothing, but to root what it needs to read files of others
 * @user: account to change to; "" keeps the present one
 */
bool privilege_keep_files(const char *user, struct err_list *err);

#endif
