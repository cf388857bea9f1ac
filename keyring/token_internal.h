/* SPDX-License-Identifier: GPL-3.0-or-later */
/* token_internal.h - what the files about PKCS#11 tokens share; the only ones that know p11-kit */
#ifndef ATTLS_KEYRING_TOKEN_INTERNAL_H
#define ATTLS_KEYRING_TOKEN_INTERNAL_H

#include <p11-kit/p11-kit.h>
#include <p11-kit/uri.h>

#include "keyring/token.h"

/** token_uri_parse() - Return: owned, with p11_kit_uri_free(); NULL with sentences in @err */
P11KitUri *token_uri_parse(const char *uri, struct err_list *err);

/* A private key that has been found. Handles are good in each session of the process. */
struct token_key {
	CK_SLOT_ID slot;
	uint64_t epoch; /* of the token's sessions; see token.c */
	CK_OBJECT_HANDLE handle;
	CK_KEY_TYPE type;
	bool wants_pin_each_time; /* CKA_ALWAYS_AUTHENTICATE */
	size_t order;             /* bytes of an elliptic curve's order; 0 where it is not known */
};

/* One use of a key, in a session of its own. */
struct token_use {
	CK_FUNCTION_LIST *f;
	struct tokens *tokens;
	const char *uri;
	struct err_list *err; /* for sentences that say more than what is returned */
	CK_SESSION_HANDLE session;
	struct token_key key;
};

/**
 * token_find() - look for the key that @u names, and log in to its token if that takes it
 * Return: whether @u has key and session now; else a sentence in its list.
 */
bool token_find(struct token_use *u);

/**
 * token_log_in() - as @who; no token is shown a PIN that it has refused, or its last try
 * One thread at a time, so that of several none tries what another one has just been refused.
 * Return: what the module said, CKR_FUNCTION_REJECTED if it was not asked. A sentence in @u's list
 * says what is wrong with PIN or token.
 */
CK_RV token_log_in(const struct token_use *u, CK_USER_TYPE who);

/** tokens_begin_login(), tokens_end_login() - what is between them one thread does at a time */
void tokens_begin_login(struct tokens *t);
void tokens_end_login(struct tokens *t);

/** tokens_refuse(), tokens_refused() - the token in @slot has refused our PIN */
void tokens_refuse(struct tokens *t, CK_SLOT_ID slot);
bool tokens_refused(struct tokens *t, CK_SLOT_ID slot);

/** token_is_refusal() - whether @rv says that the PIN is wrong */
bool token_is_refusal(CK_RV rv);

/** token_describe() - what the key of @u is like, whose handle is known; false with a sentence */
bool token_describe(struct token_use *u);

/** token_is_stale() - whether @rv says that sessions or handles have ended meanwhile */
bool token_is_stale(CK_RV rv);

/**
 * token_sign(), token_decrypt() - as @q asks (see remote.h), into @out of @size bytes
 * Of token_decrypt() nobody learns whether it was padded well (RFC 5246 7.4.7.1): once it has
 * begun, only a lost session or token is an error.
 * Return: what the module said; on CKR_OK @len has the length.
 */
CK_RV token_sign(const struct token_use *u, const struct key_request *q, struct span data,
	uint8_t *out, size_t size, size_t *len);
CK_RV token_decrypt(const struct token_use *u, const struct key_request *q, struct span data,
	uint8_t *out, size_t size, size_t *len);

/** token_public() - the public half of @u's key, as far as the token has it; owned, or NULL */
EVP_PKEY *token_public(const struct token_use *u);

#endif
