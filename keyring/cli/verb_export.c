/* SPDX-License-Identifier: GPL-3.0-or-later */
/* verb_export.c - export, genreq: certificates and requests to files */
#include <openssl/pem.h>
#include <string.h>

#include "keyring/cli/module.h"
#include "keyring/cli/package.h"
#include "keyring/cli/verbs.h"
#include "keyring/files.h"
#include "keyring/request.h"

/* A form with a private key needs both the key and a password. */
static bool may_leave(const struct package_form *form, const struct cert *c, const char *password,
	struct err_list *err)
{
	if (form->has_key && cert_in_token(c))
		err_add(err, "the private key of %s/%s is in a token, and stays there", c->owner,
			c->label);
	else if (form->has_key && !cert_key(c))
		err_add(err, "%s/%s has no private key here, which a PKCS#12 package carries",
			c->owner, c->label);
	else if (form->has_key && (!password || !*password))
		err_add(err, "a PKCS#12 package needs a password: give --password-file");
	else if (!form->has_key && password)
		err_add(err, "%s is not encrypted: leave the password out", form->name);
	else
		return true;
	return false;
}

static bool export_as(const struct desk *d, const struct package_form *form,
	const struct arguments *a, const char *password, struct err_list *err)
{
	const struct cert *c = desk_cert(d, arguments_owner(a), a->values[ARG_LABEL], err);
	struct chain chain;
	bool good = false;
	BIO *bytes;

	if (!c || !may_leave(form, c, password, err))
		return false;
	chain_find(&chain, d->keys, c);
	bytes = form->encode(&chain, password);
	if (bytes)
		good = write_out(a->values[ARG_OUT], bytes, form->has_key, err);
	else
		err_add(err, "%s/%s: cannot be encoded", c->owner, c->label);
	BIO_free(bytes);
	return good;
}

bool verb_export(const struct arguments *a, struct err_list *err)
{
	const char *format = a->values[ARG_FORMAT];
	const struct package_form *form = package_form(format ? format : "pem", err);
	struct password how = arguments_password(a);
	size_t len, before = err->count;
	char *password = form ? password_get(&how, &len, err) : NULL;
	bool good = false;
	struct desk d;

	if (form && err->count == before && desk_open(&d, a, false, err)) {
		good = export_as(&d, form, a, password, err);
		desk_close(&d);
	}
	if (password)
		file_free(password, len);
	return good;
}

static bool write_request(const char *path, X509_REQ *request, struct err_list *err)
{
	BIO *bytes = BIO_new(BIO_s_mem());
	bool good = bytes && PEM_write_bio_X509_REQ(bytes, request);

	if (good)
		good = write_out(path, bytes, false, err);
	else
		err_add(err, "the request cannot be encoded");
	BIO_free(bytes);
	return good;
}

bool verb_genreq(const struct arguments *a, struct err_list *err)
{
	X509_REQ *request = NULL;
	const struct cert *c;
	bool good;
	struct desk d;

	if (!desk_open(&d, a, false, err))
		return false;
	c = desk_cert(&d, arguments_owner(a), a->values[ARG_LABEL], err);
	if (c && !cert_key(c))
		err_add(err, "%s/%s has no private key here, which signs a request", c->owner,
			c->label);
	else if (c && module_signs(c, err))
		request = request_make(cert_x509(c), cert_key(c), err);
	good = request && write_request(a->values[ARG_OUT], request, err);
	X509_REQ_free(request);
	desk_close(&d);
	return good;
}
