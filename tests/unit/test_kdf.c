/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_kdf.c - secrets of TLS 1.3: RFC vectors, and OpenSSL's own derivation as the judge */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/rand.h>

#include "gateway/tls/kdf.h"
#include "gateway/tls/library.h"

enum { ROUNDS = 300, OUT_MAX = 200 };

static struct hkdf sha256;

static int open_hkdf(void **state)
{
	(void)state;
	return library_get() && hkdf_init(&sha256, NULL, "SHA2-256") ? 0 : -1;
}

static int close_hkdf(void **state)
{
	(void)state;
	hkdf_fini(&sha256);
	return 0;
}

/* RFC 5869 A.1, its first step: the second has no label of TLS. */
static void rfc_5869_extract(void **state)
{
	static const uint8_t expected[] = {0x07, 0x77, 0x09, 0x36, 0x2c, 0x2e, 0x32, 0xdf, 0x0d,
		0xdc, 0x3f, 0x0d, 0xc4, 0x7b, 0xba, 0x63, 0x90, 0xb6, 0xc7, 0x3b, 0xb5, 0x0f, 0x9c,
		0x31, 0x22, 0xec, 0x84, 0x4a, 0xd7, 0xc2, 0xb3, 0xe5};
	uint8_t input[22], salt[13], out[HKDF_LEN_MAX];

	(void)state;
	memset(input, 0x0b, sizeof(input));
	for (size_t i = 0; i < sizeof(salt); i++)
		salt[i] = (uint8_t)i;
	assert_true(hkdf_extract(
		&sha256, span_of(salt, sizeof(salt)), span_of(input, sizeof(input)), out));
	assert_memory_equal(out, expected, sizeof(expected));
}

/* RFC 8448 3, "derive secret for handshake tls13 derived" from the early secret. */
static void rfc_8448_derived(void **state)
{
	static const uint8_t early[] = {0x33, 0xad, 0x0a, 0x1c, 0x60, 0x7e, 0xc0, 0x3b, 0x09, 0xe6,
		0xcd, 0x98, 0x93, 0x68, 0x0c, 0xe2, 0x10, 0xad, 0xf3, 0x00, 0xaa, 0x1f, 0x26, 0x60,
		0xe1, 0xb2, 0x2e, 0x10, 0xf1, 0x70, 0xf9, 0x2a};
	static const uint8_t expected[] = {0x6f, 0x26, 0x15, 0xa1, 0x08, 0xc7, 0x02, 0xc5, 0x67,
		0x8f, 0x54, 0xfc, 0x9d, 0xba, 0xb6, 0x97, 0x16, 0xc0, 0x76, 0x18, 0x9c, 0x48, 0x25,
		0x0c, 0xeb, 0xea, 0xc3, 0x57, 0x6c, 0x36, 0x11, 0xba};
	uint8_t empty[32], out[32];
	struct hkdf_label label = {.prefix = span_of("tls13 ", 6),
		.label = span_of("derived", 7),
		.context = span_of(empty, sizeof(empty))};

	(void)state;
	assert_int_equal(EVP_Digest("", 0, empty, NULL, EVP_sha256(), NULL), 1);
	assert_true(hkdf_expand_label(
		&sha256, span_of(early, sizeof(early)), &label, out, sizeof(out)));
	assert_memory_equal(out, expected, sizeof(expected));
}

/* A field that cannot be written is refused, and so is more than there is to be had. */
static void refuses_what_does_not_fit(void **state)
{
	static uint8_t big[256 * 32], secret[32];
	struct hkdf_label label = {.prefix = span_of(big, 200), .label = span_of(big, 56)};
	struct span key = span_of(secret, sizeof(secret));

	(void)state;
	assert_false(hkdf_expand_label(&sha256, key, &label, big, 32));
	label.label = span_of(big, 55);
	assert_true(hkdf_expand_label(&sha256, key, &label, big + 300, 32));
	label.context = span_of(big, 256);
	assert_false(hkdf_expand_label(&sha256, key, &label, big + 300, 32));
	label = (struct hkdf_label){0};
	assert_false(hkdf_expand_label(&sha256, key, &label, big, 255 * 32 + 1));
	assert_true(hkdf_expand_label(&sha256, key, &label, big, 255 * 32));
}

/* ---- OpenSSL's, asked in the same words ---- */

struct words {
	int mode;
	const char *digest;
	struct span key, salt, label, data;
};

