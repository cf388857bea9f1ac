/* SPDX-License-Identifier: GPL-3.0-or-later */
/* keyprocess.h - the process that holds the private keys: from its fork to its end */
#ifndef ATTLS_DAEMON_KEYPROCESS_H
#define ATTLS_DAEMON_KEYPROCESS_H

#include <stdatomic.h>

#include "rules/settings.h"

/**
 * keyprocess_run() - give up rights, shut the door, answer on @fds until the first of them ends
 * Each channel is told at first that this process is there (KEY_RESTARTED), or the first one why it
 * cannot be (KEY_REFUSED); @spoken is set before. One that takes too long for that is ended by
 * SIGALRM. Never returns; once it has spoken the exit status is 0 if there is no sense in another
 * try.
 * @with_module: whether pkcs11_module may be loaded
 */
_Noreturn void keyprocess_run(const struct settings *s, const int *fds, size_t count,
	bool with_module, atomic_bool *spoken);

#endif
