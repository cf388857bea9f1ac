/* SPDX-License-Identifier: GPL-3.0-or-later */
/* request.c - PKCS#10 requests (RFC 2986): made, and read to be signed */
#include "keyring/request.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>

/* The extensions that a CA should take over. */
static STACK_OF(X509_EXTENSION) * wishes_of(const X509 *x)
{
	static const int nids[] = {NID_subject_alt_name, NID_key_usage, NID_basic_constraints};
	STACK_OF(X509_EXTENSION) *list = NULL;

	for (size_t i = 0; i < sizeof(nids) / sizeof(nids[0]); i++) {
		int at = X509_get_ext_by_NID(x, nids[i], -1);

		if (at >= 0)
			X509v3_add_ext(&list, X509_get_ext(x, at), -1);
	}
	return list;
}

X509_REQ *request_make(X509 *x, EVP_PKEY *key, struct err_list *err)
{
	STACK_OF(X509_EXTENSION) *list = wishes_of(x);
	X509_REQ *request = X509_REQ_new();
	bool good = request && X509_REQ_set_version(request, X509_REQ_VERSION_1) &&
		    X509_REQ_set_subject_name(request, X509_get_subject_name(x)) &&
		    X509_REQ_set_pubkey(request, X509_get0_pubkey(x)) &&
		    (!list || X509_REQ_add_extensions(request, list)) &&
		    X509_REQ_sign(request, key, issue_digest(key));

	sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
	if (good)
		return request;
	err_add(err, "the request cannot be made: %s", issue_reason());
	ERR_clear_error();
	X509_REQ_free(request);
	return NULL;
}

X509_REQ *request_parse(const char *path, const char *text, size_t len, struct err_list *err)
{
	const unsigned char *p = (const unsigned char *)text;
	BIO *mem = BIO_new_mem_buf(text, (int)len);
	X509_REQ *request = mem ? PEM_read_bio_X509_REQ(mem, NULL, NULL, NULL) : NULL;

	BIO_free(mem);
	if (!request)
		request = d2i_X509_REQ(NULL, &p, (long)len);
	if (!request)
		err_add(err, "%s: is no certificate request in PEM or DER", path);
	if (request && X509_REQ_verify(request, X509_REQ_get0_pubkey(request)) != 1) {
		err_add(err, "%s: the signature of this request is wrong", path);
		X509_REQ_free(request);
		request = NULL;
	}
	ERR_clear_error();
	return request;
}

/* The first octets of the key usage bit string, as X509_get_key_usage() has them. */
static uint32_t usage_bits(STACK_OF(X509_EXTENSION) * list)
{
	ASN1_BIT_STRING *bits = X509V3_get_d2i(list, NID_key_usage, NULL, NULL);
	uint32_t usage = 0;

	for (int i = 0; bits && i < ASN1_STRING_length(bits) && i < 2; i++)
		usage |= (uint32_t)ASN1_STRING_get0_data(bits)[i] << 8 * i;
	ASN1_BIT_STRING_free(bits);
	return usage;
}

bool request_wish(struct issue *i, X509_REQ *request, struct err_list *err)
{
	STACK_OF(X509_EXTENSION) *list = X509_REQ_get_extensions(request);

	if (!i->subject)
		i->name = X509_REQ_get_subject_name(request);
	if (!i->altnames)
		i->names = X509V3_get_d2i(list, NID_subject_alt_name, NULL, NULL);
	if (!i->usage)
		i->usage = issue_usage_from(usage_bits(list));
	sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
	ERR_clear_error();
	if (i->subject || X509_NAME_entry_count(i->name) > 0)
		return true;
	err_add(err, "the request has no subject: give one");
	return false;
}
