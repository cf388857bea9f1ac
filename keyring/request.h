/* SPDX-License-Identifier: GPL-3.0-or-later */
/* request.h - PKCS#10 requests (RFC 2986): made, and read to be signed */
#ifndef ATTLS_KEYRING_REQUEST_H
#define ATTLS_KEYRING_REQUEST_H

#include "keyring/issue.h"

/** request_make() - a request for what @x says (RACDCERT GENREQ); owned, NULL with @err */
X509_REQ *request_make(X509 *x, EVP_PKEY *key, struct err_list *err);

/**
 * request_parse() - PEM or DER
 * Return: owned, its signature verified; NULL with a sentence that begins with @path.
 */
X509_REQ *request_parse(const char *path, const char *text, size_t len, struct err_list *err);

/** request_wish() - what @request asks for, where @i does not say it; borrowed by @i */
bool request_wish(struct issue *i, X509_REQ *request, struct err_list *err);

#endif
