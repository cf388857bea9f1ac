/* SPDX-License-Identifier: GPL-3.0-or-later */
/* keyserver.c - the other end of remote keys: holds private keys, signs and decrypts with them */
#include "keyring/keyserver.h"

#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keyring/files.h"
#include "keyring/heap.h"
#include "keyring/passphrase.h"
#include "keyring/pem.h"
#include "keyring/token.h"

/* A full table begins again at its first slot: then a key is read once more, nothing is lost. */
enum { KEYS_MAX = 4096 };

struct held_key {
	uint8_t print[KEY_PRINT];
	EVP_PKEY *key;
};

struct keyserver {
	const char *dir;
	struct tokens *tokens; /* NULL: no module, for this reason: */
	char *no_tokens;       /* a sentence */
	pthread_mutex_t lock;  /* of the table */
	struct held_key keys[KEYS_MAX];
	size_t count; /* slots in use */
	size_t next;  /* of a full table: whose slot the next key takes */
};

struct keyserver *keyserver_new(const char *dir)
{
	struct keyserver *k = heap_zero(sizeof(*k));

	k->dir = dir;
	k->no_tokens = heap_copy("there is no PKCS#11 module: name one ([gateway] pkcs11_module, "
				 "--pkcs11-module)");
	pthread_mutex_init(&k->lock, NULL);
	return k;
}

bool keyserver_load_module(struct keyserver *k, const char *path, struct err_list *err)
{
	size_t before = err->count;

	k->tokens = tokens_load(path, err);
	if (!k->tokens) {
		free(k->no_tokens);
		k->no_tokens = heap_copy(err->lines[before]);
	}
	return k->tokens;
}

void keyserver_drop_module(struct keyserver *k)
{
	free(k->no_tokens);
	k->no_tokens = heap_copy("the PKCS#11 module has ended the key process, and is not used "
				 "any more: start the gateway again once it works");
}

bool keyserver_has_tokens(const struct keyserver *k)
{
	return k->tokens;
}

void keyserver_free(struct keyserver *k)
{
	if (!k)
		return;
	for (size_t i = 0; i < k->count; i++)
		EVP_PKEY_free(k->keys[i].key);
	tokens_free(k->tokens);
	free(k->no_tokens);
	pthread_mutex_destroy(&k->lock);
	free(k);
}

static void refuse_err(struct key_answer *a, enum key_status status, const struct err_list *err)
{
	key_answer_refuse(a, status, err->count ? err->lines[0] : "the private key cannot be used");
}

/* ---- the table ---- */

static struct held_key *find(struct keyserver *k, const uint8_t *print)
{
	for (size_t i = 0; i < k->count; i++) {
		if (memcmp(k->keys[i].print, print, KEY_PRINT) == 0)
			return &k->keys[i];
	}
	return NULL;
}

/* Return: a reference, or NULL. */
static EVP_PKEY *recall(struct keyserver *k, const uint8_t *print)
{
	struct held_key *held;
	EVP_PKEY *key = NULL;

	pthread_mutex_lock(&k->lock);
	held = find(k, print);
	if (held && EVP_PKEY_up_ref(held->key))
		key = held->key;
	pthread_mutex_unlock(&k->lock);
	return key;
}

/* Keep a reference to @key, instead of what there was. */
static void keep(struct keyserver *k, const uint8_t *print, EVP_PKEY *key)
{
	struct held_key *held;

	if (!EVP_PKEY_up_ref(key))
		return;
	pthread_mutex_lock(&k->lock);
	held = find(k, print);
	if (!held) {
		held = &k->keys[k->count < KEYS_MAX ? k->count++ : k->next++ % KEYS_MAX];
	}
	EVP_PKEY_free(held->key);
	memcpy(held->print, print, KEY_PRINT);
	held->key = key;
	pthread_mutex_unlock(&k->lock);
}

/* With the last reference OpenSSL wipes it. */
static void forget(struct keyserver *k, const uint8_t *print)
{
	struct held_key *held;

	pthread_mutex_lock(&k->lock);
	held = find(k, print);
	if (held) {
		EVP_PKEY_free(held->key);
		*held = k->keys[--k->count];
		k->keys[k->count] = (struct held_key){0};
	}
	pthread_mutex_unlock(&k->lock);
}

