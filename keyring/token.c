/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * token.c - private keys in PKCS#11 tokens: a module loaded, keys found, sessions lent
 *
 * A use of a key takes a session, since a session does one thing at a time. Sessions that are not
 * in use are kept for the next: a token is logged in as long as there is one (PKCS#11 5.4). A key
 * is looked for once; its handle is good in all sessions.
 *
 * A token that is pulled, or a network module that loses its peer, ends sessions and handles. The
 * first use that finds out begins the token's next epoch: what belongs to an earlier one is not
 * used again, and the key is looked for anew.
 */
#include "keyring/token.h"

#include <openssl/err.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "keyring/files.h"
#include "keyring/heap.h"
#include "keyring/token_internal.h"

enum { SLOTS_MAX = 64, IDLE_MAX = 32, KEYS_MAX = 1024, TRIES = 2 };

struct token {
	CK_SLOT_ID slot;
	uint64_t epoch;
	bool refuses; /* our PIN, and is not to be asked again */
	CK_SESSION_HANDLE idle[IDLE_MAX];
	size_t idle_count;
};

struct known_key {
	char *uri;
	struct token_key key;
};

struct tokens {
	CK_FUNCTION_LIST *f;
	pthread_mutex_t search; /* one at a time; taken before @lock */
	pthread_mutex_t login;  /* likewise, also during a search */
	pthread_mutex_t lock;   /* of what follows; not held while the module is at work */
	struct token tokens[SLOTS_MAX];
	size_t token_count;
	struct known_key keys[KEYS_MAX];
	size_t key_count;
	size_t next_key; /* of a full table: whose place the next one takes */
};

/* ---- the module ---- */

static bool may_load(const char *path, struct err_list *err)
{
	size_t before = err->count;
	struct stat st;

	if (stat(path, &st) < 0)
		err_add(err, "%s: the PKCS#11 module is not there, or not readable", path);
	else
		guard_file(path, &st, err);
	return err->count == before;
}

/* p11-kit's own start says nothing of threads, and then modules take it that there are none. */
static CK_RV start_module(CK_FUNCTION_LIST *f)
{
	CK_C_INITIALIZE_ARGS args = {.flags = CKF_OS_LOCKING_OK};

	return f->C_Initialize(&args);
}

struct tokens *tokens_load(const char *path, struct err_list *err)
{
	struct tokens *t;
	CK_FUNCTION_LIST *f;
	CK_RV rv;

	if (!may_load(path, err))
		return NULL;
	f = p11_kit_module_load(path, P11_KIT_MODULE_UNMANAGED);
	if (!f) {
		err_add(err, "%s: is no PKCS#11 module that can be loaded: %s", path,
			p11_kit_message());
		return NULL;
	}
	rv = start_module(f);
	if (rv != CKR_OK) {
		err_add(err, "%s: the PKCS#11 module does not start: %s", path,
			p11_kit_strerror(rv));
		p11_kit_module_release(f);
		return NULL;
	}
	t = heap_zero(sizeof(*t));
	t->f = f;
	pthread_mutex_init(&t->search, NULL);
	pthread_mutex_init(&t->login, NULL);
	pthread_mutex_init(&t->lock, NULL);
	return t;
}

void tokens_free(struct tokens *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->key_count; i++)
		free(t->keys[i].uri);
	t->f->C_Finalize(NULL);
	p11_kit_module_release(t->f);
	pthread_mutex_destroy(&t->search);
	pthread_mutex_destroy(&t->login);
	pthread_mutex_destroy(&t->lock);
	free(t);
}

/* ---- what is known; all of these with the lock held ---- */

/* Return: NULL for one slot too many. */
static struct token *token_of(struct tokens *t, CK_SLOT_ID slot)
{
	for (size_t i = 0; i < t->token_count; i++) {
		if (t->tokens[i].slot == slot)
			return &t->tokens[i];
	}
	if (t->token_count == SLOTS_MAX)
		return NULL;
	t->tokens[t->token_count] = (struct token){.slot = slot};
	return &t->tokens[t->token_count++];
}

static struct known_key *known(struct tokens *t, const char *uri)
{
	for (size_t i = 0; i < t->key_count; i++) {
		if (strcmp(t->keys[i].uri, uri) == 0)
			return &t->keys[i];
	}
	return NULL;
}

static void note(struct tokens *t, const char *uri, const struct token_key *key)
{
	struct known_key *k = known(t, uri);

	if (!k) {
		k = &t->keys[t->key_count < KEYS_MAX ? t->key_count++ : t->next_key++ % KEYS_MAX];
		free(k->uri);
		k->uri = heap_copy(uri);
	}
	k->key = *key;
}

static void forget(struct tokens *t, const char *uri)
{
	struct known_key *k;

	pthread_mutex_lock(&t->lock);
	k = known(t, uri);
	if (k) {
		free(k->uri);
		*k = t->keys[--t->key_count];
		t->keys[t->key_count] = (struct known_key){0};
	}
	pthread_mutex_unlock(&t->lock);
}

/* ---- tokens that refuse our PIN ---- */

void tokens_begin_login(struct tokens *t)
{
	pthread_mutex_lock(&t->login);
}

void tokens_end_login(struct tokens *t)
{
	pthread_mutex_unlock(&t->login);
}

void tokens_refuse(struct tokens *t, CK_SLOT_ID slot)
{
	struct token *token;

	pthread_mutex_lock(&t->lock);
	token = token_of(t, slot);
	if (token)
		token->refuses = true;
	pthread_mutex_unlock(&t->lock);
}

bool tokens_refused(struct tokens *t, CK_SLOT_ID slot)
{
	const struct token *token;
	bool found;

	pthread_mutex_lock(&t->lock);
	token = token_of(t, slot);
	found = !token || token->refuses;
	pthread_mutex_unlock(&t->lock);
	return found;
}

