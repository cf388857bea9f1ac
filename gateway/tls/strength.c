/* SPDX-License-Identifier: GPL-3.0-or-later */
/* strength.c - how short a key may be, our own and in the peer's chain, and what a chain must be */
#include "gateway/tls/strength.h"

#include <openssl/objects.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "gateway/tls/context_private.h"
#include "gateway/tls/verify.h"

/* SSL_CTX_set_security_level(3): level 2 takes RSA from 2048 bits and curves from 224. */
enum { LEVEL = 2, LEVEL_WEAK = 1, CURVE_MIN = 224 };

enum { SIGNATURE_BITS = 112 }; /* half of the shortest digest, SHA-224 */

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

unsigned strength_limit(const struct context *c, const EVP_PKEY *key, const char **word)
{
	const struct {
		int kind;
		unsigned own, otherwise;
		const char *word;
	} rows[] = {
		{EVP_PKEY_RSA, c->peer.rsa, c->min_key, "peer_min_rsa_key"},
		{EVP_PKEY_RSA_PSS, c->peer.rsa, c->min_key, "peer_min_rsa_key"},
		{EVP_PKEY_DSA, c->peer.dsa, c->min_key, "peer_min_dsa_key"},
		{EVP_PKEY_EC, c->peer.ecc, CURVE_MIN, "peer_min_ecc_key"},
	};
	int kind = EVP_PKEY_get_base_id(key);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].kind != kind)
			continue;
		*word = rows[i].own || kind == EVP_PKEY_EC ? rows[i].word : "min_key";
		return rows[i].own ? rows[i].own : rows[i].otherwise;
	}
	*word = "";
	return 0; /* one size */
}

/*
 * Signatures: the names of TLS 1.3, what OpenSSL calls digest and key, and the whole where it knows
 * another name.
 */
static const struct {
	const char *name;
	int digest, key;
	const char *other;
} signature_rows[] = {
	{"rsa_pkcs1_sha224", NID_sha224, NID_rsaEncryption, NULL},
	{"rsa_pkcs1_sha256", NID_sha256, NID_rsaEncryption, NULL},
	{"rsa_pkcs1_sha384", NID_sha384, NID_rsaEncryption, NULL},
	{"rsa_pkcs1_sha512", NID_sha512, NID_rsaEncryption, NULL},
	{"rsa_pss_rsae_sha256", NID_sha256, NID_rsassaPss, NULL},
	{"rsa_pss_rsae_sha384", NID_sha384, NID_rsassaPss, NULL},
	{"rsa_pss_rsae_sha512", NID_sha512, NID_rsassaPss, NULL},
	{"ecdsa_sha224", NID_sha224, NID_X9_62_id_ecPublicKey, "ECDSA+SHA224"},
	{"ecdsa_secp256r1_sha256", NID_sha256, NID_X9_62_id_ecPublicKey, NULL},
	{"ecdsa_secp384r1_sha384", NID_sha384, NID_X9_62_id_ecPublicKey, NULL},
	{"ecdsa_secp521r1_sha512", NID_sha512, NID_X9_62_id_ecPublicKey, NULL},
	{"ed25519", NID_undef, NID_ED25519, NULL},
	{"ed448", NID_undef, NID_ED448, NULL},
};

enum { SIGNATURES = sizeof(signature_rows) / sizeof(signature_rows[0]) };

/* The row of the next name in *@list, which moves on behind it. -1: none, or *@list is unknown. */
static int next_signature(const char **list)
{
	static const char between[] = ", \t";
	const char *name = *list + strspn(*list, between);
	size_t len = strcspn(name, between);

	*list = name;
	for (size_t i = 0; len > 0 && i < SIGNATURES; i++) {
		if (strlen(signature_rows[i].name) != len ||
			strncasecmp(signature_rows[i].name, name, len) != 0)
			continue;
		*list += len;
		return (int)i;
	}
	return -1;
}

uint32_t strength_signatures(const char *list)
{
	uint32_t set = 0;
	int row;

	while ((row = next_signature(&list)) >= 0)
		set |= 1u << row;
	return *list ? 0 : set;
}

bool strength_sigalgs(const char *list, char *to, size_t size)
{
	uint32_t set = 0;
	size_t len = 0;
	int row;

	while ((row = next_signature(&list)) >= 0 && len < size) {
		const char *other = signature_rows[row].other;

		if (set & 1u << row)
			continue;
		set |= 1u << row;
		len += (size_t)snprintf(to + len, size - len, "%s%s", len ? ":" : "",
			other ? other : signature_rows[row].name);
	}
	return set && !*list && len < size;
}

static bool signature_permitted(const struct strength *s, X509 *cert)
{
	int digest, key, bits;

	if (X509_get_signature_info(cert, &digest, &key, &bits, NULL) != 1)
		return false;
	if (!s->signatures)
		return bits >= SIGNATURE_BITS;
	for (size_t i = 0; i < SIGNATURES; i++) {
		if (signature_rows[i].digest == digest && signature_rows[i].key == key)
			return s->signatures & 1u << i;
	}
	return false;
}

/* The end of the chain is trusted for itself, whoever has signed it. */
static bool is_anchor(X509_STORE_CTX *store)
{
	return X509_STORE_CTX_get_error_depth(store) ==
	       sk_X509_num(X509_STORE_CTX_get0_chain(store)) - 1;
}

static int error_of(const struct context *c, X509_STORE_CTX *store)
{
	bool leaf = X509_STORE_CTX_get_error_depth(store) == 0;
	X509 *cert = X509_STORE_CTX_get_current_cert(store);
	const EVP_PKEY *key = X509_get0_pubkey(cert);
	const char *word;

	if (!key || EVP_PKEY_get_bits(key) < (int)strength_limit(c, key, &word))
		return leaf ? X509_V_ERR_EE_KEY_TOO_SMALL : X509_V_ERR_CA_KEY_TOO_SMALL;
	if (c->peer.version3 && X509_get_version(cert) != X509_VERSION_3)
		return X509_V_ERR_CERT_REJECTED;
	if (!is_anchor(store) && !signature_permitted(&c->peer, cert))
		return X509_V_ERR_CA_MD_TOO_WEAK;
	return X509_V_OK;
}

int strength_verify(int ok, X509_STORE_CTX *store)
{
	const SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	const struct verification *v = SSL_get_app_data(ssl);
	int error = ok ? error_of(v->ctx, store) : X509_V_OK;

	if (error != X509_V_OK)
		X509_STORE_CTX_set_error(store, error);
	return ok && error == X509_V_OK;
}
