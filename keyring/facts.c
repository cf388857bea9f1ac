/* SPDX-License-Identifier: GPL-3.0-or-later */
/* facts.c - what a certificate says, found in its bytes without decoding it */
#include "keyring/facts.h"

#include <openssl/asn1.h>
#include <openssl/err.h>

#include "keyring/subject.h"

/* Cut the next element off @in. @content: without tag and length; may be NULL. */
static bool next(struct span *in, struct span *whole, struct span *content, int *tag)
{
	const unsigned char *p = in->ptr;
	int class;
	long len;

	if (in->len == 0 || (ASN1_get_object(&p, &len, tag, &class, (long)in->len) & 0x80))
		return false;
	if (class == V_ASN1_CONTEXT_SPECIFIC)
		*tag = -1;
	*whole = span_of(in->ptr, (size_t)(p - in->ptr) + (size_t)len);
	if (content)
		*content = span_of(p, (size_t)len);
	*in = span_skip(*in, whole->len);
	return true;
}

static bool take(struct span *in, int wanted, struct span *whole, struct span *content)
{
	int tag;

	return next(in, whole, content, &tag) && tag == wanted;
}

static bool take_validity(struct facts *f, struct span validity)
{
	int tag;

	return next(&validity, &f->not_before, NULL, &tag) &&
	       next(&validity, &f->not_after, NULL, &tag);
}

static bool take_fields(struct facts *f, struct span in)
{
	struct span whole, rest = in;
	int tag;

	if (next(&rest, &whole, NULL, &tag) && tag == -1)
		in = rest; /* [0] version */
	if (!take(&in, V_ASN1_INTEGER, &f->serial, NULL) ||
		!take(&in, V_ASN1_SEQUENCE, &whole, NULL) || /* signature */
		!take(&in, V_ASN1_SEQUENCE, &f->issuer, NULL) ||
		!take(&in, V_ASN1_SEQUENCE, &whole, &rest))
		return false;
	return take_validity(f, rest) && take(&in, V_ASN1_SEQUENCE, &f->subject, NULL) &&
	       take(&in, V_ASN1_SEQUENCE, &f->public_key, NULL);
}

bool facts_find(struct facts *f, struct span der)
{
	struct span whole, cert, fields, rest;
	bool good = take(&der, V_ASN1_SEQUENCE, &whole, &cert) && der.len == 0 &&
		    take(&cert, V_ASN1_SEQUENCE, &whole, &fields) &&
		    take(&cert, V_ASN1_SEQUENCE, &whole, &rest) &&
		    take(&cert, V_ASN1_BIT_STRING, &whole, NULL) && cert.len == 0 &&
		    take_fields(f, fields);

	ERR_clear_error();
	return good;
}

bool facts_same(const struct facts *a, const struct facts *b)
{
	return span_equal(a->serial, b->serial) && span_equal(a->issuer, b->issuer);
}

char *facts_name(struct span name)
{
	const unsigned char *p = name.ptr;
	X509_NAME *decoded = d2i_X509_NAME(NULL, &p, (long)name.len);
	char *text = decoded ? subject_text(decoded) : NULL;

	ERR_clear_error();
	X509_NAME_free(decoded);
	return text;
}

ASN1_TIME *facts_time(struct span time)
{
	const unsigned char *p = time.ptr;
	ASN1_TIME *decoded = d2i_ASN1_TIME(NULL, &p, (long)time.len);

	ERR_clear_error();
	return decoded;
}

int64_t facts_instant(struct span time)
{
	ASN1_TIME *decoded = facts_time(time);
	struct tm tm;
	int64_t t = decoded && ASN1_TIME_to_tm(decoded, &tm) ? (int64_t)timegm(&tm) : 0;

	ASN1_TIME_free(decoded);
	return t;
}
