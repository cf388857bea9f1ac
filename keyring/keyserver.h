/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * keyserver.h - the other end of remote keys: holds private keys, signs and decrypts with them
 *
 * It judges files, not users: who may use which key is judged where the requests come from. Keys in
 * tokens stay there (token.h).
 */
#ifndef ATTLS_KEYRING_KEYSERVER_H
#define ATTLS_KEYRING_KEYSERVER_H

#include "base/err.h"
#include "keyring/remote.h"

struct keyserver;

/** keyserver_new() - for the key files below the keyring directory @dir (borrowed) */
struct keyserver *keyserver_new(const char *dir);

void keyserver_free(struct keyserver *k);

/**
 * keyserver_load_module() - let it use keys in PKCS#11 tokens too; see token.h
 * Return: false with a sentence, with which such keys are refused from then on; files are not.
 */
bool keyserver_load_module(struct keyserver *k, const char *path, struct err_list *err);

/** keyserver_drop_module() - say of keys in tokens that there is no module since it does harm */
void keyserver_drop_module(struct keyserver *k);

/** keyserver_has_tokens() - whether a module is loaded */
bool keyserver_has_tokens(const struct keyserver *k);

/**
 * keyserver_answer() - do what @q asks; by any number of threads at a time
 * A key is read when it is first asked for, and kept. KEY_OP_CHECK reads it again, so that a file
 * that has been replaced is noticed with the next generation of the keyring. KEY_OP_FORGET drops
 * it; if it is asked for all the same, it is read once more. @source is a path, or the URI of a key
 * in a token. One that is found in a token drops the same key of a file.
 */
void keyserver_answer(struct keyserver *k, const struct key_request *q, struct span source,
	struct span data, struct key_answer *a);

#endif
