/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * keyring.h - RACF-like key rings, read from a directory into memory
 *
 *   certs/OWNER/LABEL.pem .key .meta   a certificate, stored once
 *   rings/OWNER/RING.ring              an INI file of references, one section per connection
 *   access.ini                         who may read which ring and use which key
 *
 * A keystore is an immutable, reference-counted snapshot of the directory. Owners and ring names
 * compare without case, labels with case.
 */
#ifndef ATTLS_KEYRING_KEYRING_H
#define ATTLS_KEYRING_KEYRING_H

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

enum cert_trust { CERT_NOTRUST, CERT_TRUST, CERT_HIGHTRUST };
enum cert_usage { CERT_PERSONAL, CERT_CERTAUTH, CERT_SITE };

/* One certificate of the store. All pointers are owned by the keystore. */
struct cert {
	char *owner; /* a user, "CERTAUTH" or "SITE" */
	char *label;
	enum cert_trust trust;
	X509 *x509;
	EVP_PKEY *key; /* NULL: none, or not readable for us */
	char *path;    /* of the .pem file */
};

/* A certificate as connected to a ring. */
struct connection {
	const struct cert *cert;
	enum cert_usage usage;
	bool is_default;
};

/* A ring; all pointers are owned by the keystore. */
struct keyring {
	char *owner;
	char *name;
	struct connection *connections;
	size_t connection_count;
};

struct keystore;

/**
 * keystore_load() - read the whole directory
 * @dir: the keyring directory; a missing one is an error, an empty one is not
 * @err: receives a sentence for every problem, each naming file, place and remedy: a file that
 *       does not parse, a key with loose permissions or a wrong owner, a reference to nothing,
 *       two defaults in one ring, a key that does not fit its certificate
 * Return: with one reference, or NULL if there was any error. Warnings do not fail it.
 */
struct keystore *keystore_load(const char *dir, struct err_list *err);

struct keystore *keystore_get(struct keystore *k);
void keystore_put(struct keystore *k);

/**
 * keystore_read() - keystore_load() for tools that repair: what could be understood, even with
 * errors. Return: with one reference; NULL only if the directory itself cannot be read.
 */
struct keystore *keystore_read(const char *dir, struct err_list *err);

/** keystore_ring() - the ring @owner/@name; NULL if there is none. Lives as long as @k. */
const struct keyring *keystore_ring(const struct keystore *k, const char *owner, const char *name);

/** keystore_cert() - the certificate @owner/@label; NULL if there is none */
const struct cert *keystore_cert(const struct keystore *k, const char *owner, const char *label);

/** keystore_count() - certificates and rings, for status lines */
void keystore_count(const struct keystore *k, size_t *certs, size_t *rings);

/** keystore_cert_at() - certificate @i from 0, by owner and label; NULL past the last */
const struct cert *keystore_cert_at(const struct keystore *k, size_t i);

/** keystore_ring_at() - ring number @i from 0, in order of owner and name; NULL past the last */
const struct keyring *keystore_ring_at(const struct keystore *k, size_t i);

/**
 * keyring_certificate() - the certificate that an action presents
 * @label: or NULL for the default of the ring
 * NOTRUST certificates are invisible. Only a connection of usage PERSONAL with a key qualifies.
 * Return: NULL if there is none. Lives as long as the keystore.
 */
const struct cert *keyring_certificate(const struct keyring *r, const char *label);

/**
 * keystore_may_read() - whether @user may read ring @r: its own, or as access.ini says
 * @user: compared without case; NULL where nobody knows the user: only rings open to all
 */
bool keystore_may_read(const struct keystore *k, const char *user, const struct keyring *r);

#endif
