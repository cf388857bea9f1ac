/* SPDX-License-Identifier: GPL-3.0-or-later */
/* module.c - keys in PKCS#11 tokens, as attls-keyring uses them: in its own process */
#include "keyring/cli/module.h"

#include "keyring/passphrase.h"
#include "keyring/token_local.h"

bool module_open(const struct arguments *a, struct err_list *err)
{
	if (a->pin && !passphrase_read(PASSPHRASE_TOKENS, a->pin, err))
		return false;
	return !a->module || token_local_open(a->module, err, err);
}

bool module_key_ok(const struct arguments *a, struct err_list *err)
{
	const char *uri = a->values[ARG_KEY];

	if (!uri || token_uri_is(uri))
		return !uri || token_uri_check(uri, err);
	err_add(err, "%s makes a new key: --key is for one that a token has (pkcs11:...)", a->verb);
	return false;
}

EVP_PKEY *module_public(const char *uri, struct err_list *err)
{
	if (token_local_get())
		return tokens_public(token_local_get(), uri, err);
	err_add(err, "%s: is in a token: name the module and the PIN (--pkcs11-module, --pin)",
		uri);
	return NULL;
}

bool module_signs(const struct cert *c, struct err_list *err)
{
	if (!cert_in_token(c))
		return true;
	if (token_local_get())
		return cert_check(c, err);
	err_add(err,
		"the private key of %s/%s is in a token: name the module and the PIN "
		"(--pkcs11-module, --pin)",
		c->owner, c->label);
	return false;
}

void module_left(const struct cert *c, struct err_list *err)
{
	if (cert_in_token(c))
		err_warn(err, "the private key stays in its token: %s", c->key_source);
}
