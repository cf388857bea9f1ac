/* SPDX-License-Identifier: GPL-3.0-or-later */
/* suite.c - cipher suites and key exchange groups that this OpenSSL has, by their IANA names */
#include "rules/suite.h"

#include <openssl/objects.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "rules/reader.h"

static struct suite *suites;
static const char **suite_names;
static size_t suite_count;

static const char *refusal_of(const SSL_CIPHER *c)
{
	int exchange = SSL_CIPHER_get_kx_nid(c), auth = SSL_CIPHER_get_auth_nid(c);

	if (SSL_CIPHER_get_cipher_nid(c) == NID_undef)
		return "does not encrypt";
	if (auth == NID_auth_null)
		return "does not prove who the peer is";
	if (auth == NID_auth_psk || auth == NID_auth_srp || exchange == NID_kx_psk ||
		exchange == NID_kx_srp || exchange == NID_kx_rsa_psk ||
		exchange == NID_kx_dhe_psk || exchange == NID_kx_ecdhe_psk)
		return "works with shared secrets, not with certificates";
	return NULL;
}

static void suites_load(void)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_method());
	const STACK_OF(SSL_CIPHER) * all;

	if (!ctx || !SSL_CTX_set_cipher_list(ctx, "ALL:COMPLEMENTOFALL:@SECLEVEL=0") ||
		!SSL_CTX_set_ciphersuites(ctx,
			"TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:"
			"TLS_AES_128_GCM_SHA256:TLS_AES_128_CCM_SHA256:TLS_AES_128_CCM_8_SHA256"))
		abort(); /* OpenSSL without any suite, or without memory */
	all = SSL_CTX_get_ciphers(ctx);
	suites = reader_alloc(NULL, (size_t)sk_SSL_CIPHER_num(all) * sizeof(*suites));
	suite_names =
		reader_alloc(NULL, ((size_t)sk_SSL_CIPHER_num(all) + 1) * sizeof(*suite_names));
	for (int i = 0; i < sk_SSL_CIPHER_num(all); i++) {
		const SSL_CIPHER *c = sk_SSL_CIPHER_value(all, i);
		bool tls13 = strcmp(SSL_CIPHER_get_version(c), "TLSv1.3") == 0;
		const char *name = SSL_CIPHER_standard_name(c);

		if (!name)
			continue;
		suites[suite_count] = (struct suite){
			.name = name,
			.openssl = SSL_CIPHER_get_name(c),
			.tls13 = tls13,
			.refusal = tls13 ? NULL : refusal_of(c),
		};
		suite_names[suite_count++] = name;
	}
	suite_names[suite_count] = NULL;
	SSL_CTX_free(ctx);
}

static void suites_need(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, suites_load);
}

const struct suite *suite_find(const char *name)
{
	suites_need();
	for (size_t i = 0; i < suite_count; i++) {
		if (strcasecmp(suites[i].name, name) == 0)
			return &suites[i];
	}
	return NULL;
}

const struct suite *suite_find_openssl(const char *name)
{
	suites_need();
	for (size_t i = 0; i < suite_count; i++) {
		if (strcasecmp(suites[i].openssl, name) == 0)
			return &suites[i];
	}
	return NULL;
}

const char *suite_nearest(const char *name)
{
	suites_need();
	return ini_nearest(name, suite_names);
}

static const char *const groups[] = {"x25519", "x448", "secp256r1", "secp384r1", "secp521r1",
	"ffdhe2048", "ffdhe3072", "ffdhe4096", "ffdhe6144", "ffdhe8192", "brainpoolP256r1",
	"brainpoolP384r1", "brainpoolP512r1", NULL};

const char *const *group_words(void)
{
	return groups;
}

const char *group_find(const char *name)
{
	static const struct {
		const char *nist;
		const char *iana;
	} aliases[] = {
		{"P-256", "secp256r1"},
		{"P-384", "secp384r1"},
		{"P-521", "secp521r1"},
	};

	for (size_t i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++) {
		if (strcasecmp(aliases[i].nist, name) == 0)
			return aliases[i].iana;
	}
	for (size_t i = 0; groups[i]; i++) {
		if (strcasecmp(groups[i], name) == 0)
			return groups[i];
	}
	return NULL;
}