/* ---- sessions, lent and given back ---- */

static bool search_and_note(struct tokens *t, struct token_use *u)
{
	struct token *token;
	bool found;

	pthread_mutex_lock(&t->search);
	found = token_find(u);
	pthread_mutex_lock(&t->lock);
	token = found ? token_of(t, u->key.slot) : NULL;
	if (token) {
		u->key.epoch = token->epoch;
		note(t, u->uri, &u->key);
	}
	pthread_mutex_unlock(&t->lock);
	pthread_mutex_unlock(&t->search);
	return found;
}

/* Return: whether the key is known, and there is a session. */
static bool recall(struct tokens *t, struct token_use *u)
{
	CK_SESSION_HANDLE session = CK_INVALID_HANDLE;
	const struct known_key *k;
	struct token *token;

	pthread_mutex_lock(&t->lock);
	k = known(t, u->uri);
	token = k ? token_of(t, k->key.slot) : NULL;
	if (token && (token->epoch != k->key.epoch || token->refuses))
		token = NULL;
	if (token)
		u->key = k->key;
	if (token && token->idle_count)
		session = token->idle[--token->idle_count];
	pthread_mutex_unlock(&t->lock);
	if (!token)
		return false;
	u->session = session;
	return session != CK_INVALID_HANDLE || t->f->C_OpenSession(u->key.slot, CKF_SERIAL_SESSION,
						       NULL, NULL, &u->session) == CKR_OK;
}

static void give_back(struct tokens *t, const struct token_use *u, CK_RV rv)
{
	struct token *token;
	bool kept = false;

	pthread_mutex_lock(&t->lock);
	token = token_of(t, u->key.slot);
	if (rv == CKR_OK && token && token->epoch == u->key.epoch && token->idle_count < IDLE_MAX) {
		token->idle[token->idle_count++] = u->session;
		kept = true;
	}
	pthread_mutex_unlock(&t->lock);
	if (!kept)
		t->f->C_CloseSession(u->session);
}

static void end_epoch(struct tokens *t, const struct token_key *key)
{
	CK_SESSION_HANDLE idle[IDLE_MAX];
	struct token *token;
	size_t count = 0;

	pthread_mutex_lock(&t->lock);
	token = token_of(t, key->slot);
	if (token && token->epoch == key->epoch) {
		count = token->idle_count;
		memcpy(idle, token->idle, sizeof(idle));
		token->idle_count = 0;
		token->epoch++;
	}
	pthread_mutex_unlock(&t->lock);
	for (size_t i = 0; i < count; i++)
		t->f->C_CloseSession(idle[i]);
}

/* ---- requests ---- */

static CK_RV carry_out(const struct token_use *u, const struct key_request *q, struct span data,
	struct key_answer *a)
{
	size_t len = 0;
	CK_RV rv = CKR_OK;

	if (q->op == KEY_OP_SIGN)
		rv = token_sign(u, q, data, a->bytes, sizeof(a->bytes), &len);
	else if (q->op == KEY_OP_DECRYPT)
		rv = token_decrypt(u, q, data, a->bytes, sizeof(a->bytes), &len);
	else if (q->op != KEY_OP_CHECK)
		rv = CKR_FUNCTION_NOT_SUPPORTED;
	a->len = (uint32_t)len;
	return rv;
}

static CK_RV use_once(struct tokens *t, struct token_use *u, const struct key_request *q,
	struct span data, struct key_answer *a)
{
	CK_RV rv = carry_out(u, q, data, a);

	give_back(t, u, rv);
	if (token_is_refusal(rv)) /* of a module that logs in when it likes */
		tokens_refuse(t, u->key.slot);
	if (token_is_stale(rv))
		end_epoch(t, &u->key);
	return rv;
}

/* Once more, if what was known of the token is out of date. */
static bool use(struct tokens *t, const struct key_request *q, const char *uri, struct span data,
	struct key_answer *a, struct err_list *err)
{
	bool anew = q->op == KEY_OP_CHECK;
	CK_RV rv = CKR_OK;

	for (int tries = 0; tries < TRIES; tries++) {
		struct token_use u = {.f = t->f, .tokens = t, .uri = uri, .err = err};

		if ((anew || !recall(t, &u)) && !search_and_note(t, &u))
			return false;
		rv = use_once(t, &u, q, data, a);
		if (rv == CKR_OK)
			return true;
		if (!token_is_stale(rv))
			break;
		anew = true;
	}
	err_add(err, "%s: the token does not do what is asked of the key: %s", uri,
		p11_kit_strerror(rv));
	return false;
}

void tokens_answer(struct tokens *t, const struct key_request *q, const char *uri, struct span data,
	struct key_answer *a)
{
	struct err_list err;

	if (q->op == KEY_OP_FORGET) {
		forget(t, uri);
		return;
	}
	err_init(&err);
	if (!use(t, q, uri, data, a, &err))
		key_answer_refuse(a, KEY_UNREADABLE, err.lines[0]);
	err_fini(&err);
	ERR_clear_error();
}

EVP_PKEY *tokens_public(struct tokens *t, const char *uri, struct err_list *err)
{
	struct token_use u = {.f = t->f, .tokens = t, .uri = uri, .err = err};
	EVP_PKEY *key;

	if (!search_and_note(t, &u))
		return NULL;
	key = token_public(&u);
	give_back(t, &u, CKR_OK);
	ERR_clear_error();
	if (!key)
		err_add(err,
			"%s: the token does not show the public half of this key: it needs the "
			"public key beside it, of the same id",
			uri);
	return key;
}