/* ---- files ---- */

/* Whoever asks is not to choose any file of this system. */
static bool is_key_file(const struct keyserver *k, const char *path)
{
	size_t len = strlen(k->dir), all = strlen(path);

	return strncmp(path, k->dir, len) == 0 && strncmp(path + len, "/certs/", 7) == 0 &&
	       !strstr(path + len, "/../") && all > 4 && strcmp(path + all - 4, ".key") == 0;
}

static EVP_PKEY *refuse_file(
	struct key_answer *a, enum key_status status, const char *path, const char *what)
{
	struct err_list err;

	err_init(&err);
	err_add(&err, "%s: %s", path, what);
	refuse_err(a, status, &err);
	err_fini(&err);
	return NULL;
}

/* Allowed, by who owns it and who can read it. */
static bool may_use(
	const struct keyserver *k, const char *path, const struct stat *st, struct key_answer *a)
{
	struct err_list err;
	struct stat dir;
	bool good;

	err_init(&err);
	good = stat(k->dir, &dir) == 0 &&
	       guard_key(&(struct guard){.uid = dir.st_uid, .gid = dir.st_gid}, path, st, &err);
	if (!good)
		refuse_err(a, KEY_REFUSED, &err);
	err_fini(&err);
	return good;
}

static EVP_PKEY *decode(
	const char *path, const char *text, size_t len, const uint8_t *print, struct key_answer *a)
{
	EVP_PKEY *key = pem_key_like(text, len, print), *any;

	if (key)
		return key;
	any = pem_key(text, len, passphrase_get(PASSPHRASE_KEYS));
	EVP_PKEY_free(any);
	if (any)
		return refuse_file(a, KEY_REFUSED, path,
			"this private key does not belong to the certificate beside it: replace "
			"one of them");
	if (pem_is_encrypted(text))
		return refuse_file(a, KEY_UNREADABLE, path,
			passphrase_get(PASSPHRASE_KEYS)
				? "the private key is encrypted, and not with the "
				  "passphrase of [gateway] key_passphrase: store it again"
				: "the private key is encrypted, and there is no "
				  "passphrase: set [gateway] key_passphrase");
	return refuse_file(a, KEY_REFUSED, path,
		"is no usable private key in PEM: store it again with attls-keyring add");
}

static EVP_PKEY *read_file(
	struct keyserver *k, const char *path, const uint8_t *print, struct key_answer *a)
{
	EVP_PKEY *key = NULL;
	struct stat st;
	size_t len;
	char *text;

	if (!is_key_file(k, path))
		return refuse_file(a, KEY_REFUSED, path, "is no key file of the keyring");
	text = file_read(path, &st, &len);
	if (!text)
		return refuse_file(a, errno == EACCES ? KEY_UNREADABLE : KEY_REFUSED, path,
			errno == EACCES
				? "not readable for the key process: give it to the account "
				  "that this runs as (key_user)"
				: "cannot be read");
	if (may_use(k, path, &st, a))
		key = decode(path, text, len, print, a);
	file_free(text, len);
	return key;
}

/* A reference to the key that @q is about. */
static EVP_PKEY *find_key(
	struct keyserver *k, const struct key_request *q, const char *path, struct key_answer *a)
{
	EVP_PKEY *key = q->op == KEY_OP_CHECK ? NULL : recall(k, q->print);

	if (key)
		return key;
	key = read_file(k, path, q->print, a);
	if (key)
		keep(k, q->print, key);
	return key;
}

/* ---- what is done with a key ---- */

static bool sign_digest(
	EVP_PKEY *key, const struct key_request *q, struct span digest, struct key_answer *a)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	EVP_MD *md = EVP_MD_fetch(NULL, q->digest, NULL);
	size_t len = sizeof(a->bytes);
	bool done = ctx && md && EVP_PKEY_sign_init(ctx) == 1;

	if (done && EVP_PKEY_is_a(key, "RSA"))
		done = EVP_PKEY_CTX_set_rsa_padding(ctx, (int)q->padding) == 1 &&
		       (q->padding != RSA_PKCS1_PSS_PADDING ||
			       EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, q->salt_len) == 1);
	done = done && EVP_PKEY_CTX_set_signature_md(ctx, md) == 1 &&
	       EVP_PKEY_sign(ctx, a->bytes, &len, digest.ptr, digest.len) == 1;
	a->len = done ? (uint32_t)len : 0;
	EVP_MD_free(md);
	EVP_PKEY_CTX_free(ctx);
	return done;
}

