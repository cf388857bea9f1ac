/* SPDX-License-Identifier: GPL-3.0-or-later */
/* remote_internal.h - what the files of the remote key provider share */
#ifndef ATTLS_KEYRING_REMOTE_INTERNAL_H
#define ATTLS_KEYRING_REMOTE_INTERNAL_H

#include <openssl/core.h>

#include "keyring/remote.h"

/* OpenSSL's key data: of the public half, and where the private one is. */
struct remote {
	const char *type; /* "RSA", "EC", "ED25519" */
	EVP_PKEY *public; /* of OpenSSL's own provider; owned */
	char *source;     /* owned; NULL: a public key only */
	uint8_t print[KEY_PRINT];
};

/* The parameters by which remote_key() hands both to the provider. */
#define REMOTE_PUBLIC "attls-public"
#define REMOTE_SOURCE "attls-source"

extern const OSSL_ALGORITHM remote_keymgmts[], remote_signatures[], remote_ciphers[];

/** remote_request() - a request about @r without an id; @data_len bytes will go with it */
struct key_request remote_request(const struct remote *r, enum key_op op, size_t data_len);

/**
 * remote_result() - have @q answered and take the result
 * Return: its length in @out; 0 on failure, or if it takes more than @size bytes.
 */
size_t remote_result(const struct remote *r, const struct key_request *q, struct span data,
	uint8_t *out, size_t size);

/**
 * remote_use() - there is one more remote key of this fingerprint; false without memory
 * Of two that remote_key() has made for one certificate each is a use.
 */
bool remote_use(const uint8_t print[KEY_PRINT]);

/** remote_disuse() - there is one fewer; with the last, the other process forgets the key */
void remote_disuse(const struct remote *r);

#endif
