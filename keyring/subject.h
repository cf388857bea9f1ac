/* SPDX-License-Identifier: GPL-3.0-or-later */
/* subject.h - names in certificates as people write them */
#ifndef ATTLS_KEYRING_SUBJECT_H
#define ATTLS_KEYRING_SUBJECT_H

#include <openssl/x509v3.h>

#include "base/err.h"

/**
 * subject_parse() - "CN=db.example,O=Example\, Inc.,C=DE" (RFC 4514: most specific first)
 * "CN=a+UID=b,O=c" has an RDN of two attributes; "\2C" is the byte with that value.
 * Return: owned; NULL with a sentence in @err.
 */
X509_NAME *subject_parse(const char *text, struct err_list *err);

/**
 * altnames_parse() - "DNS:db.example,IP:192.0.2.1,EMAIL:a@b.example,URI:https://b.example/"
 * Return: owned, never empty; NULL with a sentence in @err.
 */
GENERAL_NAMES *altnames_parse(const char *text, struct err_list *err);

/**
 * subject_text() - RFC 2253 text of @name, control characters escaped
 * Return: owned, NULL without memory.
 */
char *subject_text(const X509_NAME *name);

/**
 * altnames_text() - the subjectAltNames of @x, each as altnames_parse() reads it
 * @comma: what stands between them. Bytes that are not printable become '?'.
 * Return: owned, "" if there are none, NULL without memory.
 */
char *altnames_text(const X509 *x, const char *comma);

#endif
