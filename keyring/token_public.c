/* SPDX-License-Identifier: GPL-3.0-or-later */
/* token_public.c - the public half of a key in a token, for its first certificate */
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/x509.h>

#include "keyring/token_internal.h"

enum { VALUE_MAX = 2048 }; /* a modulus of 16384 bits */

/* The value of an attribute. */
struct value {
	unsigned char bytes[VALUE_MAX];
	CK_ULONG len;
};

static bool get(
	const struct token_use *u, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type, struct value *v)
{
	CK_ATTRIBUTE a = {type, v->bytes, sizeof(v->bytes)};

	if (u->f->C_GetAttributeValue(u->session, object, &a, 1) != CKR_OK ||
		a.ulValueLen > sizeof(v->bytes))
		return false;
	v->len = a.ulValueLen;
	return v->len > 0;
}

static EVP_PKEY *make(const char *type, OSSL_PARAM *params)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	EVP_PKEY *key = NULL;

	if (!ctx || !params || EVP_PKEY_fromdata_init(ctx) != 1 ||
		EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
		key = NULL;
	EVP_PKEY_CTX_free(ctx);
	return key;
}

/* A private RSA key shows its public numbers itself. */
static EVP_PKEY *rsa(const struct token_use *u)
{
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	struct value modulus, exponent;
	BIGNUM *n = NULL, *e = NULL;
	OSSL_PARAM *params = NULL;
	EVP_PKEY *key = NULL;

	if (build && get(u, u->key.handle, CKA_MODULUS, &modulus) &&
		get(u, u->key.handle, CKA_PUBLIC_EXPONENT, &exponent)) {
		n = BN_bin2bn(modulus.bytes, (int)modulus.len, NULL);
		e = BN_bin2bn(exponent.bytes, (int)exponent.len, NULL);
	}
	if (n && e && OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n) &&
		OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e))
		params = OSSL_PARAM_BLD_to_param(build);
	if (params)
		key = make("RSA", params);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(build);
	BN_free(n);
	BN_free(e);
	return key;
}

/* The public key of the same id, which stands beside the private one. */
static bool find_public(const struct token_use *u, CK_OBJECT_HANDLE *found)
{
	static CK_OBJECT_CLASS class = CKO_PUBLIC_KEY;
	struct value id;
	CK_ULONG count = 0;

	if (!get(u, u->key.handle, CKA_ID, &id))
		return false;
	CK_ATTRIBUTE wanted[] = {{CKA_CLASS, &class, sizeof(class)}, {CKA_ID, id.bytes, id.len}};
	if (u->f->C_FindObjectsInit(u->session, wanted, 2) != CKR_OK)
		return false;
	u->f->C_FindObjects(u->session, found, 1, &count);
	u->f->C_FindObjectsFinal(u->session);
	return count == 1;
}

/* A point is an OCTET STRING (PKCS#11 2.40 mechanisms 2.3.3); some tokens leave its head out. */
static bool get_point(const struct token_use *u, struct value *point)
{
	const unsigned char *p = point->bytes;
	ASN1_OCTET_STRING *inner;
	CK_OBJECT_HANDLE public;

	if (!find_public(u, &public) || !get(u, public, CKA_EC_POINT, point))
		return false;
	inner = d2i_ASN1_OCTET_STRING(NULL, &p, (long)point->len);
	if (inner && p == point->bytes + point->len) {
		point->len = (CK_ULONG)ASN1_STRING_length(inner);
		memcpy(point->bytes, ASN1_STRING_get0_data(inner), point->len);
	}
	ASN1_OCTET_STRING_free(inner);
	return true;
}

static const char *group_name(const struct token_use *u)
{
	const unsigned char *p;
	EC_GROUP *group = NULL;
	struct value v;
	int nid;

	p = v.bytes;
	if (get(u, u->key.handle, CKA_EC_PARAMS, &v))
		group = d2i_ECPKParameters(NULL, &p, (long)v.len);
	nid = group ? EC_GROUP_get_curve_name(group) : NID_undef;
	EC_GROUP_free(group);
	return nid == NID_undef ? NULL : OBJ_nid2sn(nid);
}

static EVP_PKEY *ec(const struct token_use *u)
{
	const char *name = group_name(u);
	struct value point;

	if (!name || !get_point(u, &point))
		return NULL;
	return make("EC", (OSSL_PARAM[]){
				  OSSL_PARAM_construct_utf8_string(
					  OSSL_PKEY_PARAM_GROUP_NAME, (char *)(uintptr_t)name, 0),
				  OSSL_PARAM_construct_octet_string(
					  OSSL_PKEY_PARAM_PUB_KEY, point.bytes, point.len),
				  OSSL_PARAM_construct_end(),
			  });
}

static EVP_PKEY *ed25519(const struct token_use *u)
{
	struct value point;

	if (!get_point(u, &point))
		return NULL;
	return EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, point.bytes, point.len);
}

EVP_PKEY *token_public(const struct token_use *u)
{
	switch (u->key.type) {
	case CKK_RSA: return rsa(u);
	case CKK_EC: return ec(u);
	case CKK_EC_EDWARDS: return ed25519(u);
	default: return NULL;
	}
}
