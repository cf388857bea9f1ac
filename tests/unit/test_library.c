/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_library.c - library contexts: whose they are, and that no kind of key is missing in them */
#include "unit/session_pair.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/provider.h>
#include <openssl/rsa.h>
#include <openssl/ssl.h>
#include <pthread.h>

#include "gateway/tls/library.h"

static void *get(void *unused)
{
	(void)unused;
	return library_get();
}

static OSSL_LIB_CTX *on_another_thread(void)
{
	pthread_t thread;
	void *found = NULL;

	assert_int_equal(pthread_create(&thread, NULL, get, NULL), 0);
	assert_int_equal(pthread_join(thread, &found), 0);
	return found;
}

static void test_each_thread_has_its_own(void **state)
{
	OSSL_LIB_CTX *mine = library_get(), *other = on_another_thread();

	(void)state;
	assert_non_null(mine);
	assert_ptr_equal(library_get(), mine);
	assert_non_null(other);
	assert_ptr_not_equal(mine, other);
}

/* The provider that has nothing stands for one that the system's configuration activates. */
static void test_providers_of_the_system_are_used(void **state)
{
	OSSL_PROVIDER *usual = OSSL_PROVIDER_load(NULL, "default");
	OSSL_PROVIDER *added = OSSL_PROVIDER_load(NULL, "null");

	(void)state;
	assert_non_null(usual);
	assert_non_null(added);
	assert_null(on_another_thread());
	OSSL_PROVIDER_unload(added);
	assert_non_null(on_another_thread());
	OSSL_PROVIDER_unload(usual);
}

static EVP_PKEY *key_of(const char *type, int size)
{
	EVP_PKEY_CTX *ctx;
	EVP_PKEY *key = NULL;

	if (strcmp(type, "RSA-PSS") != 0 && strcmp(type, "ED448") != 0)
		return make_key(type, size);
	ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	assert_int_equal(EVP_PKEY_keygen_init(ctx), 1);
	assert_int_equal(EVP_PKEY_generate(ctx, &key), 1);
	EVP_PKEY_CTX_free(ctx);
	return key;
}

static struct cert cert_of(const char *type, int size)
{
	return make_cert_for(key_of(type, size), type, &server_wish, &ca);
}

static const struct kind {
	const char *type;
	int size;
	int version; /* brainpool curves have no code point in OpenSSL 3.0's TLS 1.3 */
} kinds[] = {
	{"nistecc", 256, TLS1_3_VERSION},
	{"nistecc", 384, TLS1_3_VERSION},
	{"nistecc", 521, TLS1_3_VERSION},
	{"bpecc", 256, TLS1_2_VERSION},
	{"bpecc", 384, TLS1_2_VERSION},
	{"bpecc", 512, TLS1_2_VERSION},
	{"ed25519", 0, TLS1_3_VERSION},
	{"ED448", 0, TLS1_3_VERSION},
	{"rsa", 2048, TLS1_3_VERSION},
	{"rsa", 2048, TLS1_2_VERSION},
	{"RSA-PSS", 0, TLS1_3_VERSION},
};

/* The server signs with a key that was made outside of the library context, the client reads it. */
static void test_handshakes_with_each_kind_of_key(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct cert c = cert_of(kinds[i].type, kinds[i].size);
		struct pair p;

		pair_init(&p, kinds[i].version);
		if (strcmp(kinds[i].type, "bpecc") == 0)
			p.client_profile.groups = (char *)"X25519:brainpoolP256r1:"
							  "brainpoolP384r1:brainpoolP512r1";
		ring_connect(&p.server, &c, CERT_PERSONAL);
		pair_open(&p);
		shake(&p);
		if (session_status(p.client.session) != SESSION_OPEN)
			fail_msg("%s %d: %s", kinds[i].type, kinds[i].size,
				session_reason(p.client.session));
		transfer(&p, &p.server, &p.client, 1000, 1000, 1000);
		pair_fini(&p);
		make_free(&c);
	}
}

/* A certificate's key is decoded, and equals the one that was made elsewhere. */
static void test_decodes_each_kind_of_key(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct cert c = cert_of(kinds[i].type, kinds[i].size);
		X509 *decoded = X509_new_ex(library_get(), NULL);
		uint8_t *der = NULL;
		const uint8_t *at;
		int len = i2d_X509(c.x509, &der);

		at = der;
		assert_non_null(d2i_X509(&decoded, &at, len));
		assert_non_null(X509_get0_pubkey(decoded));
		assert_int_equal(EVP_PKEY_eq(X509_get0_pubkey(decoded), c.key), 1);
		assert_int_equal(X509_verify(decoded, ca.key), 1);
		OPENSSL_free(der);
		X509_free(decoded);
		make_free(&c);
	}
}

/* Key exchange and record protection need kinds of keys, too. */
static void test_handshakes_with_each_kind_of_group(void **state)
{
	static const char *const groups[] = {"X25519", "X448", "P-256", "P-521", "ffdhe2048"};

	(void)state;
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		struct pair p;

		pair_init(&p, TLS1_3_VERSION);
		p.client_profile.groups = p.server_profile.groups = (char *)groups[i];
		pair_open(&p);
		shake_well(&p);
		transfer(&p, &p.server, &p.client, 1000, 1000, 1000);
		pair_fini(&p);
	}
}

static void test_records_with_a_mac(void **state)
{
	struct pair p;

	(void)state;
	pair_init(&p, TLS1_2_VERSION);
	p.client_profile.ciphers12 = (char *)"ECDHE-ECDSA-AES128-SHA256";
	p.server_profile.ciphers12 = p.client_profile.ciphers12;
	pair_open(&p);
	shake_well(&p);
	transfer(&p, &p.server, &p.client, 1000, 1000, 1000);
	pair_fini(&p);
}

static int suite_count(OSSL_LIB_CTX *library)
{
	SSL_CTX *ctx = SSL_CTX_new_ex(library, NULL, TLS_method());
	int count;

	assert_int_equal(SSL_CTX_set_cipher_list(ctx, "ALL:COMPLEMENTOFALL:@SECLEVEL=0"), 1);
	assert_int_equal(
		SSL_CTX_set_ciphersuites(ctx, "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:"
					      "TLS_AES_128_GCM_SHA256:TLS_AES_128_CCM_SHA256:"
					      "TLS_AES_128_CCM_8_SHA256"),
		1);
	count = sk_SSL_CIPHER_num(SSL_CTX_get_ciphers(ctx));
	SSL_CTX_free(ctx);
	return count;
}

static void test_has_each_cipher_suite(void **state)
{
	(void)state;
	assert_true(suite_count(NULL) > 100);
	assert_int_equal(suite_count(library_get()), suite_count(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_thread_has_its_own),
		cmocka_unit_test(test_handshakes_with_each_kind_of_key),
		cmocka_unit_test(test_decodes_each_kind_of_key),
		cmocka_unit_test(test_handshakes_with_each_kind_of_group),
		cmocka_unit_test(test_records_with_a_mac),
		cmocka_unit_test(test_has_each_cipher_suite),
		cmocka_unit_test(test_providers_of_the_system_are_used),
	};

	return cmocka_run_group_tests(tests, make_all, free_all);
}
