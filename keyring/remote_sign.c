/* SPDX-License-Identifier: GPL-3.0-or-later */
/* remote_sign.c - signatures by remote keys: the digest is made here, the rest elsewhere */
#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/rsa.h>
#include <stdlib.h>

#include "keyring/remote_internal.h"

struct signature {
	const struct remote *key;
	char digest[sizeof(((struct key_request *)NULL)->digest)];
	int padding;
	int salt_len;
};

static void *new_signature(void *provider, const char *properties)
{
	(void)provider;
	(void)properties;
	return calloc(1, sizeof(struct signature));
}

/* A number, or one of the words that stand for it. */
struct word {
	const char *text;
	int number;
};

static bool take_param(const OSSL_PARAM *p, const struct word *words, int *number)
{
	if (p->data_type != OSSL_PARAM_UTF8_STRING)
		return OSSL_PARAM_get_int(p, number) == 1;
	for (; words->text; words++) {
		if (strcmp(p->data, words->text) == 0) {
			*number = words->number;
			return true;
		}
	}
	return false;
}

static int set_params(void *data, const OSSL_PARAM params[])
{
	static const struct word paddings[] = {
		{OSSL_PKEY_RSA_PAD_MODE_PKCSV15, RSA_PKCS1_PADDING},
		{OSSL_PKEY_RSA_PAD_MODE_PSS, RSA_PKCS1_PSS_PADDING},
		{NULL, 0},
	};
	static const struct word lengths[] = {
		{OSSL_PKEY_RSA_PSS_SALT_LEN_DIGEST, RSA_PSS_SALTLEN_DIGEST},
		{OSSL_PKEY_RSA_PSS_SALT_LEN_MAX, RSA_PSS_SALTLEN_MAX},
		{OSSL_PKEY_RSA_PSS_SALT_LEN_AUTO, RSA_PSS_SALTLEN_AUTO},
		{NULL, 0},
	};
	struct signature *s = data;
	const OSSL_PARAM *p;

	if (!params)
		return 1;
	p = OSSL_PARAM_locate_const(params, OSSL_SIGNATURE_PARAM_PAD_MODE);
	if (p && !take_param(p, paddings, &s->padding))
		return 0;
	p = OSSL_PARAM_locate_const(params, OSSL_SIGNATURE_PARAM_PSS_SALTLEN);
	return !p || take_param(p, lengths, &s->salt_len);
}

static const OSSL_PARAM *settable_params(void *data, void *provider)
{
	static const OSSL_PARAM known[] = {
		OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PAD_MODE, NULL, 0),
		OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PSS_SALTLEN, NULL, 0),
		OSSL_PARAM_END,
	};

	(void)data;
	(void)provider;
	return known;
}

static const char *usual_digest(const struct remote *r)
{
	return strcmp(r->type, "ED25519") == 0 ? "" : "SHA256";
}

static int sign_init(void *data, const char *digest, void *key, const OSSL_PARAM params[])
{
	struct signature *s = data;
	const char *name;

	if (key)
		s->key = key;
	if (!s->key || !s->key->source)
		return 0;
	name = digest && *digest ? digest : usual_digest(s->key);
	if (strlen(name) >= sizeof(s->digest))
		return 0;
	memcpy(s->digest, name, strlen(name) + 1);
	s->padding = strcmp(s->key->type, "RSA") == 0 ? RSA_PKCS1_PADDING : 0;
	s->salt_len = RSA_PSS_SALTLEN_DIGEST;
	return set_params(s, params);
}

/* What goes to the other process: mostly the digest of @message. */
static bool shorten(const struct signature *s, struct span *message, uint8_t *digest)
{
	unsigned len;
	EVP_MD *md;
	bool done;

	if (!*s->digest)
		return message->len <= KEY_DATA_MAX;
	md = EVP_MD_fetch(NULL, s->digest, NULL);
	done = md && EVP_Digest(message->ptr, message->len, digest, &len, md, NULL) == 1;
	EVP_MD_free(md);
	if (done)
		*message = span_of(digest, len);
	return done;
}

