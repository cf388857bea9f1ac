/* SPDX-License-Identifier: GPL-3.0-or-later */
/* certfile.h - one certificate's files: LABEL.pem, LABEL.key, LABEL.meta */
#ifndef ATTLS_KEYRING_CERTFILE_H
#define ATTLS_KEYRING_CERTFILE_H

#include "keyring/files.h"
#include "keyring/keyring.h"

/**
 * certfile_read() - a certificate with its key and status
 * @folder: certs/OWNER; @file: "LABEL.pem" in it
 * Return: owned; NULL if the file name is no label. Its x509 is NULL if the certificate cannot be
 * read. @err has every problem.
 */
struct cert *certfile_read(const struct guard *g, const char *folder, const char *owner,
	const char *file, struct err_list *err);

void cert_free(struct cert *c);

/** cert_trust_name(), cert_usage_name() - upper-case words, static */
const char *cert_trust_name(enum cert_trust t);
const char *cert_usage_name(enum cert_usage u);

/** cert_trust_parse(), cert_usage_parse() - without case. Return: false for another word. */
bool cert_trust_parse(const char *word, enum cert_trust *t);
bool cert_usage_parse(const char *word, enum cert_usage *u);

#endif
