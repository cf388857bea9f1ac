/* SPDX-License-Identifier: GPL-3.0-or-later */
/* bundle.c - a file from somewhere: PEM, DER or PKCS#12, certificates and perhaps a key */
#include "keyring/cli/bundle.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pkcs12.h>
#include <string.h>

#include "keyring/files.h"
#include "keyring/pem.h"

static bool take_pem(struct bundle *b, const char *text, size_t len, const char *password)
{
	b->certs = pem_certificates(text, len);
	if (!b->certs || !pem_has_key(text))
		return b->certs != NULL;
	b->key = pem_key(text, len, password);
	return b->key != NULL;
}

static bool take_der(struct bundle *b, const char *text, size_t len)
{
	const unsigned char *p = (const unsigned char *)text;
	X509 *x = d2i_X509(NULL, &p, (long)len);

	b->certs = sk_X509_new_null();
	if (x && b->certs && p == (const unsigned char *)text + len && sk_X509_push(b->certs, x))
		return true;
	X509_free(x);
	p = (const unsigned char *)text;
	b->key = d2i_AutoPrivateKey(NULL, &p, (long)len);
	return b->key != NULL;
}

static bool take_pkcs12(struct bundle *b, const char *text, size_t len, const char *password)
{
	const unsigned char *p = (const unsigned char *)text;
	PKCS12 *box = d2i_PKCS12(NULL, &p, (long)len);
	STACK_OF(X509) *others = NULL;
	X509 *x = NULL;
	bool good = box && PKCS12_parse(box, password ? password : "", &b->key, &x, &others);

	PKCS12_free(box);
	sk_X509_pop_free(b->certs, X509_free);
	b->certs = others ? others : sk_X509_new_null();
	if (x && !sk_X509_unshift(b->certs, x))
		X509_free(x);
	return good;
}

/* First line of @path, without its end, in the text that is returned; file_free()d. */
static char *read_password(const char *path, size_t *len, struct err_list *err)
{
	struct stat st;
	char *text = file_read(path, &st, len);

	if (text)
		text[strcspn(text, "\r\n")] = '\0';
	else
		err_add(err, "%s: cannot be read: %s", path, strerror(errno));
	return text;
}

static bool take_any(struct bundle *b, const char *text, size_t len, const char *password)
{
	bool good;

	if (memmem(text, len, "-----BEGIN ", 11))
		good = take_pem(b, text, len, password);
	else
		good = take_der(b, text, len) || take_pkcs12(b, text, len, password);
	ERR_clear_error();
	return good;
}

bool bundle_read(
	struct bundle *b, const char *path, const char *password_file, struct err_list *err)
{
	struct stat st;
	size_t len = 0, password_len = 0;
	char *password = NULL, *text;
	bool good = false;

	*b = (struct bundle){0};
	if (password_file && !(password = read_password(password_file, &password_len, err)))
		return false;
	text = file_read(path, &st, &len);
	if (!text) {
		err_add(err, "%s: cannot be read: %s", path, strerror(errno));
	} else {
		good = take_any(b, text, len, password);
		if (!good)
			err_add(err,
				"%s: is no certificate or key in PEM, DER or PKCS#12 that can be "
				"read%s",
				path, password ? " with this password" : " without a password");
	}
	file_free(text, len);
	file_free(password, password_len);
	if (!good)
		bundle_free(b);
	return good;
}

void bundle_free(struct bundle *b)
{
	sk_X509_pop_free(b->certs, X509_free);
	EVP_PKEY_free(b->key);
	*b = (struct bundle){0};
}