static bool ask(OSSL_LIB_CTX *library, const struct words *w, uint8_t *to, size_t len)
{
	EVP_KDF *kdf = EVP_KDF_fetch(library, OSSL_KDF_NAME_TLS1_3_KDF, NULL);
	EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);
	const struct {
		const char *name;
		struct span value;
	} fields[] = {
		{OSSL_KDF_PARAM_KEY, w->key},
		{OSSL_KDF_PARAM_SALT, w->salt},
		{OSSL_KDF_PARAM_LABEL, w->label},
		{OSSL_KDF_PARAM_DATA, w->data},
		{OSSL_KDF_PARAM_PREFIX, span_of("tls13 ", 6)},
	};
	OSSL_PARAM params[8], *p = params;
	int mode = w->mode;
	bool done;

	*p++ = OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode);
	*p++ = OSSL_PARAM_construct_utf8_string(
		OSSL_KDF_PARAM_DIGEST, (char *)(uintptr_t)w->digest, 0);
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (fields[i].value.len > 0)
			*p++ = OSSL_PARAM_construct_octet_string(fields[i].name,
				(void *)(uintptr_t)fields[i].value.ptr, fields[i].value.len);
	}
	*p = OSSL_PARAM_construct_end();
	assert_non_null(ctx);
	done = EVP_KDF_derive(ctx, to, len, params) == 1;
	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
	return done;
}

static void assert_same(const struct words *w, size_t len)
{
	uint8_t ours[OUT_MAX], theirs[OUT_MAX];

	assert_true(ask(library_get(), w, ours, len));
	assert_true(ask(NULL, w, theirs, len));
	assert_memory_equal(ours, theirs, len);
}

static uint8_t chance(void)
{
	uint8_t byte;

	assert_int_equal(RAND_bytes(&byte, 1), 1);
	return byte;
}

static void expands_as_openssl(void **state)
{
	uint8_t secret[48], data[64];

	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		bool large = chance() & 1;
		struct words w = {
			.mode = EVP_KDF_HKDF_MODE_EXPAND_ONLY,
			.digest = large ? "SHA2-384" : "SHA2-256",
			.key = span_of(secret, large ? 48 : 32),
			.label = span_of("c hs traffic", 1 + chance() % 12),
			.data = span_of(data, chance() % sizeof(data)),
		};

		RAND_bytes(secret, sizeof(secret));
		RAND_bytes(data, sizeof(data));
		assert_same(&w, 1 + chance() % (OUT_MAX - 1));
	}
}

static void extracts_as_openssl(void **state)
{
	uint8_t input[200], salt[48];

	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		bool large = chance() & 1;
		struct words w = {
			.mode = EVP_KDF_HKDF_MODE_EXTRACT_ONLY,
			.digest = large ? "SHA2-384" : "SHA2-256",
			.label = span_of("derived", 7),
			.key = span_of(input, chance() & 3 ? 1 + chance() % sizeof(input) : 0),
			.salt = span_of(salt, chance() & 3 ? (large ? 48 : 32) : 0),
		};

		RAND_bytes(input, sizeof(input));
		RAND_bytes(salt, sizeof(salt));
		assert_same(&w, large ? 48 : 32);
	}
}

static void refuses_what_it_does_not_know(void **state)
{
	uint8_t secret[32] = {1}, out[32];
	struct words w = {.mode = EVP_KDF_HKDF_MODE_EXPAND_ONLY,
		.digest = "MD5",
		.key = span_of(secret, sizeof(secret)),
		.label = span_of("key", 3)};

	(void)state;
	assert_false(ask(library_get(), &w, out, sizeof(out)));
	w.digest = "SHA2-256";
	assert_true(ask(library_get(), &w, out, sizeof(out)));
	w.mode = EVP_KDF_HKDF_MODE_EXTRACT_AND_EXPAND;
	assert_false(ask(library_get(), &w, out, sizeof(out)));
	w.mode = EVP_KDF_HKDF_MODE_EXTRACT_ONLY;
	assert_false(ask(library_get(), &w, out, sizeof(out) - 1));
}

static void tells_traffic_secrets_to_who_listens(void **state)
{
	static const char *const labels[] = {"c hs traffic", "s ap traffic", "exp master"};
	struct kdf_traffic t = {0};
	uint8_t secret[32] = {5}, out[32];
	struct words w = {.mode = EVP_KDF_HKDF_MODE_EXPAND_ONLY,
		.digest = "SHA2-256",
		.key = span_of(secret, sizeof(secret))};

	(void)state;
	for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++) {
		w.label = span_of(labels[i], strlen(labels[i]));
		assert_true(ask(library_get(), &w, out, sizeof(out)));
		assert_false(t.known[KDF_SERVER]);
	}
	kdf_listen(&t);
	for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++) {
		w.label = span_of(labels[i], strlen(labels[i]));
		assert_true(ask(library_get(), &w, out, sizeof(out)));
		if (i == 1)
			assert_memory_equal(out, t.secret[KDF_SERVER], sizeof(out));
	}
	kdf_listen(NULL);
	assert_true(t.known[KDF_SERVER]);
	assert_false(t.known[KDF_CLIENT]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc_5869_extract),
		cmocka_unit_test(rfc_8448_derived),
		cmocka_unit_test(refuses_what_does_not_fit),
		cmocka_unit_test(expands_as_openssl),
		cmocka_unit_test(extracts_as_openssl),
		cmocka_unit_test(refuses_what_it_does_not_know),
		cmocka_unit_test(tells_traffic_secrets_to_who_listens),
	};

	return cmocka_run_group_tests(tests, open_hkdf, close_hkdf);
}
