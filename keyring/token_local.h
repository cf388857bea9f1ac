/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * token_local.h - keys in PKCS#11 tokens for a process that has no key process: tools, --check
 *
 * The module is loaded into the process itself, which has one at most.
 */
#ifndef ATTLS_KEYRING_TOKEN_LOCAL_H
#define ATTLS_KEYRING_TOKEN_LOCAL_H

#include "keyring/token.h"

/**
 * token_local_open() - from now on keys in tokens are used through module @path
 * @said: gets what a token refuses as warnings, until token_local_close()
 * Return: false with a sentence in @err.
 */
bool token_local_open(const char *path, struct err_list *said, struct err_list *err);

/** token_local_close() - fine without token_local_open() */
void token_local_close(void);

/** token_local_get() - NULL without a module */
struct tokens *token_local_get(void);

#endif
