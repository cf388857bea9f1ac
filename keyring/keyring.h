/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * keyring.h - RACF-like key rings, read from a directory into memory
 *
 *   certs/OWNER/LABEL.pem .key .meta   a certificate, stored once
 *   rings/OWNER/RING.ring              an INI file of references, one section per connection
 *   maps/LABEL.map                     certificate name filters (keyring/mapfile.h)
 *   identity.ini                       what filters refer to (keyring/usermap.h)
 *   access.ini                         who may read which ring and use which key
 *
 * A keystore is an immutable, reference-counted snapshot of the directory. Owners and ring names
 * compare without case, labels with case.
 */
#ifndef ATTLS_KEYRING_KEYRING_H
#define ATTLS_KEYRING_KEYRING_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "keyring/access.h"
#include "keyring/cert.h"

/* A certificate as connected to a ring. */
struct connection {
	const struct cert *cert;
	enum cert_usage usage;
	bool is_default;
};

/* A ring; all pointers are owned by the keystore. */
struct keyring {
	char *owner;
	char *name; /* "*": virtual, not stored: all certificates of the owner */
	char *path; /* of its file; NULL for a virtual one */
	struct connection *connections;
	size_t connection_count;
};

struct keystore;

/* A ring as one user sees it. */
struct ring_view {
	const struct keyring *ring;
	const struct keystore *keystore; /* that it is of, with the users of certificates */
	const char *user;                /* borrowed; NULL: nobody knows who it is */
	enum ring_right right;
};

struct usermap;

/**
 * keystore_load() - read the whole directory
 * @dir: the keyring directory; a missing one is an error, an empty one is not
 * @err: receives a sentence for every problem, each naming file, place and remedy: a file that
 *       does not parse, a key with loose permissions or a wrong owner, a reference to nothing,
 *       two defaults in one ring. What only shows in decoding is told by keyring_check().
 * Asks the account database (users and groups of access.ini).
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

/**
 * keystore_ring() - the ring @owner/@name; NULL if there is none. Lives as long as @k.
 * @name: "*" for the virtual ring of @owner, who may be "*AUTH*" (CERTAUTH) or "*SITE*" (SITE)
 */
const struct keyring *keystore_ring(const struct keystore *k, const char *owner, const char *name);

/** keystore_cert() - the certificate @owner/@label; NULL if there is none */
const struct cert *keystore_cert(const struct keystore *k, const char *owner, const char *label);

/** keystore_same() - the certificate with serial number and issuer of @f; NULL if there is none */
const struct cert *keystore_same(const struct keystore *k, const struct facts *f);

/** keystore_count() - certificates and stored rings, for status lines */
void keystore_count(const struct keystore *k, size_t *certs, size_t *rings);

/** keystore_cert_at() - certificate @i from 0, by owner and label; NULL past the last */
const struct cert *keystore_cert_at(const struct keystore *k, size_t i);

/** keystore_ring_at() - stored ring @i from 0, by owner and name; NULL past the last */
const struct keyring *keystore_ring_at(const struct keystore *k, size_t i);

/**
 * keystore_user_at() - user @i from 0 who owns a ring or certificate or is named in access.ini,
 * each once; NULL past the last
 */
const char *keystore_user_at(const struct keystore *k, size_t i);

/** keystore_usermap() - name filters and what they refer to; empty but for keystore_load() */
const struct usermap *keystore_usermap(const struct keystore *k);

/** keyring_has() - whether @c is connected to @r */
bool keyring_has(const struct keyring *r, const struct cert *c);

/**
 * keyring_check() - decode what is connected to @r, and try keys in tokens that it can present
 * Return: false with a sentence for each certificate or key that is not good.
 */
bool keyring_check(const struct keyring *r, struct err_list *err);

/**
 * keystore_right() - what @user may do with ring @r: READ with its own, else as access.ini says
 * @user: compared without case; NULL where nobody knows the user: only what is open to all
 */
enum ring_right keystore_right(const struct keystore *k, const char *user, const struct keyring *r);

/**
 * connection_right() - the right that the use of the private key of @c takes
 * READ for the user's own, UPDATE for another user's, CONTROL for SITE and CERTAUTH.
 */
enum ring_right connection_right(const struct connection *c, const char *user);

/**
 * keyring_certificate() - the certificate that an action presents
 * @label: or NULL for the default of the ring
 * @needed: set to the right that is missing if there is one but @v may not use its key, else to
 *          RIGHT_NONE; may be NULL
 * NOTRUST certificates are invisible. Only a connection of usage PERSONAL with a key qualifies.
 * Return: NULL if there is none. Lives as long as the keystore.
 */
const struct cert *keyring_certificate(
	const struct ring_view *v, const char *label, enum ring_right *needed);

#endif
