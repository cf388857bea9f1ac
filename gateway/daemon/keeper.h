/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * keeper.h - see to it that there is a key process
 *
 * The keeper is forked before the daemon gives up its privileges, forks the key process, and
 * another one if that ends. It never holds a key, but reads the passphrase of encrypted ones and
 * the PIN of tokens for its children. A PKCS#11 module that ends its process before the first word,
 * or several of them within seconds, is left out from then on.
 */
#ifndef ATTLS_DAEMON_KEEPER_H
#define ATTLS_DAEMON_KEEPER_H

#include <sys/types.h>

#include "rules/settings.h"

struct keeper {
	pid_t pid;
	int *fds; /* ours of the channels: the main thread's, then each worker's */
	size_t count;
};

/** keeper_start() - on success there is a key process, and signer_begin() has been called */
bool keeper_start(struct keeper *k, const struct settings *s, struct err_list *err);

/** keeper_stop() - close the channels, which ends both processes */
void keeper_stop(struct keeper *k);

#endif
