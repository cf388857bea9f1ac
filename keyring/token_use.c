/* SPDX-License-Identifier: GPL-3.0-or-later */
/* token_use.c - what a key in a token does: signatures and decryption, by PKCS#11 mechanisms */
#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <string.h>

#include "keyring/token_internal.h"

enum { SECRET_LEN = 48, EC_PARAMS_MAX = 512 };

bool token_is_stale(CK_RV rv)
{
	static const CK_RV words[] = {CKR_SESSION_HANDLE_INVALID, CKR_SESSION_CLOSED,
		CKR_USER_NOT_LOGGED_IN, CKR_KEY_HANDLE_INVALID, CKR_OBJECT_HANDLE_INVALID,
		CKR_TOKEN_NOT_PRESENT, CKR_TOKEN_NOT_RECOGNIZED, CKR_DEVICE_REMOVED,
		CKR_DEVICE_ERROR, CKR_SLOT_ID_INVALID};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (rv == words[i])
			return true;
	}
	return false;
}

/* ---- what it is like ---- */

static bool get(const struct token_use *u, CK_ATTRIBUTE_TYPE type, void *to, CK_ULONG *len)
{
	CK_ATTRIBUTE a = {type, to, *len};

	if (u->f->C_GetAttributeValue(u->session, u->key.handle, &a, 1) != CKR_OK ||
		a.ulValueLen > *len)
		return false;
	*len = a.ulValueLen;
	return true;
}

static size_t order_bytes(const struct token_use *u)
{
	unsigned char params[EC_PARAMS_MAX];
	const unsigned char *p = params;
	CK_ULONG len = sizeof(params);
	EC_GROUP *group = NULL;
	size_t bytes;

	if (get(u, CKA_EC_PARAMS, params, &len))
		group = d2i_ECPKParameters(NULL, &p, (long)len);
	bytes = group ? ((size_t)EC_GROUP_order_bits(group) + 7) / 8 : 0;
	EC_GROUP_free(group);
	return bytes;
}

bool token_describe(struct token_use *u)
{
	CK_ULONG type_len = sizeof(u->key.type), each_len = sizeof(CK_BBOOL);
	CK_BBOOL each = CK_FALSE;

	if (!get(u, CKA_KEY_TYPE, &u->key.type, &type_len)) {
		err_add(u->err, "%s: the token does not say what kind of key this is", u->uri);
		return false;
	}
	if (u->key.type != CKK_RSA && u->key.type != CKK_EC && u->key.type != CKK_EC_EDWARDS) {
		err_add(u->err, "%s: is no RSA, EC or Ed25519 key, and there is no use for others",
			u->uri);
		return false;
	}
	u->key.wants_pin_each_time =
		get(u, CKA_ALWAYS_AUTHENTICATE, &each, &each_len) && each == CK_TRUE;
	u->key.order = u->key.type == CKK_EC ? order_bytes(u) : 0;
	return true;
}

/* ---- signatures ---- */

/* After the operation has begun, where the key wants it so (PKCS#11 5.6, C_Login). */
static CK_RV show_pin(const struct token_use *u)
{
	return u->key.wants_pin_each_time ? token_log_in(u, CKU_CONTEXT_SPECIFIC) : CKR_OK;
}

static CK_RV sign_with(const struct token_use *u, CK_MECHANISM *m, struct span data, uint8_t *out,
	size_t size, size_t *len)
{
	CK_ULONG got = size;
	CK_RV rv = u->f->C_SignInit(u->session, m, u->key.handle);

	rv = rv == CKR_OK ? show_pin(u) : rv;
	if (rv == CKR_OK)
		rv = u->f->C_Sign(u->session, (CK_BYTE *)(uintptr_t)data.ptr, data.len, out, &got);
	*len = rv == CKR_OK ? got : 0;
	return rv;
}

