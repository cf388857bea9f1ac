/* SPDX-License-Identifier: GPL-3.0-or-later */
/* strength.h - how short a key may be: our own, and those in the peer's chain */
#ifndef ATTLS_TLS_STRENGTH_H
#define ATTLS_TLS_STRENGTH_H

#include <openssl/ssl.h>
#include <stdbool.h>

struct context;

/**
 * strength_of() - the level that OpenSSL is to judge by, where keys may have @min_key bits
 * Ours are stricter: this only keeps OpenSSL from refusing first.
 */
int strength_of(unsigned min_key);

/** strength_enough() - RSA and DSA keys from @min_key bits, elliptic curves from 224 */
bool strength_enough(const EVP_PKEY *key, unsigned min_key);

/**
 * strength_verify() - verification callback of SSL_CTX_set_verify()
 * Called for each certificate of a chain that is good otherwise.
 */
int strength_verify(int ok, X509_STORE_CTX *store);

#endif
