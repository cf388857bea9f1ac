/* SPDX-License-Identifier: GPL-3.0-or-later */
/* bundle.c - a file from somewhere: PEM, DER, PKCS#7 or PKCS#12: certificates and perhaps a key */
#include "keyring/cli/bundle.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/pkcs7.h>
#include <string.h>

#include "keyring/files.h"
#include "keyring/heap.h"
#include "keyring/pem.h"

/* Add copies of what a PKCS#7 package holds. */
static bool take_package(struct bundle *b, PKCS7 *package)
{
	STACK_OF(X509) *inside = NULL;
	bool good = true;

	if (package && PKCS7_type_is_signed(package) && package->d.sign)
		inside = package->d.sign->cert;
	for (int i = 0; i < sk_X509_num(inside) && good; i++)
		good = X509_add_cert(b->certs, sk_X509_value(inside, i), X509_ADD_FLAG_UP_REF);
	PKCS7_free(package);
	return good && inside;
}

static bool take_pem_packages(struct bundle *b, const char *text, size_t len)
{
	BIO *mem = BIO_new_mem_buf(text, (int)len);
	bool good = true;
	PKCS7 *package;

	while (mem && good && (package = PEM_read_bio_PKCS7(mem, NULL, NULL, NULL)))
		good = take_package(b, package);
	BIO_free(mem);
	return good;
}

static bool take_pem(struct bundle *b, const char *text, size_t len, const char *password)
{
	b->certs = pem_certificates(text, len);
	if (!b->certs || !take_pem_packages(b, text, len))
		return false;
	if (!pem_has_key(text))
		return true;
	b->key = pem_key(text, len, password);
	return b->key != NULL;
}

static bool take_pkcs7(struct bundle *b, const char *text, size_t len)
{
	const unsigned char *p = (const unsigned char *)text;

	return take_package(b, d2i_PKCS7(NULL, &p, (long)len));
}

static bool take_der(struct bundle *b, const char *text, size_t len)
{
	const unsigned char *p = (const unsigned char *)text;
	X509 *x = d2i_X509(NULL, &p, (long)len);

	if (!b->certs)
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

char *password_get(const struct password *p, size_t *len, struct err_list *err)
{
	struct stat st;
	char *text;

	*len = p->text ? strlen(p->text) : 0;
	if (p->text || !p->file)
		return p->text ? heap_copy(p->text) : NULL;
	text = file_read(p->file, &st, len);
	if (text)
		text[strcspn(text, "\r\n")] = '\0';
	else
		err_add(err, "%s: cannot be read: %s", p->file, strerror(errno));
	return text;
}

static bool take_binary(struct bundle *b, const char *text, size_t len, const char *password)
{
	return take_der(b, text, len) || take_pkcs7(b, text, len) ||
	       take_pkcs12(b, text, len, password);
}

/* DER in base64 without a heading. */
static bool take_base64(struct bundle *b, const char *text, size_t len, const char *password)
{
	BIO *mem = BIO_push(BIO_new(BIO_f_base64()), BIO_new_mem_buf(text, (int)len));
	char *der = heap_zero(len + 1);
	int n = BIO_read(mem, der, (int)len);
	bool good = n > 0 && take_binary(b, der, (size_t)n, password);

	BIO_free_all(mem);
	file_free(der, len);
	return good;
}

static bool take_any(struct bundle *b, const char *text, size_t len, const char *password)
{
	bool good;

	if (memmem(text, len, "-----BEGIN ", 11))
		good = take_pem(b, text, len, password);
	else
		good = take_binary(b, text, len, password) || take_base64(b, text, len, password);
	ERR_clear_error();
	return good;
}

bool bundle_read(
	struct bundle *b, const char *path, const struct password *password, struct err_list *err)
{
	size_t len = 0, word_len = 0, before = err->count;
	char *word = password_get(password, &word_len, err), *text;
	bool good = false;
	struct stat st;

	*b = (struct bundle){0};
	if (err->count > before)
		return false;
	text = file_read(path, &st, &len);
	if (!text) {
		err_add(err, "%s: cannot be read: %s", path, strerror(errno));
	} else {
		good = take_any(b, text, len, word);
		if (!good)
			err_add(err,
				"%s: is no certificate or key in PEM, DER, PKCS#7 or PKCS#12 that "
				"can be read%s",
				path, word ? " with this password" : " without a password");
	}
	file_free(text, len);
	file_free(word, word_len);
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