static const struct digest {
	int nid;
	CK_MECHANISM_TYPE hash;
	CK_RSA_PKCS_MGF_TYPE mask;
} digests[] = {
	{NID_sha1, CKM_SHA_1, CKG_MGF1_SHA1},
	{NID_sha224, CKM_SHA224, CKG_MGF1_SHA224},
	{NID_sha256, CKM_SHA256, CKG_MGF1_SHA256},
	{NID_sha384, CKM_SHA384, CKG_MGF1_SHA384},
	{NID_sha512, CKM_SHA512, CKG_MGF1_SHA512},
};

static int digest_nid(const struct key_request *q)
{
	EVP_MD *md = EVP_MD_fetch(NULL, q->digest, NULL);
	int nid = md ? EVP_MD_get_type(md) : NID_undef;

	EVP_MD_free(md);
	return nid;
}

static CK_RV sign_pss(const struct token_use *u, const struct key_request *q, struct span digest,
	uint8_t *out, size_t size, size_t *len)
{
	CK_RSA_PKCS_PSS_PARAMS params = {
		.sLen = q->salt_len == RSA_PSS_SALTLEN_DIGEST ? digest.len : (CK_ULONG)q->salt_len,
	};
	CK_MECHANISM m = {CKM_RSA_PKCS_PSS, &params, sizeof(params)};
	int nid = digest_nid(q);

	for (size_t i = 0; i < sizeof(digests) / sizeof(digests[0]); i++) {
		if (digests[i].nid != nid)
			continue;
		params.hashAlg = digests[i].hash;
		params.mgf = digests[i].mask;
		if (q->salt_len >= RSA_PSS_SALTLEN_DIGEST)
			return sign_with(u, &m, digest, out, size, len);
	}
	return CKR_MECHANISM_PARAM_INVALID;
}

/* DigestInfo (RFC 8017 9.2); owned, with OPENSSL_free(). Return: its length, or 0. */
static size_t name_digest(int nid, struct span digest, unsigned char **der)
{
	X509_SIG *info = X509_SIG_new();
	ASN1_OCTET_STRING *octets;
	X509_ALGOR *algorithm;
	int len = 0;

	if (!info)
		return 0;
	X509_SIG_getm(info, &algorithm, &octets);
	if (X509_ALGOR_set0(algorithm, OBJ_nid2obj(nid), V_ASN1_NULL, NULL) &&
		ASN1_OCTET_STRING_set(octets, digest.ptr, (int)digest.len))
		len = i2d_X509_SIG(info, der);
	X509_SIG_free(info);
	return len > 0 ? (size_t)len : 0;
}

static CK_RV sign_pkcs1(const struct token_use *u, const struct key_request *q, struct span digest,
	uint8_t *out, size_t size, size_t *len)
{
	CK_MECHANISM m = {CKM_RSA_PKCS, NULL, 0};
	int nid = digest_nid(q);
	unsigned char *der = NULL;
	size_t der_len;
	CK_RV rv = CKR_MECHANISM_PARAM_INVALID;

	if (nid == NID_md5_sha1) /* TLS 1.1 and before name no digest (RFC 4346 7.4.3) */
		return sign_with(u, &m, digest, out, size, len);
	der_len = nid == NID_undef ? 0 : name_digest(nid, digest, &der);
	if (der_len)
		rv = sign_with(u, &m, span_of(der, der_len), out, size, len);
	OPENSSL_free(der);
	return rv;
}

/* Two numbers of equal length become the SEQUENCE that TLS wants (RFC 3279 2.2.3). */
static bool encode_pair(uint8_t *out, size_t size, size_t *len)
{
	ECDSA_SIG *pair = ECDSA_SIG_new();
	int half = (int)(*len / 2), der_len = 0;
	unsigned char *der = NULL;
	BIGNUM *r = BN_bin2bn(out, half, NULL), *s = BN_bin2bn(out + half, half, NULL);

	if (pair && r && s && ECDSA_SIG_set0(pair, r, s)) {
		r = s = NULL;
		der_len = i2d_ECDSA_SIG(pair, &der);
	}
	if (der_len > 0 && (size_t)der_len <= size)
		memcpy(out, der, (size_t)der_len);
	else
		der_len = 0;
	OPENSSL_free(der);
	BN_free(r);
	BN_free(s);
	ECDSA_SIG_free(pair);
	*len = (size_t)der_len;
	return der_len > 0;
}

