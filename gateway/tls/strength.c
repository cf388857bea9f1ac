/* SPDX-License-Identifier: GPL-3.0-or-later */
/* strength.c - how short a key may be: our own, and those in the peer's chain */
#include "gateway/tls/strength.h"

#include "gateway/tls/context_private.h"
#include "gateway/tls/verify.h"

/* SSL_CTX_set_security_level(3): level 2 takes RSA from 2048 bits and curves from 224. */
enum { LEVEL = 2, LEVEL_WEAK = 1, CURVE_MIN = 224 };

int strength_of(unsigned min_key)
{
	return min_key < PROFILE_MIN_KEY ? LEVEL_WEAK : LEVEL;
}

bool strength_enough(const EVP_PKEY *key, unsigned min_key)
{
	int bits = EVP_PKEY_get_bits(key);

	switch (EVP_PKEY_get_base_id(key)) {
	case EVP_PKEY_RSA:
	case EVP_PKEY_RSA_PSS:
	case EVP_PKEY_DSA: return bits >= (int)min_key;
	case EVP_PKEY_EC: return bits >= CURVE_MIN;
	default: return true; /* one size */
	}
}

int strength_verify(int ok, X509_STORE_CTX *store)
{
	const SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	const struct verification *v = SSL_get_app_data(ssl);
	const EVP_PKEY *key = X509_get0_pubkey(X509_STORE_CTX_get_current_cert(store));
	bool leaf = X509_STORE_CTX_get_error_depth(store) == 0;

	if (!ok || (key && strength_enough(key, v->ctx->min_key)))
		return ok;
	X509_STORE_CTX_set_error(
		store, leaf ? X509_V_ERR_EE_KEY_TOO_SMALL : X509_V_ERR_CA_KEY_TOO_SMALL);
	return 0;
}