/* What certificates name as their signature's algorithm; owned, with OPENSSL_free(). */
static int algorithm(const struct signature *s, unsigned char **der)
{
	EVP_MD *md = *s->digest ? EVP_MD_fetch(NULL, s->digest, NULL) : NULL;
	int hash = md ? EVP_MD_get_type(md) : NID_undef, len = 0;
	int type = EVP_PKEY_get_base_id(s->key->public), nid = type; /* Ed25519 names itself */
	bool is_rsa = strcmp(s->key->type, "RSA") == 0;
	X509_ALGOR *a = X509_ALGOR_new();

	EVP_MD_free(md);
	if (a && s->padding != RSA_PKCS1_PSS_PADDING &&
		(!*s->digest || OBJ_find_sigid_by_algs(&nid, hash, type)) &&
		X509_ALGOR_set0(a, OBJ_nid2obj(nid), is_rsa ? V_ASN1_NULL : V_ASN1_UNDEF, NULL))
		len = i2d_X509_ALGOR(a, der);
	X509_ALGOR_free(a);
	return len;
}

static int get_params(void *data, OSSL_PARAM params[])
{
	OSSL_PARAM *p = OSSL_PARAM_locate(params, OSSL_SIGNATURE_PARAM_ALGORITHM_ID);
	unsigned char *der = NULL;
	int len, done;

	if (!p)
		return 1;
	len = algorithm(data, &der);
	done = len > 0 && OSSL_PARAM_set_octet_string(p, der, (size_t)len);
	OPENSSL_free(der);
	return done;
}

static const OSSL_PARAM *gettable_params(void *data, void *provider)
{
	static const OSSL_PARAM known[] = {
		OSSL_PARAM_octet_string(OSSL_SIGNATURE_PARAM_ALGORITHM_ID, NULL, 0),
		OSSL_PARAM_END,
	};

	(void)data;
	(void)provider;
	return known;
}

static int sign(void *data, unsigned char *out, size_t *len, size_t size,
	const unsigned char *message, size_t message_len)
{
	const struct signature *s = data;
	struct span text = span_of(message, message_len);
	uint8_t digest[EVP_MAX_MD_SIZE];
	struct key_request q;

	if (!out) {
		*len = (size_t)EVP_PKEY_get_size(s->key->public);
		return 1;
	}
	if (!shorten(s, &text, digest))
		return 0;
	q = remote_request(s->key, KEY_OP_SIGN, text.len);
	q.padding = (uint32_t)s->padding;
	q.salt_len = s->salt_len;
	memcpy(q.digest, s->digest, sizeof(q.digest));
	*len = remote_result(s->key, &q, text, out, size);
	return *len > 0;
}

static const OSSL_DISPATCH functions[] = {
	{OSSL_FUNC_SIGNATURE_NEWCTX, (void (*)(void))new_signature},
	{OSSL_FUNC_SIGNATURE_FREECTX, (void (*)(void))free},
	{OSSL_FUNC_SIGNATURE_DIGEST_SIGN_INIT, (void (*)(void))sign_init},
	{OSSL_FUNC_SIGNATURE_DIGEST_SIGN, (void (*)(void))sign},
	{OSSL_FUNC_SIGNATURE_SET_CTX_PARAMS, (void (*)(void))set_params},
	{OSSL_FUNC_SIGNATURE_SETTABLE_CTX_PARAMS, (void (*)(void))settable_params},
	{OSSL_FUNC_SIGNATURE_GET_CTX_PARAMS, (void (*)(void))get_params},
	{OSSL_FUNC_SIGNATURE_GETTABLE_CTX_PARAMS, (void (*)(void))gettable_params},
	{0, NULL},
};

const OSSL_ALGORITHM remote_signatures[] = {
	{"RSA:rsaEncryption:1.2.840.113549.1.1.1", "provider=attls", functions, NULL},
	{"ECDSA", "provider=attls", functions, NULL},
	{"ED25519:1.3.101.112", "provider=attls", functions, NULL},
	{NULL, NULL, NULL, NULL},
};
