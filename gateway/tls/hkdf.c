/* SPDX-License-Identifier: GPL-3.0-or-later */
/* hkdf.c - HKDF (RFC 5869) with TLS 1.3's labels (RFC 8446 7.1) */
#include "gateway/tls/hkdf.h"

#include <openssl/crypto.h>
#include <string.h>

enum {
	INNER_PAD = 0x36, /* RFC 2104 2 */
	OUTER_PAD = 0x5c,
	ROUNDS_MAX = 255,
	FIELD_MAX = 255, /* of a label, or of a context */
	INFO_MAX = 2 + 1 + FIELD_MAX + 1 + FIELD_MAX,
};

bool hkdf_init(struct hkdf *h, OSSL_LIB_CTX *library, const char *name)
{
	*h = (struct hkdf){
		.digest = EVP_MD_fetch(library, name, NULL),
		.ctx = EVP_MD_CTX_new(),
	};
	if (!h->digest || !h->ctx)
		return false;
	h->len = (size_t)EVP_MD_get_size(h->digest);
	h->block = (size_t)EVP_MD_get_block_size(h->digest);
	return h->len <= HKDF_LEN_MAX && h->block <= HKDF_BLOCK_MAX;
}

void hkdf_fini(struct hkdf *h)
{
	EVP_MD_CTX_free(h->ctx);
	EVP_MD_free(h->digest);
	*h = (struct hkdf){0};
}

static bool hash(struct hkdf *h, const struct span *parts, size_t count, uint8_t *to)
{
	if (EVP_DigestInit_ex2(h->ctx, h->digest, NULL) != 1)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (parts[i].len > 0 && EVP_DigestUpdate(h->ctx, parts[i].ptr, parts[i].len) != 1)
			return false;
	}
	return EVP_DigestFinal_ex(h->ctx, to, NULL) == 1;
}

/* The key as a whole block, each byte of it changed by @change. */
static void fill_pad(const struct hkdf *h, struct span key, uint8_t change, uint8_t *pad)
{
	memset(pad, change, h->block);
	for (size_t i = 0; i < key.len; i++)
		pad[i] ^= key.ptr[i];
}

/* HMAC of three parts (RFC 2104). */
static bool hmac(struct hkdf *h, struct span key, const struct span parts[3], uint8_t *to)
{
	uint8_t pad[HKDF_BLOCK_MAX], inner[HKDF_LEN_MAX], shorter[HKDF_LEN_MAX];
	const struct span padded = span_of(pad, h->block);
	bool done;

	if (key.len > h->block) {
		if (!hash(h, &key, 1, shorter))
			return false;
		key = span_of(shorter, h->len);
	}
	fill_pad(h, key, INNER_PAD, pad);
	done = hash(h, (const struct span[]){padded, parts[0], parts[1], parts[2]}, 4, inner);
	fill_pad(h, key, OUTER_PAD, pad);
	done = done && hash(h, (const struct span[]){padded, span_of(inner, h->len)}, 2, to);
	OPENSSL_cleanse(pad, sizeof(pad));
	OPENSSL_cleanse(inner, sizeof(inner));
	return done;
}

bool hkdf_extract(struct hkdf *h, struct span salt, struct span input, uint8_t *to)
{
	return hmac(h, salt, (const struct span[3]){input}, to);
}

/* HKDF-Expand (RFC 5869 2.3): each round's hash is the beginning of the next one's input. */
static bool expand(struct hkdf *h, struct span secret, struct span info, uint8_t *to, size_t len)
{
	uint8_t round[HKDF_LEN_MAX];
	bool done = len <= ROUNDS_MAX * h->len;
	struct span before = span_none();
	uint8_t number = 0;

	while (done && len > 0) {
		size_t n = len < h->len ? len : h->len;

		number++;
		done = hmac(h, secret,
			(const struct span[3]){before, info, span_of(&number, sizeof(number))},
			round);
		memcpy(to, round, n);
		before = span_of(round, h->len);
		to += n;
		len -= n;
	}
	OPENSSL_cleanse(round, sizeof(round));
	return done;
}

static uint8_t *put(uint8_t *at, struct span s)
{
	if (s.len > 0)
		memcpy(at, s.ptr, s.len);
	return at + s.len;
}

bool hkdf_expand_label(
	struct hkdf *h, struct span secret, const struct hkdf_label *label, uint8_t *to, size_t len)
{
	uint8_t info[INFO_MAX], *at = info;
	size_t name = label->prefix.len + label->label.len;

	if (label->prefix.len > FIELD_MAX || label->label.len > FIELD_MAX || name > FIELD_MAX ||
		label->context.len > FIELD_MAX || len > UINT16_MAX)
		return false;
	*at++ = (uint8_t)(len >> 8);
	*at++ = (uint8_t)len;
	*at++ = (uint8_t)name;
	at = put(put(at, label->prefix), label->label);
	*at++ = (uint8_t)label->context.len;
	at = put(at, label->context);
	return expand(h, secret, span_of(info, (size_t)(at - info)), to, len);
}
