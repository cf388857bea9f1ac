/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * record.h - one direction's protected records of TLS 1.3 (RFC 8446 5.2, 5.3 and 7)
 *
 * Keys come from a traffic secret and move on with it. Only suites whose cipher can be fed in
 * pieces are here: GCM and ChaCha20-Poly1305, not CCM.
 */
#ifndef ATTLS_TLS_RECORD_H
#define ATTLS_TLS_RECORD_H

#include <openssl/ssl.h>
#include <stdbool.h>

#include "gateway/tls/kdf.h"

enum {
	RECORD_HEADER = 5,
	RECORD_TAG = 16,
	RECORD_CLEAR_MAX = 16384,                         /* RFC 8446 5.1 */
	RECORD_OVERHEAD = RECORD_HEADER + 1 + RECORD_TAG, /* beside the content when sealed */
	RECORD_BODY_LEAST = 1 + RECORD_TAG,               /* an empty content */
	RECORD_BODY_MAX = RECORD_CLEAR_MAX + 256,         /* RFC 8446 5.2 */
	RECORD_SECRET_MAX = KDF_SECRET_MAX,
	RECORD_IV = 12,
};

/* A cipher suite as far as records are concerned; static. */
struct record_suite;

/** record_suite_of() - the suite of @cipher; NULL if its records are not made here */
const struct record_suite *record_suite_of(const SSL_CIPHER *cipher);

/** record_secret_len() - bytes of a traffic secret: those of the suite's hash */
size_t record_secret_len(const struct record_suite *suite);

struct record_key {
	const struct record_suite *suite;
	EVP_CIPHER_CTX *cipher; /* owned */
	bool seals;
	uint8_t iv[RECORD_IV];
	uint8_t secret[RECORD_SECRET_MAX];
	uint64_t seq; /* of the next record */
};

/**
 * record_key_init() - keys of the traffic secret @secret (RFC 8446 7.3)
 * @secret: record_secret_len() bytes, copied
 * @seals:  whether records are sealed or opened with it
 * @seq:    records of this secret that others have handled already
 * Return: false without memory, or in a thread without a library (library.h); @k may be given to
 * record_key_fini() all the same.
 */
bool record_key_init(struct record_key *k, const struct record_suite *suite, const uint8_t *secret,
	bool seals, uint64_t seq);

/** record_key_fini() - wipe and release; once initialised or all zero */
void record_key_fini(struct record_key *k);

/** record_key_update() - move on to the next secret (RFC 8446 7.2). Return: false without memory */
bool record_key_update(struct record_key *k);

/**
 * record_seal() - one record of @type with @clear (at most RECORD_CLEAR_MAX bytes) inside
 * @to: @clear.len + RECORD_OVERHEAD bytes, not overlapping @clear
 * Return: false if the cipher fails, which it does only without memory.
 */
bool record_seal(struct record_key *k, uint8_t type, struct span clear, uint8_t *to);

/**
 * record_open() - content, type and padding of one record
 * @header: its RECORD_HEADER bytes
 * @body:   RECORD_BODY_LEAST to RECORD_BODY_MAX bytes
 * @to:     @body.len - RECORD_TAG bytes; may be @body.ptr. What is written there counts only if
 *          the record is authentic.
 * Return: false if it is not.
 */
bool record_open(struct record_key *k, const uint8_t *header, struct span body, uint8_t *to);

#endif
