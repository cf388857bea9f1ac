/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * remote.h - private keys that live in another process: what is asked of it, and keys that ask
 *
 * A remote key is an EVP_PKEY with a public half only. Whatever OpenSSL wants done with the private
 * half becomes a request, which the asker of this process (remote_begin()) takes elsewhere. A
 * request says all that it takes to answer it, so the answering process may be replaced any time.
 */
#ifndef ATTLS_KEYRING_REMOTE_H
#define ATTLS_KEYRING_REMOTE_H

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

enum {
	KEY_PRINT = 32,         /* SHA-256 of a SubjectPublicKeyInfo */
	KEY_SOURCE_MAX = 4096,  /* longest path of a key file, or URI of a key in a token */
	KEY_DATA_MAX = 1 << 16, /* longest message: Ed25519 signs it whole */
	KEY_RESULT_MAX = 2048,  /* signature of RSA-16384, or a sentence */
};

enum key_op {
	KEY_OP_CHECK,   /* is the key there and usable? */
	KEY_OP_SIGN,    /* a digest, or without one a message (RFC 8032) */
	KEY_OP_DECRYPT, /* the premaster secret of TLS 1.2 RSA key exchange (RFC 5246 7.4.7.1) */
	KEY_OP_FORGET,  /* nobody here has a use for the key any longer */
};

enum key_status {
	KEY_DONE,       /* the result follows */
	KEY_REFUSED,    /* a sentence follows */
	KEY_UNREADABLE, /* likewise: it may work later, and this key alone is concerned */
	KEY_RESTARTED,  /* no answer: what was asked before may never have one */
};

/* Followed by @source_len bytes of key source and @data_len bytes of data. */
struct key_request {
	uint64_t id; /* comes back in the answer */
	uint32_t op;
	uint32_t padding;         /* of RSA, as OpenSSL numbers them; else 0 */
	int32_t salt_len;         /* of RSA-PSS, in bytes or as OpenSSL's negative words */
	uint32_t version;         /* KEY_OP_DECRYPT: what the client offered */
	char digest[16];          /* OpenSSL's name; "" is none */
	uint8_t print[KEY_PRINT]; /* whose key it must be */
	uint32_t source_len;
	uint32_t data_len;
};

/* Followed by @len bytes. */
struct key_answer {
	uint64_t id;
	uint32_t status;
	uint32_t len;
	uint8_t bytes[KEY_RESULT_MAX];
};

enum { KEY_ANSWER_HEAD = offsetof(struct key_answer, bytes) };

/** remote_ask_fn - get a request answered; false if nobody can. It may suspend its caller. */
typedef bool remote_ask_fn(
	const struct key_request *q, struct span source, struct span data, struct key_answer *a);

/**
 * remote_begin() - from now on the keys of this process's keystores are remote
 * Before other threads exist; NULL, when there are none any more: nobody is asked.
 */
void remote_begin(remote_ask_fn *ask);

/** remote_begin_tokens() - only keys in tokens are; files are read by this process itself */
void remote_begin_tokens(remote_ask_fn *ask);

/** remote_is_on() - remote_begin() was called */
bool remote_is_on(void);

/** remote_answers() - whether there is anybody to ask */
bool remote_answers(void);

/** remote_ask() - have @q answered by the asker; false if nobody could */
bool remote_ask(
	const struct key_request *q, struct span source, struct span data, struct key_answer *a);

/**
 * remote_key() - the key of certificate @x, found at @source by whoever answers
 * Return: owned; NULL without memory, or for a type of key that is not RSA, EC or Ed25519.
 */
EVP_PKEY *remote_key(X509 *x, const char *source);

/** remote_key_of() - the same of its public half */
EVP_PKEY *remote_key_of(EVP_PKEY *public, const char *source);

/** key_answer_refuse() - make @a a refusal with @sentence */
void key_answer_refuse(struct key_answer *a, enum key_status status, const char *sentence);

/** remote_print() - fingerprint of a public key; false if it cannot be encoded */
bool remote_print(EVP_PKEY *key, uint8_t print[KEY_PRINT]);

#endif
