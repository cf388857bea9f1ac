/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * kdf.c - the secrets of TLS 1.3 handshakes: derived for OpenSSL, told to whom they concern
 *
 * Theory of operation. OpenSSL names all that a derivation takes in the call that makes it, so the
 * object in which others would collect it is nothing but what the thread derives with.
 */
#include "gateway/tls/kdf.h"

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/kdf.h>
#include <string.h>
#include <strings.h>

static const char *const digest_names[] = {
	[KDF_SHA256] = "SHA2-256",
	[KDF_SHA384] = "SHA2-384",
};
_Static_assert(sizeof(digest_names) / sizeof(digest_names[0]) == KDF_DIGESTS, "a name each");

/* RFC 8446 7.1. */
static const char *const traffic_labels[] = {
	[KDF_CLIENT] = "c ap traffic",
	[KDF_SERVER] = "s ap traffic",
};
_Static_assert(sizeof(traffic_labels) / sizeof(traffic_labels[0]) == KDF_ENDS, "a label each");

static _Thread_local struct kdf *own;

bool kdf_init(struct kdf *k, OSSL_LIB_CTX *library)
{
	bool done = true;

	for (int i = 0; i < KDF_DIGESTS; i++)
		done = hkdf_init(&k->hkdf[i], library, digest_names[i]) && done;
	return done;
}

void kdf_use(struct kdf *k)
{
	own = k;
}

void kdf_listen(struct kdf_traffic *t)
{
	if (own)
		own->listener = t;
}

bool kdf_expand(
	enum kdf_digest digest, struct span secret, const char *label, uint8_t *to, size_t len)
{
	const struct hkdf_label l = {
		.prefix = span_of("tls13 ", 6),
		.label = span_of(label, strlen(label)),
	};

	return own && hkdf_expand_label(&own->hkdf[digest], secret, &l, to, len);
}

/* ---- what OpenSSL asks for ---- */

/* One call's parameters; see EVP_KDF-TLS13_KDF(7). */
struct question {
	int mode;
	struct hkdf *hkdf;
	struct span key, salt;
	struct hkdf_label label;
};

static bool read_digest(struct kdf *k, struct question *q, const OSSL_PARAM *p)
{
	const char *name;

	if (!OSSL_PARAM_get_utf8_string_ptr(p, &name))
		return false;
	for (int i = 0; i < KDF_DIGESTS && !q->hkdf; i++) {
		if (strcasecmp(name, digest_names[i]) == 0)
			q->hkdf = &k->hkdf[i];
	}
	return q->hkdf != NULL;
}

static struct span *find_field(struct question *q, const char *key)
{
	const struct {
		const char *key;
		struct span *span;
	} fields[] = {
		{OSSL_KDF_PARAM_KEY, &q->key},
		{OSSL_KDF_PARAM_SALT, &q->salt},
		{OSSL_KDF_PARAM_PREFIX, &q->label.prefix},
		{OSSL_KDF_PARAM_LABEL, &q->label.label},
		{OSSL_KDF_PARAM_DATA, &q->label.context},
	};

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (strcmp(key, fields[i].key) == 0)
			return fields[i].span;
	}
	return NULL;
}

static bool read_param(struct kdf *k, struct question *q, const OSSL_PARAM *p)
{
	struct span *field = find_field(q, p->key);
	const void *bytes;

	if (field) {
		if (!OSSL_PARAM_get_octet_string_ptr(p, &bytes, &field->len))
			return false;
		field->ptr = bytes;
		return true;
	}
	if (strcmp(p->key, OSSL_KDF_PARAM_MODE) == 0)
		return OSSL_PARAM_get_int(p, &q->mode);
	return strcmp(p->key, OSSL_KDF_PARAM_DIGEST) != 0 || read_digest(k, q, p);
}

static void tell(struct kdf *k, const struct question *q, const uint8_t *secret, size_t len)
{
	struct kdf_traffic *t = k->listener;

	for (int end = 0; t && end < KDF_ENDS; end++) {
		if (len > KDF_SECRET_MAX ||
			!span_equal(q->label.label,
				span_of(traffic_labels[end], strlen(traffic_labels[end]))))
			continue;
		memcpy(t->secret[end], secret, len);
		t->known[end] = true;
	}
}

/* The next secret of the key schedule: RFC 8446 7.1, "Derive-Secret" and then "HKDF-Extract". */
static bool extract(const struct question *q, uint8_t *to)
{
	static const uint8_t zeros[HKDF_LEN_MAX];
	struct hkdf_label derived = q->label;
	uint8_t empty[HKDF_LEN_MAX], salt[HKDF_LEN_MAX] = {0};
	struct hkdf *h = q->hkdf;
	bool done = true;

	if (q->salt.len > 0) {
		derived.context = span_of(empty, h->len);
		done = EVP_Digest("", 0, empty, NULL, h->digest, NULL) == 1 &&
		       hkdf_expand_label(h, q->salt, &derived, salt, h->len);
	}
	done = done && hkdf_extract(h, span_of(salt, h->len),
			       q->key.len > 0 ? q->key : span_of(zeros, h->len), to);
	OPENSSL_cleanse(salt, sizeof(salt));
	return done;
}

static int derive(void *ctx, unsigned char *to, size_t len, const OSSL_PARAM params[])
{
	struct question q = {0};
	struct kdf *k = ctx;

	for (const OSSL_PARAM *p = params; p && p->key; p++) {
		if (!read_param(k, &q, p))
			return 0;
	}
	if (!q.hkdf)
		return 0;
	if (q.mode == EVP_KDF_HKDF_MODE_EXTRACT_ONLY)
		return len == q.hkdf->len && extract(&q, to);
	if (q.mode != EVP_KDF_HKDF_MODE_EXPAND_ONLY ||
		!hkdf_expand_label(q.hkdf, q.key, &q.label, to, len))
		return 0;
	tell(k, &q, to, len);
	return 1;
}

static void *new_ctx(void *provctx)
{
	(void)provctx;
	return own;
}

static void free_ctx(void *ctx)
{
	(void)ctx;
}

OSSL_ALGORITHM kdf_algorithm(void)
{
	static const OSSL_DISPATCH functions[] = {
		{OSSL_FUNC_KDF_NEWCTX, (void (*)(void))new_ctx},
		{OSSL_FUNC_KDF_FREECTX, (void (*)(void))free_ctx},
		{OSSL_FUNC_KDF_DERIVE, (void (*)(void))derive},
		{0, NULL},
	};

	return (OSSL_ALGORITHM){KDF_NAME, "provider=attls", functions, NULL};
}
