/* SPDX-License-Identifier: GPL-3.0-or-later */
/* module.h - keys in PKCS#11 tokens, as attls-keyring uses them: in its own process */
#ifndef ATTLS_KEYRING_CLI_MODULE_H
#define ATTLS_KEYRING_CLI_MODULE_H

#include "keyring/cli/verbs.h"

/**
 * module_open() - load the module that @a names, if it names one
 * What a token refuses becomes a warning in @err, which must outlive token_local_close().
 * Return: false with a sentence.
 */
bool module_open(const struct arguments *a, struct err_list *err);

/** module_key_ok() - whether --key, if given, is the good URI of a key in a token */
bool module_key_ok(const struct arguments *a, struct err_list *err);

/** module_public() - the public half of the key at @uri; owned, NULL with a sentence */
EVP_PKEY *module_public(const char *uri, struct err_list *err);

/** module_signs() - whether the key of @c can be used, as to where it is; false with a sentence */
bool module_signs(const struct cert *c, struct err_list *err);

/** module_left() - a warning that the key of @c, where it is in a token, stays there */
void module_left(const struct cert *c, struct err_list *err);

#endif
