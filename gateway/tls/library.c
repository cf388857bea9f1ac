/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * library.c - OpenSSL library contexts in which handshakes are cheap, one for each thread
 *
 * Theory of operation. Two library contexts make one: the inner one has the default provider as it
 * is, the outer one a provider of our own that answers with the inner one's algorithms, but only
 * those kinds of keys, of their decoders those, and those modes of ciphers that TLS needs: for the
 * key of every certificate that a peer sends, OpenSSL goes through all algorithms that it has, and
 * tries each of these decoders with each kind of key. The secrets of TLS 1.3 are derived by kdf.h.
 * Neither context is freed: keys of the keyring, which live longer than any SSL_CTX, remember what
 * was made of them in it. There are no more than threads that make TLS contexts.
 */
#include "gateway/tls/library.h"

#include "gateway/tls/kdf.h"

#include <openssl/core_dispatch.h>
#include <openssl/crypto.h>
#include <openssl/provider.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { SORTED_MAX = 128 };

/* Kinds of keys that certificates, key exchanges and records of TLS have. */
static const char *const key_kinds[] = {
	"RSA", "RSA-PSS", "DSA", "EC", "ED25519", "ED448", "X25519", "X448", "DH", "HMAC"};

/* Modes of ciphers that neither records nor tickets nor random numbers of TLS are made with. */
static const char *const foreign_modes[] = {"CFB", "OFB", "CTS", "OCB", "SIV", "WRAP", "XTS"};

/* A certificate holds its key as SubjectPublicKeyInfo (RFC 5280 4.1). */
static const char decoder_property[] = "input=der,structure=SubjectPublicKeyInfo";

/* Some of the default provider's algorithms of one operation; the last one is empty. */
struct sorted {
	OSSL_ALGORITHM algorithms[SORTED_MAX + 1];
};

struct library {
	struct library *next;
	OSSL_LIB_CTX *inner, *outer;
	OSSL_PROVIDER *provider; /* the default one, of @inner */
	struct kdf kdf;
};

static struct {
	pthread_mutex_t lock;
	struct library *all; /* so that those of threads that have ended are not lost */
	struct library *making;
} registry = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* What all default providers have in common. Set with the first library, constant then. */
static OSSL_PROVIDER *model;
static struct sorted ciphers, decoders, keys, kdfs;

static _Thread_local struct library *own;

static const OSSL_ALGORITHM *query(void *provctx, int operation, int *no_cache)
{
	(void)provctx;
	*no_cache = 0;
	switch (operation) {
	case OSSL_OP_CIPHER: return ciphers.algorithms;
	case OSSL_OP_DECODER: return decoders.algorithms;
	case OSSL_OP_KEYMGMT: return keys.algorithms;
	case OSSL_OP_KDF: return kdfs.algorithms;
	default: return OSSL_PROVIDER_query_operation(model, operation, no_cache);
	}
}

static int capabilities(void *provctx, const char *name, OSSL_CALLBACK *callback, void *arg)
{
	(void)provctx;
	return OSSL_PROVIDER_get_capabilities(model, name, callback, arg);
}

static const OSSL_DISPATCH functions[] = {
	{OSSL_FUNC_PROVIDER_QUERY_OPERATION, (void (*)(void))query},
	{OSSL_FUNC_PROVIDER_GET_CAPABILITIES, (void (*)(void))capabilities},
	{0, NULL},
};

static int provider_init(const OSSL_CORE_HANDLE *core, const OSSL_DISPATCH *in,
	const OSSL_DISPATCH **out, void **provctx)
{
	(void)core;
	(void)in;
	*out = functions;
	*provctx = OSSL_PROVIDER_get0_provider_ctx(registry.making->provider);
	return 1;
}

/* The first of an algorithm's names, which are separated by ':'. */
static bool is_called(const OSSL_ALGORITHM *a, const char *name)
{
	size_t len = strcspn(a->algorithm_names, ":");

	return strlen(name) == len && strncmp(a->algorithm_names, name, len) == 0;
}

static bool is_key_of_tls(const OSSL_ALGORITHM *a)
{
	for (size_t i = 0; i < sizeof(key_kinds) / sizeof(key_kinds[0]); i++) {
		if (is_called(a, key_kinds[i]))
			return true;
	}
	return false;
}

static bool is_decoder_of_tls(const OSSL_ALGORITHM *a)
{
	return is_key_of_tls(a) && strstr(a->property_definition, decoder_property);
}

static bool is_cipher_of_tls(const OSSL_ALGORITHM *a)
{
	for (size_t i = 0; i < sizeof(foreign_modes) / sizeof(foreign_modes[0]); i++) {
		if (strcasestr(a->algorithm_names, foreign_modes[i]))
			return false;
	}
	return true;
}

static bool is_other_kdf(const OSSL_ALGORITHM *a)
{
	return !is_called(a, KDF_NAME);
}

/* Return: how many were taken. */
static size_t sort(struct sorted *to, int operation, bool (*takes)(const OSSL_ALGORITHM *a))
{
	const OSSL_ALGORITHM *a;
	size_t count = 0;
	int no_cache;

	a = OSSL_PROVIDER_query_operation(model, operation, &no_cache);
	for (; a && a->algorithm_names && count < SORTED_MAX - 1; a++) {
		if (takes(a))
			to->algorithms[count++] = *a;
	}
	return count;
}

static void sort_all(void)
{
	sort(&ciphers, OSSL_OP_CIPHER, is_cipher_of_tls);
	sort(&decoders, OSSL_OP_DECODER, is_decoder_of_tls);
	sort(&keys, OSSL_OP_KEYMGMT, is_key_of_tls);
	kdfs.algorithms[sort(&kdfs, OSSL_OP_KDF, is_other_kdf)] = kdf_algorithm();
}

static int count_foreign(OSSL_PROVIDER *provider, void *count)
{
	static const char *const plain[] = {"default", "legacy", "base"};

	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
		if (strcmp(OSSL_PROVIDER_get0_name(provider), plain[i]) == 0)
			return 1;
	}
	++*(unsigned *)count;
	return 1;
}

static bool library_fill(struct library *l)
{
	l->inner = OSSL_LIB_CTX_new();
	l->outer = OSSL_LIB_CTX_new();
	if (!l->inner || !l->outer)
		return false;
	l->provider = OSSL_PROVIDER_load(l->inner, "default");
	if (!l->provider || !kdf_init(&l->kdf, l->inner))
		return false;
	if (!model) {
		model = l->provider;
		sort_all();
	}
	registry.making = l;
	return OSSL_PROVIDER_add_builtin(l->outer, "attls-tls", provider_init) &&
	       OSSL_PROVIDER_load(l->outer, "attls-tls");
}

static struct library *library_make(void)
{
	struct library *l = calloc(1, sizeof(*l));
	bool filled;

	if (!l)
		return NULL;
	pthread_mutex_lock(&registry.lock);
	l->next = registry.all;
	registry.all = l;
	filled = library_fill(l);
	pthread_mutex_unlock(&registry.lock);
	return filled ? l : NULL;
}

OSSL_LIB_CTX *library_get(void)
{
	unsigned foreign = 0;

	if (!own && OSSL_PROVIDER_do_all(NULL, count_foreign, &foreign) && foreign == 0)
		own = library_make();
	if (own)
		kdf_use(&own->kdf);
	return own ? own->outer : NULL;
}
