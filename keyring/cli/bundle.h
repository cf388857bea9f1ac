/* SPDX-License-Identifier: GPL-3.0-or-later */
/* bundle.h - a file from somewhere: PEM, DER, PKCS#7 or PKCS#12: certificates and perhaps a key */
#ifndef ATTLS_KEYRING_CLI_BUNDLE_H
#define ATTLS_KEYRING_CLI_BUNDLE_H

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "base/err.h"

struct bundle {
	STACK_OF(X509) * certs; /* in file order */
	EVP_PKEY *key;          /* or NULL */
};

/* What opens an encrypted file; both NULL for nothing. Borrowed. */
struct password {
	const char *text;
	const char *file; /* its first line counts */
};

/**
 * bundle_read() - certificates, and a key if there is one, from file @path
 * Also in plain base64, as z/OS writes packages.
 * Return: false with a sentence in @err; otherwise bundle_free() it. There may be no certificate.
 */
bool bundle_read(
	struct bundle *b, const char *path, const struct password *password, struct err_list *err);

void bundle_free(struct bundle *b);

/**
 * password_get() - the password itself
 * Return: file_free()d with @len bytes; NULL if there is none or, with a sentence, it is unreadable
 */
char *password_get(const struct password *p, size_t *len, struct err_list *err);

#endif
