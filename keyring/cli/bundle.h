/* SPDX-License-Identifier: GPL-3.0-or-later */
/* bundle.h - a file from somewhere: PEM, DER or PKCS#12, certificates and perhaps a key */
#ifndef ATTLS_KEYRING_CLI_BUNDLE_H
#define ATTLS_KEYRING_CLI_BUNDLE_H

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "base/err.h"

struct bundle {
	STACK_OF(X509) * certs; /* in file order */
	EVP_PKEY *key;          /* or NULL */
};

/**
 * bundle_read() - certificates, and a key if there is one, from file @path
 * @password_file: its first line opens an encrypted file; NULL for none
 * Return: false with a sentence in @err; otherwise bundle_free() it. There may be no certificate.
 */
bool bundle_read(
	struct bundle *b, const char *path, const char *password_file, struct err_list *err);

void bundle_free(struct bundle *b);

#endif
