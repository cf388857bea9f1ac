/* SPDX-License-Identifier: GPL-3.0-or-later */
/* record.c - one direction's protected records of TLS 1.3 (RFC 8446 5.2, 5.3 and 7) */
#include "gateway/tls/record.h"

#include <pthread.h>
#include <string.h>

enum { KEY_MAX = 32 };

struct record_suite {
	uint16_t id; /* IANA's number */
	uint8_t key_len;
	uint8_t secret_len;
	enum kdf_digest digest;
	const char *cipher;
};

static const struct record_suite suites[] = {
	{0x1301, 16, 32, KDF_SHA256, "AES-128-GCM"},
	{0x1302, 32, 48, KDF_SHA384, "AES-256-GCM"},
	{0x1303, 32, 32, KDF_SHA256, "ChaCha20-Poly1305"},
};

enum { SUITES = sizeof(suites) / sizeof(suites[0]) };

/* Looked up once: it takes longer than a small record. They live as long as the process. */
static EVP_CIPHER *ciphers[SUITES];

static void fetch_all(void)
{
	for (size_t i = 0; i < SUITES; i++)
		ciphers[i] = EVP_CIPHER_fetch(NULL, suites[i].cipher, NULL);
}

const struct record_suite *record_suite_of(const SSL_CIPHER *cipher)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	uint16_t id = cipher ? SSL_CIPHER_get_protocol_id(cipher) : 0;

	pthread_once(&once, fetch_all);
	for (size_t i = 0; i < SUITES; i++) {
		if (suites[i].id == id && ciphers[i])
			return &suites[i];
	}
	return NULL;
}

size_t record_secret_len(const struct record_suite *suite)
{
	return suite->secret_len;
}

/* HKDF-Expand-Label(@k's secret, @label, "", @len) of RFC 8446 7.1. */
static bool expand(const struct record_key *k, const char *label, uint8_t *to, size_t len)
{
	return kdf_expand(
		k->suite->digest, span_of(k->secret, k->suite->secret_len), label, to, len);
}

/* The cipher's key and the base of its nonces, from the secret as it is now. */
static bool rekey(struct record_key *k)
{
	uint8_t key[KEY_MAX];
	bool done = expand(k, "key", key, k->suite->key_len) && expand(k, "iv", k->iv, RECORD_IV) &&
		    EVP_CipherInit_ex2(
			    k->cipher, ciphers[k->suite - suites], key, k->iv, k->seals, NULL) == 1;

	OPENSSL_cleanse(key, sizeof(key));
	return done;
}

bool record_key_init(struct record_key *k, const struct record_suite *suite, const uint8_t *secret,
	bool seals, uint64_t seq)
{
	*k = (struct record_key){.suite = suite, .seals = seals, .seq = seq};
	memcpy(k->secret, secret, suite->secret_len);
	k->cipher = EVP_CIPHER_CTX_new();
	return k->cipher && rekey(k);
}

void record_key_fini(struct record_key *k)
{
	EVP_CIPHER_CTX_free(k->cipher);
	OPENSSL_cleanse(k, sizeof(*k));
}

bool record_key_update(struct record_key *k)
{
	uint8_t next[RECORD_SECRET_MAX];
	bool done = expand(k, "traffic upd", next, k->suite->secret_len);

	memcpy(k->secret, next, done ? k->suite->secret_len : 0);
	OPENSSL_cleanse(next, sizeof(next));
	k->seq = 0;
	return done && rekey(k);
}

/* The nonce of the next record: the base with its number folded in (RFC 8446 5.3). */
static bool begin_record(struct record_key *k, const uint8_t *header)
{
	uint8_t nonce[RECORD_IV];
	uint64_t seq = k->seq++;
	int n;

	memcpy(nonce, k->iv, sizeof(nonce));
	for (size_t i = RECORD_IV; i > RECORD_IV - sizeof(seq); i--, seq >>= 8)
		nonce[i - 1] ^= (uint8_t)seq;
	return EVP_CipherInit_ex2(k->cipher, NULL, NULL, nonce, -1, NULL) == 1 &&
	       EVP_CipherUpdate(k->cipher, NULL, &n, header, RECORD_HEADER) == 1;
}

bool record_seal(struct record_key *k, uint8_t type, struct span clear, uint8_t *to)
{
	size_t body = clear.len + RECORD_OVERHEAD - RECORD_HEADER;
	uint8_t *at = to + RECORD_HEADER;
	int n;

	to[0] = SSL3_RT_APPLICATION_DATA;
	to[1] = 3;
	to[2] = 3;
	to[3] = (uint8_t)(body >> 8);
	to[4] = (uint8_t)body;
	if (!begin_record(k, to))
		return false;
	if (clear.len > 0 && EVP_CipherUpdate(k->cipher, at, &n, clear.ptr, (int)clear.len) != 1)
		return false;
	at += clear.len;
	return EVP_CipherUpdate(k->cipher, at, &n, &type, 1) == 1 &&
	       EVP_CipherFinal_ex(k->cipher, at + 1, &n) == 1 &&
	       EVP_CIPHER_CTX_ctrl(k->cipher, EVP_CTRL_AEAD_GET_TAG, RECORD_TAG, at + 1) == 1;
}

bool record_open(struct record_key *k, const uint8_t *header, struct span body, uint8_t *to)
{
	size_t inner = body.len - RECORD_TAG;
	uint8_t tag[RECORD_TAG];
	int n;

	memcpy(tag, body.ptr + inner, RECORD_TAG);
	return begin_record(k, header) &&
	       EVP_CipherUpdate(k->cipher, to, &n, body.ptr, (int)inner) == 1 &&
	       EVP_CIPHER_CTX_ctrl(k->cipher, EVP_CTRL_AEAD_SET_TAG, RECORD_TAG, tag) == 1 &&
	       EVP_CipherFinal_ex(k->cipher, to + inner, &n) == 1;
}
