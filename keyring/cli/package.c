/* SPDX-License-Identifier: GPL-3.0-or-later */
/* package.c - the forms in which certificates leave the store */
#include "keyring/cli/package.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/pkcs7.h>
#include <strings.h>

/* @mem if @good; else it is freed. */
static BIO *result(BIO *mem, bool good)
{
	ERR_clear_error();
	if (good)
		return mem;
	BIO_free_all(mem);
	return NULL;
}

static BIO *make_pem(const struct chain *chain, const char *password)
{
	BIO *mem = BIO_new(BIO_s_mem());

	(void)password;
	return result(mem, mem && PEM_write_bio_X509(mem, cert_x509(chain->certs[0])));
}

static BIO *make_der(const struct chain *chain, const char *password)
{
	BIO *mem = BIO_new(BIO_s_mem());

	(void)password;
	return result(mem, mem && i2d_X509_bio(mem, cert_x509(chain->certs[0])));
}

/* All that signed the first, or with it; owned, the certificates are not. */
static STACK_OF(X509) * stack_of(const struct chain *chain, size_t from)
{
	STACK_OF(X509) *list = sk_X509_new_null();

	for (size_t i = from; list && i < chain->count; i++)
		sk_X509_push(list, cert_x509(chain->certs[i]));
	return list;
}

/* Nothing is signed: the package only carries certificates (RFC 2315 9.1, degenerate). */
static PKCS7 *make_pkcs7(const struct chain *chain)
{
	STACK_OF(X509) *list = stack_of(chain, 0);
	PKCS7 *package = list ? PKCS7_new() : NULL;
	bool good = package && PKCS7_set_type(package, NID_pkcs7_signed) &&
		    PKCS7_content_new(package, NID_pkcs7_data) && PKCS7_set_detached(package, 1);

	for (int i = 0; good && i < sk_X509_num(list); i++)
		good = PKCS7_add_certificate(package, sk_X509_value(list, i));
	sk_X509_free(list);
	if (good)
		return package;
	PKCS7_free(package);
	return NULL;
}

static BIO *make_pkcs7_pem(const struct chain *chain, const char *password)
{
	PKCS7 *package = make_pkcs7(chain);
	BIO *mem = BIO_new(BIO_s_mem());
	bool good = mem && package && PEM_write_bio_PKCS7(mem, package);

	(void)password;
	PKCS7_free(package);
	return result(mem, good);
}

static BIO *make_pkcs7_der(const struct chain *chain, const char *password)
{
	PKCS7 *package = make_pkcs7(chain);
	BIO *mem = BIO_new(BIO_s_mem());
	bool good = mem && package && i2d_PKCS7_bio(mem, package);

	(void)password;
	PKCS7_free(package);
	return result(mem, good);
}

static BIO *make_pkcs12_der(const struct chain *chain, const char *password)
{
	const struct cert *c = chain->certs[0];
	STACK_OF(X509) *issuers = stack_of(chain, 1);
	PKCS12 *box = PKCS12_create(
		password, c->label, cert_key(c), cert_x509(c), issuers, 0, 0, 0, 0, 0);
	BIO *mem = BIO_new(BIO_s_secmem());
	bool good = mem && box && i2d_PKCS12_bio(mem, box);

	PKCS12_free(box);
	sk_X509_free(issuers);
	return result(mem, good);
}

static BIO *make_pkcs12_base64(const struct chain *chain, const char *password)
{
	BIO *der = make_pkcs12_der(chain, password), *mem = BIO_new(BIO_s_mem());
	BIO *filter = BIO_new(BIO_f_base64());
	char *data;
	long len = der ? BIO_get_mem_data(der, &data) : 0;
	bool good = mem && filter && len > 0 && BIO_push(filter, mem) &&
		    BIO_write(filter, data, (int)len) == len && BIO_flush(filter) == 1;

	if (filter)
		BIO_pop(filter);
	BIO_free(filter);
	BIO_free(der);
	return result(mem, good);
}

static const struct package_form forms[] = {
	{"pem", "certb64", make_pem, false},
	{"der", "certder", make_der, false},
	{"pkcs7", "pkcs7b64", make_pkcs7_pem, false},
	{"pkcs7-der", "pkcs7der", make_pkcs7_der, false},
	{"pkcs12", "pkcs12der", make_pkcs12_der, true},
	{"pkcs12-base64", "pkcs12b64", make_pkcs12_base64, true},
};

const struct package_form *package_form(const char *name, struct err_list *err)
{
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (strcasecmp(name, forms[i].name) == 0 || strcasecmp(name, forms[i].racf) == 0)
			return &forms[i];
	}
	err_add(err,
		"--format %s: is none of pem, der, pkcs7, pkcs7-der, pkcs12, pkcs12-base64 "
		"(certb64, certder, pkcs7b64, pkcs7der, pkcs12der, pkcs12b64)",
		name);
	return NULL;
}
