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
	CK_SESSION_HANDLE session;
	struct token_key key;
};

/**
 * token_find() - look for the key at @uri, and log in to its token if that takes it
 * Return: whether @u has key and session now; else a sentence in @err.
 */
bool token_find(struct tokens *t, const char *uri, struct token_use *u, struct err_list *err);

/** tokens_refuse(), tokens_refused() - the token in @slot has refused our PIN */
void tokens_refuse(struct tokens *t, CK_SLOT_ID slot);
bool tokens_refused(struct tokens *t, CK_SLOT_ID slot);

/** token_is_refusal() - whether @rv says that the PIN is wrong */
bool token_is_refusal(CK_RV rv);

/** token_describe() - what the key of @u is like, whose handle is known; false with a sentence */
bool token_describe(struct token_use *u, const char *uri, struct err_list *err);

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
