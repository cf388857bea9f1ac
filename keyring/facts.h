/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * facts.h - what a certificate says, found in its bytes without decoding it
 *
 * To decode a certificate with its public key costs OpenSSL more than to read its file. Whoever
 * looks through ten thousand of them compares these spans instead.
 */
#ifndef ATTLS_KEYRING_FACTS_H
#define ATTLS_KEYRING_FACTS_H

#include <openssl/x509.h>
#include <stdbool.h>

#include "base/span.h"

/* Spans into the DER bytes, each with its tag and length (RFC 5280 4.1). */
struct facts {
	struct span serial;
	struct span issuer;
	struct span not_before;
	struct span not_after;
	struct span subject;
	struct span public_key; /* SubjectPublicKeyInfo */
};

/** facts_find() - of certificate @der. Return: false if it is not built like a certificate. */
bool facts_find(struct facts *f, struct span der);

/** facts_same() - whether two certificates are one to RACF: same issuer, same serial number */
bool facts_same(const struct facts *a, const struct facts *b);

/** facts_name() - a name in words, as subject_text() writes it; owned, NULL if it is none */
char *facts_name(struct span name);

/** facts_time() - a date; owned, with ASN1_TIME_free(); NULL if it is none */
ASN1_TIME *facts_time(struct span time);

/** facts_instant() - a date in seconds since the epoch; 0 if it is none */
int64_t facts_instant(struct span time);

#endif
