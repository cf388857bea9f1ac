/* SPDX-License-Identifier: GPL-3.0-or-later */
/* remote_decrypt.c - decryption by remote RSA keys, as a TLS 1.2 server does (RFC 5246 7.4.7.1) */
#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/rsa.h>
#include <stdlib.h>

#include "keyring/remote_internal.h"

enum { PREMASTER = 48 };

struct decryption {
	const struct remote *key;
	unsigned padding;
	unsigned version; /* what the client offered: part of the secret, by which it is judged */
};

static void *new_decryption(void *provider)
{
	(void)provider;
	return calloc(1, sizeof(struct decryption));
}

static int set_params(void *data, const OSSL_PARAM params[])
{
	struct decryption *d = data;
	const OSSL_PARAM *p;

	if (!params)
		return 1;
	p = OSSL_PARAM_locate_const(params, OSSL_ASYM_CIPHER_PARAM_PAD_MODE);
	if (p && p->data_type != OSSL_PARAM_UTF8_STRING && !OSSL_PARAM_get_uint(p, &d->padding))
		return 0;
	p = OSSL_PARAM_locate_const(params, OSSL_ASYM_CIPHER_PARAM_TLS_CLIENT_VERSION);
	return !p || OSSL_PARAM_get_uint(p, &d->version);
}

static const OSSL_PARAM *settable_params(void *data, void *provider)
{
	static const OSSL_PARAM known[] = {
		OSSL_PARAM_uint(OSSL_ASYM_CIPHER_PARAM_PAD_MODE, NULL),
		OSSL_PARAM_uint(OSSL_ASYM_CIPHER_PARAM_TLS_CLIENT_VERSION, NULL),
		OSSL_PARAM_uint(OSSL_ASYM_CIPHER_PARAM_TLS_NEGOTIATED_VERSION, NULL),
		OSSL_PARAM_END,
	};

	(void)data;
	(void)provider;
	return known;
}

static int decrypt_init(void *data, void *key, const OSSL_PARAM params[])
{
	struct decryption *d = data;

	d->key = key;
	return set_params(d, params);
}

/* For TLS alone: any other padding would make an oracle of the other process. */
static int decrypt(void *data, unsigned char *out, size_t *len, size_t size,
	const unsigned char *in, size_t in_len)
{
	const struct decryption *d = data;
	struct key_request q;

	if (d->padding != RSA_PKCS1_WITH_TLS_PADDING)
		return 0;
	if (!out) {
		*len = PREMASTER;
		return 1;
	}
	q = remote_request(d->key, KEY_OP_DECRYPT, in_len);
	q.padding = d->padding;
	q.version = d->version;
	*len = remote_result(d->key, &q, span_of(in, in_len), out, size);
	return *len > 0;
}

static const OSSL_DISPATCH functions[] = {
	{OSSL_FUNC_ASYM_CIPHER_NEWCTX, (void (*)(void))new_decryption},
	{OSSL_FUNC_ASYM_CIPHER_FREECTX, (void (*)(void))free},
	{OSSL_FUNC_ASYM_CIPHER_DECRYPT_INIT, (void (*)(void))decrypt_init},
	{OSSL_FUNC_ASYM_CIPHER_DECRYPT, (void (*)(void))decrypt},
	{OSSL_FUNC_ASYM_CIPHER_SET_CTX_PARAMS, (void (*)(void))set_params},
	{OSSL_FUNC_ASYM_CIPHER_SETTABLE_CTX_PARAMS, (void (*)(void))settable_params},
	{0, NULL},
};

const OSSL_ALGORITHM remote_ciphers[] = {
	{"RSA:rsaEncryption:1.2.840.113549.1.1.1", "provider=attls", functions, NULL},
	{NULL, NULL, NULL, NULL},
};
