/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * passphrase.h - what opens the encrypted private keys of the store, and tokens
 *
 * A source is fd:N, credential:NAME (of systemd, in $CREDENTIALS_DIRECTORY) or file:PATH. A process
 * has one of each kind at most, read before it has threads.
 */
#ifndef ATTLS_KEYRING_PASSPHRASE_H
#define ATTLS_KEYRING_PASSPHRASE_H

#include "base/err.h"

enum passphrase {
	PASSPHRASE_KEYS,   /* of encrypted key files */
	PASSPHRASE_TOKENS, /* the PIN of PKCS#11 tokens */
};

/** passphrase_source_ok() - whether @source is written as a source */
bool passphrase_source_ok(const char *source);

/**
 * passphrase_read() - take the first line of @source as this process's passphrase or PIN
 * Return: false with a sentence if it cannot be read, is empty, or is open to others.
 */
bool passphrase_read(enum passphrase which, const char *source, struct err_list *err);

/** passphrase_get() - this process's passphrase or PIN, zero-terminated; NULL without */
const char *passphrase_get(enum passphrase which);

/** passphrase_shun() - close the descriptor of an fd: source where it is not to be read */
void passphrase_shun(const char *source);

/** passphrase_forget() - wipe both */
void passphrase_forget(void);

#endif
