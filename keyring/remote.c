/* SPDX-License-Identifier: GPL-3.0-or-later */
/* remote.c - make keys whose private half is elsewhere, through an OpenSSL provider of our own */
#include "keyring/remote.h"

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/provider.h>
#include <pthread.h>

#include "keyring/remote_internal.h"

static remote_ask_fn *asker;
static bool files_too; /* not only keys in tokens are remote */

/* The provider is in a library context of its own: nothing but our keys is fetched from it. */
static OSSL_LIB_CTX *context;

void remote_begin(remote_ask_fn *ask)
{
	asker = ask;
	files_too = ask != NULL;
}

void remote_begin_tokens(remote_ask_fn *ask)
{
	asker = ask;
	files_too = false;
}

bool remote_is_on(void)
{
	return files_too;
}

bool remote_answers(void)
{
	return asker != NULL;
}

bool remote_ask(
	const struct key_request *q, struct span source, struct span data, struct key_answer *a)
{
	return asker && source.len <= KEY_SOURCE_MAX && data.len <= KEY_DATA_MAX &&
	       asker(q, source, data, a);
}

void key_answer_refuse(struct key_answer *a, enum key_status status, const char *sentence)
{
	int n = snprintf((char *)a->bytes, sizeof(a->bytes), "%s", sentence);

	a->status = status;
	a->len = n < (int)sizeof(a->bytes) ? (uint32_t)n : (uint32_t)sizeof(a->bytes) - 1;
}

struct key_request remote_request(const struct remote *r, enum key_op op, size_t data_len)
{
	struct key_request q = {
		.op = op,
		.source_len = r->source ? (uint32_t)strlen(r->source) : 0,
		.data_len = (uint32_t)data_len,
	};

	memcpy(q.print, r->print, sizeof(q.print));
	return q;
}

size_t remote_result(const struct remote *r, const struct key_request *q, struct span data,
	uint8_t *out, size_t size)
{
	struct key_answer a;

	if (!r->source || !remote_ask(q, span_of(r->source, q->source_len), data, &a) ||
		a.status != KEY_DONE || a.len > size)
		return 0;
	memcpy(out, a.bytes, a.len);
	OPENSSL_cleanse(a.bytes, a.len);
	return a.len;
}

static const OSSL_ALGORITHM *query(void *unused, int operation, int *no_cache)
{
	(void)unused;
	*no_cache = 0;
	switch (operation) {
	case OSSL_OP_KEYMGMT: return remote_keymgmts;
	case OSSL_OP_SIGNATURE: return remote_signatures;
	case OSSL_OP_ASYM_CIPHER: return remote_ciphers;
	default: return NULL;
	}
}

static int provider_init(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *in,
	const OSSL_DISPATCH **out, void **provider)
{
	static const OSSL_DISPATCH functions[] = {
		{OSSL_FUNC_PROVIDER_QUERY_OPERATION, (void (*)(void))query}, {0, NULL}};
	static char nothing;

	(void)handle;
	(void)in;
	*out = functions;
	*provider = &nothing;
	return 1;
}

static void context_make(void)
{
	context = OSSL_LIB_CTX_new();
	if (context && OSSL_PROVIDER_add_builtin(context, "attls", provider_init) &&
		OSSL_PROVIDER_load(context, "attls"))
		return;
	OSSL_LIB_CTX_free(context);
	context = NULL;
}

static const char *type_of(EVP_PKEY *key)
{
	static const char *const types[] = {"RSA", "EC", "ED25519"};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (EVP_PKEY_is_a(key, types[i]))
			return types[i];
	}
	return NULL;
}

bool remote_print(EVP_PKEY *key, uint8_t print[KEY_PRINT])
{
	unsigned char *der = NULL;
	int len = key ? i2d_PUBKEY(key, &der) : 0;
	bool done = len > 0 && EVP_Digest(der, (size_t)len, print, NULL, EVP_sha256(), NULL) == 1;

	OPENSSL_free(der);
	return done;
}

EVP_PKEY *remote_key(X509 *x, const char *source)
{
	return remote_key_of(X509_get0_pubkey(x), source);
}

EVP_PKEY *remote_key_of(EVP_PKEY *public, const char *source)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	EVP_PKEY *key = NULL;
	const char *type = public ? type_of(public) : NULL;
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_octet_ptr(REMOTE_PUBLIC, (void **)&public, 0),
		OSSL_PARAM_construct_utf8_string(REMOTE_SOURCE, (char *)source, 0),
		OSSL_PARAM_construct_end(),
	};
	EVP_PKEY_CTX *ctx;

	pthread_once(&once, context_make);
	ctx = context && type ? EVP_PKEY_CTX_new_from_name(context, type, NULL) : NULL;
	if (!ctx || EVP_PKEY_fromdata_init(ctx) != 1 ||
		EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_KEYPAIR, params) != 1)
		key = NULL;
	EVP_PKEY_CTX_free(ctx);
	ERR_clear_error();
	return key;
}
