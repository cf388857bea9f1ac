/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * remote_keymgmt.c - what OpenSSL may know of a remote key: everything about its public half
 *
 * There is no export: so nobody but remote_sign.c and remote_decrypt.c can be given such a key for
 * an operation. There is an import, or it could not be compared with the key of a certificate.
 */
#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <stdlib.h>

#include "keyring/remote_internal.h"

static void *new_of(const char *type)
{
	struct remote *r = calloc(1, sizeof(*r));

	if (r)
		r->type = type;
	return r;
}

static void *new_rsa(void *provider)
{
	(void)provider;
	return new_of("RSA");
}

static void *new_ec(void *provider)
{
	(void)provider;
	return new_of("EC");
}

static void *new_ed25519(void *provider)
{
	(void)provider;
	return new_of("ED25519");
}

static void release(void *data)
{
	struct remote *r = data;

	if (r->source && r->public)
		remote_disuse(r);
	EVP_PKEY_free(r->public);
	free(r->source);
	free(r);
}

static int has(const void *data, int selection)
{
	const struct remote *r = data;

	return r->public && (r->source || !(selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY));
}

static int match(const void *a, const void *b, int selection)
{
	const struct remote *x = a, *y = b;

	(void)selection;
	return x->public && y->public && EVP_PKEY_eq(x->public, y->public) == 1;
}

static int take_public(struct remote *r, EVP_PKEY *public, const char *source)
{
	r->source = source ? strdup(source) : NULL;
	if (!r->source || !remote_print(public, r->print) || !remote_use(r->print))
		return 0;
	EVP_PKEY_up_ref(public);
	r->public = public;
	return 1;
}

/* From another provider, number by number. */
static int take_numbers(struct remote *r, const OSSL_PARAM *params)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, r->type, NULL);
	int done =
		ctx && EVP_PKEY_fromdata_init(ctx) == 1 &&
		EVP_PKEY_fromdata(ctx, &r->public, EVP_PKEY_PUBLIC_KEY, (OSSL_PARAM *)params) == 1;

	EVP_PKEY_CTX_free(ctx);
	return done;
}

static int import(void *data, int selection, const OSSL_PARAM *params)
{
	const OSSL_PARAM *public = OSSL_PARAM_locate_const(params, REMOTE_PUBLIC);
	const OSSL_PARAM *source = OSSL_PARAM_locate_const(params, REMOTE_SOURCE);

	(void)selection;
	if (public && source)
		return take_public(data, *(EVP_PKEY **)public->data, source->data);
	return take_numbers(data, params);
}

static const OSSL_PARAM *import_types(int selection)
{
	static const OSSL_PARAM types[] = {
		OSSL_PARAM_octet_ptr(REMOTE_PUBLIC, NULL, 0),
		OSSL_PARAM_utf8_string(REMOTE_SOURCE, NULL, 0),
		OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_N, NULL, 0),
		OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_E, NULL, 0),
		OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, NULL, 0),
		OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, NULL, 0),
		OSSL_PARAM_END,
	};

	(void)selection;
	return types;
}

static int get_params(void *data, OSSL_PARAM params[])
{
	const struct remote *r = data;

	return r->public && EVP_PKEY_get_params(r->public, params);
}

static const OSSL_PARAM *gettable_params(void *provider)
{
	static const OSSL_PARAM known[] = {
		OSSL_PARAM_int(OSSL_PKEY_PARAM_BITS, NULL),
		OSSL_PARAM_int(OSSL_PKEY_PARAM_SECURITY_BITS, NULL),
		OSSL_PARAM_int(OSSL_PKEY_PARAM_MAX_SIZE, NULL),
		OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, NULL, 0),
		OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_DEFAULT_DIGEST, NULL, 0),
		OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_MANDATORY_DIGEST, NULL, 0),
		OSSL_PARAM_END,
	};

	(void)provider;
	return known;
}

static const char *ec_operation(int operation)
{
	return operation == OSSL_OP_SIGNATURE ? "ECDSA" : NULL;
}

#define KEYMGMT(make, ...)                                                                         \
	{                                                                                          \
		{OSSL_FUNC_KEYMGMT_NEW, (void (*)(void))make},                                     \
			{OSSL_FUNC_KEYMGMT_FREE, (void (*)(void))release},                         \
			{OSSL_FUNC_KEYMGMT_HAS, (void (*)(void))has},                              \
			{OSSL_FUNC_KEYMGMT_MATCH, (void (*)(void))match},                          \
			{OSSL_FUNC_KEYMGMT_IMPORT, (void (*)(void))import},                        \
			{OSSL_FUNC_KEYMGMT_IMPORT_TYPES, (void (*)(void))import_types},            \
			{OSSL_FUNC_KEYMGMT_GET_PARAMS, (void (*)(void))get_params},                \
			{OSSL_FUNC_KEYMGMT_GETTABLE_PARAMS, (void (*)(void))gettable_params},      \
			__VA_ARGS__                                                                \
		{                                                                                  \
			0, NULL                                                                    \
		}                                                                                  \
	}

static const OSSL_DISPATCH rsa[] = KEYMGMT(new_rsa, );
static const OSSL_DISPATCH ed25519[] = KEYMGMT(new_ed25519, );
static const OSSL_DISPATCH ec[] =
	KEYMGMT(new_ec, {OSSL_FUNC_KEYMGMT_QUERY_OPERATION_NAME, (void (*)(void))ec_operation}, );

/* The names by which OpenSSL's own provider knows these keys. */
const OSSL_ALGORITHM remote_keymgmts[] = {
	{"RSA:rsaEncryption:1.2.840.113549.1.1.1", "provider=attls", rsa, NULL},
	{"EC:id-ecPublicKey:1.2.840.10045.2.1", "provider=attls", ec, NULL},
	{"ED25519:1.3.101.112", "provider=attls", ed25519, NULL},
	{NULL, NULL, NULL, NULL},
};