static bool sign_message(EVP_PKEY *key, struct span message, struct key_answer *a)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t len = sizeof(a->bytes);
	bool done = ctx && EVP_DigestSignInit(ctx, NULL, NULL, NULL, key) == 1 &&
		    EVP_DigestSign(ctx, a->bytes, &len, message.ptr, message.len) == 1;

	a->len = done ? (uint32_t)len : 0;
	EVP_MD_CTX_free(ctx);
	return done;
}

static bool sign(EVP_PKEY *key, const struct key_request *q, struct span data, struct key_answer *a)
{
	return *q->digest ? sign_digest(key, q, data, a) : sign_message(key, data, a);
}

/* A secret that does not decrypt becomes a random one, here: nobody learns which it was. */
static bool decrypt(
	EVP_PKEY *key, const struct key_request *q, struct span data, struct key_answer *a)
{
	unsigned version = q->version;
	const OSSL_PARAM params[] = {
		OSSL_PARAM_construct_uint(OSSL_ASYM_CIPHER_PARAM_TLS_CLIENT_VERSION, &version),
		OSSL_PARAM_construct_end(),
	};
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	size_t len = sizeof(a->bytes);
	bool done = ctx && EVP_PKEY_decrypt_init(ctx) == 1 &&
		    EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_WITH_TLS_PADDING) == 1 &&
		    EVP_PKEY_CTX_set_params(ctx, params) == 1 &&
		    EVP_PKEY_decrypt(ctx, a->bytes, &len, data.ptr, data.len) == 1;

	a->len = done ? (uint32_t)len : 0;
	EVP_PKEY_CTX_free(ctx);
	return done;
}

static bool carry_out(
	EVP_PKEY *key, const struct key_request *q, struct span data, struct key_answer *a)
{
	switch ((enum key_op)q->op) {
	case KEY_OP_CHECK: return true;
	case KEY_OP_SIGN: return sign(key, q, data, a);
	case KEY_OP_DECRYPT: return decrypt(key, q, data, a);
	default: return false;
	}
}

static void answer_token(struct keyserver *k, const struct key_request *q, const char *uri,
	struct span data, struct key_answer *a)
{
	struct err_list err;

	if (k->tokens) {
		tokens_answer(k->tokens, q, uri, data, a);
	} else if (q->op != KEY_OP_FORGET) {
		err_init(&err);
		err_add(&err, "%s: %s", uri, k->no_tokens);
		refuse_err(a, KEY_UNREADABLE, &err);
		err_fini(&err);
	}
	/* a file had it before, perhaps: uses are counted by the key, not by its place */
	if (q->op == KEY_OP_FORGET || (q->op == KEY_OP_CHECK && a->status == KEY_DONE))
		forget(k, q->print);
}

static void answer_file(struct keyserver *k, const struct key_request *q, const char *path,
	struct span data, struct key_answer *a)
{
	EVP_PKEY *key;

	if (q->op == KEY_OP_FORGET) {
		forget(k, q->print);
		return;
	}
	key = find_key(k, q, path, a);
	if (key && !carry_out(key, q, data, a))
		key_answer_refuse(
			a, KEY_REFUSED, "the private key does not allow what the handshake needs");
	EVP_PKEY_free(key);
	ERR_clear_error();
}

void keyserver_answer(struct keyserver *k, const struct key_request *q, struct span source,
	struct span data, struct key_answer *a)
{
	char where[KEY_SOURCE_MAX + 1];

	a->id = q->id;
	a->status = KEY_DONE;
	a->len = 0;
	memcpy(where, source.ptr, source.len);
	where[source.len] = '\0';
	if (token_uri_is(where))
		answer_token(k, q, where, data, a);
	else
		answer_file(k, q, where, data, a);
}
