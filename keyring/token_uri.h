/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * token_uri.h - where a key in a PKCS#11 token is: URIs of RFC 7512
 *
 * One names a token (token= or serial=) and in it a private key (object= or id=). It carries no PIN
 * and no module: those are settings, and no one who may write a keyring file is to choose them.
 */
#ifndef ATTLS_KEYRING_TOKEN_URI_H
#define ATTLS_KEYRING_TOKEN_URI_H

#include <stdbool.h>

#include "base/err.h"

enum { TOKEN_URI_MAX = 900 }; /* bytes; with its key it is one line of an INI file */

/** token_uri_is() - whether @source is meant as such a URI rather than as the path of a file */
bool token_uri_is(const char *source);

/** token_uri_check() - whether it is a good one. Return: false with a sentence for each fault. */
bool token_uri_check(const char *uri, struct err_list *err);

#endif
