/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ticket.c - keys that protect session tickets
 *
 * Theory of operation. One secret of the process moves forward with time: the secret of a period is
 * a hash of the one before, and only those of the present period and of the one before are kept.
 * A context asks for the secret of a period once and derives its own keys from it and its scope,
 * so workers need no lock for a ticket and agree on its keys all the same.
 */
#include "gateway/tls/ticket.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

enum {
	SECRET = 32,
	TICKET_PERIOD = 3600, /* seconds */
	KEY_NAME = 16,        /* as OpenSSL has it: the period and a part of the scope's key */
	AES_KEY = 32,
};

/* The keys of one period for one scope. */
struct keys {
	uint64_t period;
	uint8_t name[KEY_NAME];
	uint8_t aes[AES_KEY];
	uint8_t mac[SECRET];
};

struct tickets {
	uint8_t scope[TICKET_SCOPE];
	struct keys newest, older;
	EVP_CIPHER *cipher;
};

static struct {
	pthread_mutex_t lock;
	bool ready;
	uint64_t period; /* of @newest */
	uint8_t newest[SECRET], older[SECRET];
} ratchet = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* Periods count from 1: a context that has no keys yet has those of period 0. */
static uint64_t period_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec / TICKET_PERIOD + 1;
}

static bool mac(uint8_t out[SECRET], const uint8_t secret[SECRET], const void *data, size_t len)
{
	unsigned n = SECRET;

	return HMAC(EVP_sha256(), secret, SECRET, data, len, out, &n) != NULL;
}

/* Bring the secrets to @period; what lies further back is gone for good. */
static bool ratchet_forward(uint64_t period)
{
	static const char word[] = "next";

	if (!ratchet.ready) {
		ratchet.ready = RAND_priv_bytes(ratchet.newest, SECRET) == 1 &&
				RAND_priv_bytes(ratchet.older, SECRET) == 1;
		ratchet.period = period;
	}
	for (; ratchet.ready && ratchet.period < period; ratchet.period++) {
		memcpy(ratchet.older, ratchet.newest, SECRET);
		if (!mac(ratchet.newest, ratchet.older, word, sizeof(word)))
			return false;
	}
	return ratchet.ready;
}

/* The secret of @period, the present one or the one before. */
static bool secret_of(uint64_t period, uint8_t secret[SECRET])
{
	bool known;

	pthread_mutex_lock(&ratchet.lock);
	known = ratchet_forward(period_now()) &&
		(period == ratchet.period || period + 1 == ratchet.period);
	if (known)
		memcpy(secret, period == ratchet.period ? ratchet.newest : ratchet.older, SECRET);
	pthread_mutex_unlock(&ratchet.lock);
	return known;
}

static bool derive(
	const struct tickets *t, const uint8_t secret[SECRET], char purpose, uint8_t out[SECRET])
{
	uint8_t info[TICKET_SCOPE + 1];

	memcpy(info, t->scope, TICKET_SCOPE);
	info[TICKET_SCOPE] = (uint8_t)purpose;
	return mac(out, secret, info, sizeof(info));
}

static bool keys_make(const struct tickets *t, struct keys *k, uint64_t period)
{
	uint8_t secret[SECRET], name[SECRET];
	bool done = secret_of(period, secret) && derive(t, secret, 'n', name) &&
		    derive(t, secret, 'e', k->aes) && derive(t, secret, 'm', k->mac);

	OPENSSL_cleanse(secret, sizeof(secret));
	if (!done)
		return false;
	k->period = period;
	memcpy(k->name, name, KEY_NAME);
	return true;
}

/* Keys for what is issued now. */
static const struct keys *keys_newest(struct tickets *t)
{
	uint64_t period = period_now();

	if (t->newest.period == period)
		return &t->newest;
	if (t->newest.period + 1 == period)
		t->older = t->newest;
	else if (!keys_make(t, &t->older, period - 1))
		return NULL;
	return keys_make(t, &t->newest, period) ? &t->newest : NULL;
}

static const struct keys *keys_named(struct tickets *t, const uint8_t name[KEY_NAME])
{
	const struct keys *newest = keys_newest(t);

	if (newest && memcmp(name, newest->name, KEY_NAME) == 0)
		return newest;
	return newest && memcmp(name, t->older.name, KEY_NAME) == 0 ? &t->older : NULL;
}

static bool set_mac(EVP_MAC_CTX *ctx, const struct keys *k)
{
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, (void *)k->mac, SECRET),
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)"SHA256", 0),
		OSSL_PARAM_construct_end(),
	};

	return EVP_MAC_CTX_set_params(ctx, params) == 1;
}

static int ticket_index = -1;

static struct tickets *tickets_of(SSL *ssl)
{
	return SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), ticket_index);
}

/* As SSL_CTX_set_tlsext_ticket_key_evp_cb(3) has it: 1 goes on, 0 means no ticket, -1 fails. */
static int ticket_keys(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher,
	EVP_MAC_CTX *hmac, int issue)
{
	struct tickets *t = tickets_of(ssl);
	const struct keys *k = issue ? keys_newest(t) : keys_named(t, name);

	if (!k)
		return 0;
	if (issue) {
		memcpy(name, k->name, KEY_NAME);
		if (RAND_bytes(iv, EVP_CIPHER_get_iv_length(t->cipher)) != 1)
			return -1;
	}
	if (!EVP_CipherInit_ex2(cipher, t->cipher, k->aes, iv, issue, NULL) || !set_mac(hmac, k))
		return -1;
	/* 2 asks for a new ticket: this one is used up (TLS 1.3) or has the older keys */
	return issue || (k == &t->newest && SSL_version(ssl) < TLS1_3_VERSION) ? 1 : 2;
}

static void tickets_free(
	void *parent, void *pointer, CRYPTO_EX_DATA *ad, int index, long number, void *unused)
{
	struct tickets *t = pointer;

	(void)parent;
	(void)ad;
	(void)index;
	(void)number;
	(void)unused;
	if (!t)
		return;
	EVP_CIPHER_free(t->cipher);
	OPENSSL_clear_free(t, sizeof(*t));
}

static void take_index(void)
{
	ticket_index = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, tickets_free);
}

bool ticket_install(SSL_CTX *ctx, const uint8_t scope[TICKET_SCOPE], const struct ticket_wish *wish)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct tickets *t = OPENSSL_zalloc(sizeof(*t));

	pthread_once(&once, take_index);
	if (!t)
		return false;
	memcpy(t->scope, scope, TICKET_SCOPE);
	t->cipher = EVP_CIPHER_fetch(NULL, wish->cipher, NULL);
	if (!t->cipher || !SSL_CTX_set_ex_data(ctx, ticket_index, t)) {
		tickets_free(NULL, t, NULL, 0, 0, NULL);
		return false;
	}
	SSL_CTX_set_timeout(ctx, (long)wish->lifetime);
	SSL_CTX_set_num_tickets(ctx, wish->count);
	return SSL_CTX_set_tlsext_ticket_key_evp_cb(ctx, ticket_keys) == 1;
}