/* A digest longer than the order is cut by whoever signs (FIPS 186-4 6.4); not all tokens do. */
static CK_RV sign_ecdsa(
	const struct token_use *u, struct span digest, uint8_t *out, size_t size, size_t *len)
{
	CK_MECHANISM m = {CKM_ECDSA, NULL, 0};
	CK_RV rv;

	if (u->key.order && digest.len > u->key.order)
		digest.len = u->key.order;
	rv = sign_with(u, &m, digest, out, size, len);
	if (rv == CKR_OK && !encode_pair(out, size, len))
		rv = CKR_DATA_INVALID;
	return rv;
}

CK_RV token_sign(const struct token_use *u, const struct key_request *q, struct span data,
	uint8_t *out, size_t size, size_t *len)
{
	CK_MECHANISM eddsa = {CKM_EDDSA, NULL, 0};

	switch (u->key.type) {
	case CKK_RSA:
		return q->padding == RSA_PKCS1_PSS_PADDING ? sign_pss(u, q, data, out, size, len)
							   : sign_pkcs1(u, q, data, out, size, len);
	case CKK_EC: return sign_ecdsa(u, data, out, size, len);
	case CKK_EC_EDWARDS: return sign_with(u, &eddsa, data, out, size, len);
	default: return CKR_KEY_TYPE_INCONSISTENT;
	}
}

/* ---- decryption ---- */

/* All bits set, or none; no branch tells which. */
static uint8_t mask_of(bool yes)
{
	return (uint8_t)(0 - (unsigned)yes);
}

/*
 * Errors that concern the session, whatever was sent. Of all others one might tell whether it was
 * padded well, and with that have secrets decrypted (Bleichenbacher 1998; RFC 5246 7.4.7.1).
 */
static bool is_lost(CK_RV rv)
{
	return rv == CKR_SESSION_HANDLE_INVALID || rv == CKR_SESSION_CLOSED ||
	       rv == CKR_TOKEN_NOT_PRESENT || rv == CKR_DEVICE_REMOVED;
}

/* A random secret, of which @plain takes the place where it is what the client should send. */
static bool choose_secret(const uint8_t *plain, bool good, unsigned version, uint8_t *out)
{
	uint8_t mask;

	if (RAND_bytes(out, SECRET_LEN) != 1)
		return false;
	good &= plain[0] == (version >> 8 & 0xff);
	good &= plain[1] == (version & 0xff);
	mask = mask_of(good);
	for (size_t i = 0; i < SECRET_LEN; i++)
		out[i] = (uint8_t)((plain[i] & mask) | (out[i] & ~mask));
	return true;
}

CK_RV token_decrypt(const struct token_use *u, const struct key_request *q, struct span data,
	uint8_t *out, size_t size, size_t *len)
{
	CK_MECHANISM m = {CKM_RSA_PKCS, NULL, 0};
	uint8_t plain[KEY_RESULT_MAX] = {0};
	CK_ULONG got = sizeof(plain);
	CK_RV rv = size < SECRET_LEN ? CKR_BUFFER_TOO_SMALL
				     : u->f->C_DecryptInit(u->session, &m, u->key.handle);

	rv = rv == CKR_OK ? show_pin(u) : rv;
	if (rv != CKR_OK)
		return rv; /* whatever was sent */
	rv = u->f->C_Decrypt(u->session, (CK_BYTE *)(uintptr_t)data.ptr, data.len, plain, &got);
	if (is_lost(rv))
		return rv;
	*len = SECRET_LEN;
	rv = choose_secret(plain, (rv == CKR_OK) & (got == SECRET_LEN), q->version, out)
		     ? CKR_OK
		     : CKR_FUNCTION_FAILED;
	OPENSSL_cleanse(plain, sizeof(plain));
	return rv;
}
