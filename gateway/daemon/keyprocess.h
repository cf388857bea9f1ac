/* SPDX-License-Identifier: GPL-3.0-or-later */
/* keyprocess.h - the process that holds the private keys: from its fork to its end */
#ifndef ATTLS_DAEMON_KEYPROCESS_H
#define ATTLS_DAEMON_KEYPROCESS_H

#include "rules/settings.h"

/**
 * keyprocess_run() - give up rights, shut the door, answer on @fds until the first of them ends
 * Each channel is told at first that this process is there (KEY_RESTARTED), or the first one why it
 * cannot be (KEY_REFUSED). Never returns; the exit status is 0 if there is no sense in another try.
 */
_Noreturn void keyprocess_run(const struct settings *s, const int *fds, size_t count);

#endif
