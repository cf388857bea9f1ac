/* SPDX-License-Identifier: GPL-3.0-or-later */
/* package.h - the forms in which certificates leave the store */
#ifndef ATTLS_KEYRING_CLI_PACKAGE_H
#define ATTLS_KEYRING_CLI_PACKAGE_H

#include "keyring/chain.h"

/**
 * package_fn - encode the first certificate of @chain, and more where the form holds more
 * @password: for forms with a private key
 * Return: owned BIO in memory; NULL if it cannot be done.
 */
typedef BIO *package_fn(const struct chain *chain, const char *password);

struct package_form {
	const char *name;
	const char *racf; /* RACDCERT's word for it */
	package_fn *encode;
	bool has_key;
};

/** package_form() - by either name, without case. Return: NULL with a sentence in @err. */
const struct package_form *package_form(const char *name, struct err_list *err);

#endif
