/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cert.h - one certificate of the store
 *
 * What is read from disk is kept as bytes and decoded when it is first asked for, by any thread:
 * of ten thousand certificates a gateway uses a few.
 */
#ifndef ATTLS_KEYRING_CERT_H
#define ATTLS_KEYRING_CERT_H

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "keyring/facts.h"

enum cert_trust { CERT_NOTRUST, CERT_TRUST, CERT_HIGHTRUST };
enum cert_usage { CERT_PERSONAL, CERT_CERTAUTH, CERT_SITE };

/* All pointers are owned by whoever owns the certificate: mostly a keystore. */
struct cert {
	char *owner; /* a user, "CERTAUTH" or "SITE" */
	char *label;
	enum cert_trust trust;
	char *notes;        /* free text of the .meta file, or NULL */
	char *path;         /* of the .pem file */
	struct facts facts; /* spans into @der */
	unsigned char *der; /* NULL: made in memory */
	char *key_text;     /* of the .key file; NULL: none, not readable for us, or remote */
	char *key_source;   /* where a remote key is (remote.h); in a token: its URI */
	size_t der_len;
	size_t key_len;
	_Atomic(X509 *) x509;    /* decoded; ask cert_x509() */
	_Atomic(EVP_PKEY *) key; /* decoded; ask cert_key() */
};

/** cert_x509() - the certificate; NULL if its bytes cannot be decoded. Lives as long as @c. */
X509 *cert_x509(const struct cert *c);

/**
 * cert_key() - its private key; NULL if there is none that can be read and fits
 * The file may hold a second key, while a certificate is being replaced together with its key.
 */
EVP_PKEY *cert_key(const struct cert *c);

/** cert_has_key() - whether a private key is stored, not yet whether it is a good one */
bool cert_has_key(const struct cert *c);

/** cert_in_token() - whether its private key is in a PKCS#11 token */
bool cert_in_token(const struct cert *c);

/** cert_decodes() - decode the certificate alone. Return: false with a sentence. */
bool cert_decodes(const struct cert *c, struct err_list *err);

/**
 * cert_check() - decode certificate and key. Return: false with a sentence for what is wrong.
 * A key in a token signs something, where there is anybody to ask: no token tells whose key it has.
 */
bool cert_check(const struct cert *c, struct err_list *err);

/** cert_fini() - free what @c holds; cert_free() - and itself; NULL is fine */
void cert_fini(struct cert *c);
void cert_free(struct cert *c);

/** cert_trust_name(), cert_usage_name() - upper-case words, static */
const char *cert_trust_name(enum cert_trust t);
const char *cert_usage_name(enum cert_usage u);

/** cert_trust_parse(), cert_usage_parse() - without case. Return: false for another word. */
bool cert_trust_parse(const char *word, enum cert_trust *t);
bool cert_usage_parse(const char *word, enum cert_usage *u);

#endif
