/* SPDX-License-Identifier: GPL-3.0-or-later */
/* certuser.c - which user a certificate stands for (RACF initACEE, AT-TLS SAFCheck) */
#include "keyring/certuser.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#include "keyring/usermap.h"

#define HOST_ID_MAPPINGS "1.3.18.0.2.18.1"

enum { HOST_NAME_TAG = 1, SUBJECT_ID_TAG = 2 };

/* ---- hostIdMappings: SET OF SEQUENCE { [1] IA5String, [2] IA5String, ... } ---- */

static bool next(struct span *in, int wanted_class, int wanted_tag, struct span *content)
{
	const unsigned char *p = in->ptr;
	int tag, class;
	long len;

	if (in->len == 0 || (ASN1_get_object(&p, &len, &tag, &class, (long)in->len) & 0x80) ||
		class != wanted_class || tag != wanted_tag)
		return false;
	*content = span_of(p, (size_t)len);
	*in = span_skip(*in, (size_t)(p - in->ptr) + (size_t)len);
	return true;
}

/* IA5 text of printable characters, as a string. */
static bool copy_text(char text[NAME_SIZE], struct span from)
{
	if (from.len == 0 || from.len >= NAME_SIZE)
		return false;
	for (size_t i = 0; i < from.len; i++) {
		if (from.ptr[i] <= ' ' || from.ptr[i] > '~')
			return false;
	}
	memcpy(text, from.ptr, from.len);
	text[from.len] = '\0';
	return true;
}

static bool mapping_counts(const struct usermap *m, struct span mapping, char user[NAME_SIZE])
{
	char host[NAME_SIZE];
	struct span part;

	return next(&mapping, V_ASN1_CONTEXT_SPECIFIC, HOST_NAME_TAG, &part) &&
	       copy_text(host, part) && usermap_accepts_host(m, host) &&
	       next(&mapping, V_ASN1_CONTEXT_SPECIFIC, SUBJECT_ID_TAG, &part) &&
	       copy_text(user, part) && !name_is_reserved(user) && name_owner_ok(user);
}

static bool mapped_by_extension(const struct usermap *m, struct span value, char user[NAME_SIZE])
{
	struct span set, mapping;
	bool found = false;

	if (!next(&value, V_ASN1_UNIVERSAL, V_ASN1_SET, &set))
		return false;
	while (!found && next(&set, V_ASN1_UNIVERSAL, V_ASN1_SEQUENCE, &mapping))
		found = mapping_counts(m, mapping, user);
	return found;
}

static struct span extension_value(const X509 *leaf)
{
	ASN1_OBJECT *oid = OBJ_txt2obj(HOST_ID_MAPPINGS, 1);
	int at = oid ? X509_get_ext_by_OBJ(leaf, oid, -1) : -1;
	const ASN1_OCTET_STRING *s =
		at >= 0 ? X509_EXTENSION_get_data(X509_get_ext(leaf, at)) : NULL;

	ASN1_OBJECT_free(oid);
	return s ? span_of(ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s)) : span_none();
}

/* A CA that may say who people are has signed it. */
static bool highly_trusted(const struct keystore *k, const X509 *leaf, const struct facts *f)
{
	const struct cert *c;

	for (size_t i = 0; (c = keystore_cert_at(k, i)); i++) {
		X509 *ca;

		if (c->trust != CERT_HIGHTRUST || strcmp(c->owner, "CERTAUTH") != 0 ||
			!span_equal(c->facts.subject, f->issuer))
			continue;
		ca = cert_x509(c);
		if (ca && X509_verify((X509 *)leaf, X509_get0_pubkey(ca)) == 1)
			return true;
	}
	return false;
}

/* ---- the order ---- */

static bool decide(const struct keystore *k, const X509 *leaf, const struct facts *f,
	const char *applid, char user[NAME_SIZE])
{
	const struct usermap *m = keystore_usermap(k);
	const struct cert *stored = keystore_same(k, f);
	struct span value;
	const char *name;

	if (stored) {
		bool its_own = !name_is_reserved(stored->owner) && stored->trust != CERT_NOTRUST &&
			       cert_x509(stored) && X509_cmp(cert_x509(stored), leaf) == 0;

		snprintf(user, NAME_SIZE, "%s", its_own ? stored->owner : "");
		return its_own;
	}
	name = usermap_filter(m, X509_get_subject_name(leaf), X509_get_issuer_name(leaf), applid);
	snprintf(user, NAME_SIZE, "%s", name ? name : "");
	if (name)
		return true;
	value = extension_value(leaf);
	return value.len && highly_trusted(k, leaf, f) && mapped_by_extension(m, value, user);
}

bool certuser_find(
	const struct keystore *k, const X509 *leaf, const char *applid, char user[NAME_SIZE])
{
	unsigned char *der = NULL;
	int len = i2d_X509(leaf, &der);
	struct facts f;
	bool found = len > 0 && facts_find(&f, span_of(der, (size_t)len)) &&
		     decide(k, leaf, &f, applid, user);

	OPENSSL_free(der);
	ERR_clear_error();
	if (!found)
		*user = '\0';
	return found;
}
