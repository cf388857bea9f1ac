/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * token.h - private keys in PKCS#11 tokens: a module loaded, and what is done with its keys
 *
 * For the key process and for tools; the process that handles packets has no module. One PIN
 * (passphrase.h) opens all tokens. One that a token refuses is not tried again: some lock
 * themselves after a few.
 */
#ifndef ATTLS_KEYRING_TOKEN_H
#define ATTLS_KEYRING_TOKEN_H

#include "keyring/remote.h"
#include "keyring/token_uri.h"

struct tokens;

/**
 * tokens_load() - load the PKCS#11 module @path into this process
 * It may start threads and open files. Return: NULL with a sentence in @err.
 */
struct tokens *tokens_load(const char *path, struct err_list *err);

/** tokens_free() - end sessions and the module; NULL is fine */
void tokens_free(struct tokens *t);

/**
 * tokens_answer() - do what @q asks with the key at @uri; by any number of threads at a time
 * KEY_OP_CHECK looks for it anew. Whose key it is no token tells: see cert_check(). What does not
 * work is answered with KEY_UNREADABLE: it may work later, and concerns this key alone.
 */
void tokens_answer(struct tokens *t, const struct key_request *q, const char *uri, struct span data,
	struct key_answer *a);

/** tokens_public() - the public half of the key at @uri; owned, NULL with a sentence */
EVP_PKEY *tokens_public(struct tokens *t, const char *uri, struct err_list *err);

#endif
