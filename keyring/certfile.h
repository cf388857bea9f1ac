/* SPDX-License-Identifier: GPL-3.0-or-later */
/* certfile.h - one certificate's files: LABEL.pem, LABEL.key, LABEL.meta */
#ifndef ATTLS_KEYRING_CERTFILE_H
#define ATTLS_KEYRING_CERTFILE_H

#include "keyring/cert.h"
#include "keyring/files.h"

/* Where a certificate is. Borrowed. */
struct cert_place {
	const struct guard *guard;
	const char *folder; /* certs/OWNER */
	const char *owner;
	const char *file; /* "LABEL.pem" */
};

/**
 * certfile_read() - a certificate with its key and status
 * @has_key, @has_meta: whether LABEL.key and LABEL.meta are there
 * Return: owned; NULL if the file name is no label. Its der is NULL if the certificate cannot be
 * read. @err has every problem that shows without decoding.
 */
struct cert *certfile_read(
	const struct cert_place *place, bool has_key, bool has_meta, struct err_list *err);

/** certfile_meta_text() - the text of LABEL.meta, owned */
char *certfile_meta_text(const struct cert *c);

#endif
