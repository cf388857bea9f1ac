/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * hkdf.h - HKDF (RFC 5869) with TLS 1.3's labels (RFC 8446 7.1), on a digest that is looked up once
 *
 * OpenSSL's own takes a look-up, a dozen allocations and three objects for each of the twenty
 * secrets of a handshake.
 */
#ifndef ATTLS_TLS_HKDF_H
#define ATTLS_TLS_HKDF_H

#include <openssl/evp.h>
#include <stdbool.h>

#include "base/span.h"

enum { HKDF_LEN_MAX = 64, HKDF_BLOCK_MAX = 128 }; /* SHA-512 */

/* One thread's at a time. */
struct hkdf {
	EVP_MD *digest;  /* owned */
	EVP_MD_CTX *ctx; /* owned; of whatever is hashed */
	size_t len;      /* bytes of a hash, and of a secret */
	size_t block;    /* bytes that the digest takes at a time */
};

/** hkdf_init() - with the digest @name of @library. Return: false; hkdf_fini() is fine even then */
bool hkdf_init(struct hkdf *h, OSSL_LIB_CTX *library, const char *name);

/** hkdf_fini() - release; once initialised or all zero */
void hkdf_fini(struct hkdf *h);

/**
 * hkdf_extract() - HKDF-Extract(@salt, @input) of RFC 5869 2.2
 * @to: h->len bytes
 */
bool hkdf_extract(struct hkdf *h, struct span salt, struct span input, uint8_t *to);

/* HkdfLabel of RFC 8446 7.1, without its length. */
struct hkdf_label {
	struct span prefix, label, context;
};

/**
 * hkdf_expand_label() - HKDF-Expand-Label(@secret, @label, @context, @len) of RFC 8446 7.1
 * @to: @len bytes, 255 times h->len at most; not overlapping the inputs
 * Return: false if a part is longer than its field; or the digest fails, which takes memory.
 */
bool hkdf_expand_label(struct hkdf *h, struct span secret, const struct hkdf_label *label,
	uint8_t *to, size_t len);

#endif
