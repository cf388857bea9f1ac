/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * kdf.h - the secrets of TLS 1.3 handshakes: derived for OpenSSL, told to whom they concern
 *
 * OpenSSL leaves the derivation to a provider (EVP_KDF-TLS13_KDF(7)). This is ours: the same
 * secrets with a tenth of the instructions, and the only place where they can be had without
 * being printed (SSL_CTX_set_keylog_callback(3)).
 */
#ifndef ATTLS_TLS_KDF_H
#define ATTLS_TLS_KDF_H

#include <openssl/core.h>

#include "gateway/tls/hkdf.h"

enum kdf_digest { KDF_SHA256, KDF_SHA384, KDF_DIGESTS };

enum kdf_end { KDF_CLIENT, KDF_SERVER, KDF_ENDS };

enum { KDF_SECRET_MAX = 48 }; /* SHA-384 */

/* The first application traffic secret of each end (RFC 8446 7.1), once it is known. */
struct kdf_traffic {
	bool known[KDF_ENDS];
	uint8_t secret[KDF_ENDS][KDF_SECRET_MAX];
};

/* What one thread derives with. */
struct kdf {
	struct hkdf hkdf[KDF_DIGESTS];
	struct kdf_traffic *listener; /* borrowed; NULL: nobody */
};

/** kdf_init() - with the digests of @library. Return: false without memory */
bool kdf_init(struct kdf *k, OSSL_LIB_CTX *library);

/** kdf_use() - what this thread derives, it derives with @k, which stays */
void kdf_use(struct kdf *k);

/** kdf_listen() - traffic secrets that this thread derives go to @t as well; NULL: to nobody */
void kdf_listen(struct kdf_traffic *t);

/**
 * kdf_expand() - HKDF-Expand-Label(@secret, @label, "", @len) of RFC 8446 7.1
 * Return: false if this thread has nothing to derive with (kdf_use()), or without memory.
 */
bool kdf_expand(
	enum kdf_digest digest, struct span secret, const char *label, uint8_t *to, size_t len);

/** kdf_algorithm() - what a provider offers in place of the default one's, by the same names */
OSSL_ALGORITHM kdf_algorithm(void);

/** KDF_NAME - the first of these names */
#define KDF_NAME "TLS13-KDF"

#endif
