/* SPDX-License-Identifier: GPL-3.0-or-later */
/* strength.h - how short a key may be, our own and in the peer's chain, and what a chain must be */
#ifndef ATTLS_TLS_STRENGTH_H
#define ATTLS_TLS_STRENGTH_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>

struct context;

/* What the certificates of the peer's chain must be. Zero: what min_key says, or anything. */
struct strength {
	unsigned rsa, dsa, ecc; /* bits of the shortest key */
	uint32_t signatures;    /* strength_signatures() */
	bool version3;          /* of X.509 */
};

/**
 * strength_of() - the level that OpenSSL is to judge by, where keys may have @min_key bits
 * Ours are stricter: this only keeps OpenSSL from refusing first.
 */
int strength_of(unsigned min_key);

/** strength_enough() - RSA and DSA keys from @min_key bits, elliptic curves from 224 */
bool strength_enough(const EVP_PKEY *key, unsigned min_key);

/** strength_limit() - the bits that @key of the peer's chain needs; @word: the key of the level */
unsigned strength_limit(const struct context *c, const EVP_PKEY *key, const char **word);

/**
 * strength_signatures() - a set of those that @list names, as TLS 1.3 calls them, with commas
 * Those of the chain are meant: rsa_pss_rsae_sha256 is RSASSA-PSS with SHA-256.
 * Return: 0 if there is another one in it.
 */
uint32_t strength_signatures(const char *list);

/**
 * strength_sigalgs() - the same @list for SSL_CTX_set1_sigalgs_list(3), each of them once
 * Return: false if it names none, or one that is not known, or @to has too few of its @size bytes.
 */
bool strength_sigalgs(const char *list, char *to, size_t size);

/**
 * strength_verify() - verification callback of SSL_CTX_set_verify()
 * Called for each certificate of a chain that is good otherwise. Its errors: ..._KEY_TOO_SMALL,
 * X509_V_ERR_CERT_REJECTED for the version, X509_V_ERR_CA_MD_TOO_WEAK for the signature.
 */
int strength_verify(int ok, X509_STORE_CTX *store);

#endif
