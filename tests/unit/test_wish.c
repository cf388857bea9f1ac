/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_wish.c - parameters that few have: each as it lets a handshake be, and as it does not */
#include <openssl/dsa.h>
#include <openssl/ssl.h>

#include "gateway/tls/context_private.h"
#include "unit/session_pair.h"

enum { SHORT_BITS = 1024 };

static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

static void wish(struct profile *p, enum wish_kind kind, const char *text, int64_t number)
{
	p->wishes[kind] = (struct wish){text, number};
}

/* Shake, which succeeds, or fails for @reason at the end that is the server's or not. */
static void comes_to(struct pair *p, bool server, const char *reason)
{
	pair_open(p);
	if (reason) {
		shake(p);
		assert_reason(server ? &p->server : &p->client, FAULT_HANDSHAKE, reason);
	} else {
		shake_well(p);
		transfer(p, &p->client, &p->server, 40000, 20000, 20000);
		transfer(p, &p->server, &p->client, 40000, 20000, 20000);
	}
	pair_fini(p);
}

/* A client and a server of any version, of which one has a wish. */
static void one_wish(int version, bool server, enum wish_kind kind, const char *text,
	int64_t number, const char *reason)
{
	struct pair p;

	pair_init(&p, version);
	wish(server ? &p.server_profile : &p.client_profile, kind, text, number);
	comes_to(&p, server, reason);
}

/* The server's key is on P-256. */
static void test_signatures(void **state)
{
	/* in any case, twice, and one that OpenSSL knows by another name */
	static const char curve[] = "ECDSA_secp256r1_sha256, ed25519,ed25519, ecdsa_sha224",
			  other[] = "rsa_pss_rsae_sha256";

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		one_wish(versions[i], true, WISH_SIGNATURES, curve, 0, NULL);
		one_wish(versions[i], true, WISH_SIGNATURES, other, 0, "no shared");
		one_wish(versions[i], false, WISH_SIGNATURES, curve, 0, NULL);
		one_wish(versions[i], false, WISH_SIGNATURES, other, 0,
			"peer sent alert: handshake");
	}
}

/* What a server takes from its clients: here one whose key is on P-256. */
static void test_signatures_of_clients(void **state)
{
	struct cert ed = make_cert_for(make_key("ed25519", 0), "ed", &server_wish, &ca);

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct pair p;

		pair_init(&p, versions[i % 2]);
		wish(&p.server_profile, WISH_SIGNATURES,
			i / 2 ? "ed25519" : "ed25519, ecdsa_secp256r1_sha256", 0);
		p.server_profile.client_auth = CLIENT_AUTH_REQUIRED;
		ring_connect(&p.server, &ed, CERT_PERSONAL);
		ring_connect(&p.server, &ca, CERT_CERTAUTH);
		ring_connect(&p.client, &server_cert, CERT_PERSONAL);
		ring_connect(&p.client, &ca, CERT_CERTAUTH);
		comes_to(&p, true, i / 2 ? "the client sent no certificate" : NULL);
	}
	make_free(&ed);
}

/* The chain of a server's certificate below an intermediate one; its CA signs with P-256, too. */
static void test_cert_signatures(void **state)
{
	static const char sentence[] =
		"the peer certificate CN=db.example,O=Example is signed with "
		"ecdsa-with-SHA256, which is too weak or not in "
		"cert_signatures";

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		one_wish(versions[i], false, WISH_CERT_SIGNATURES,
			"rsa_pkcs1_sha256, ECDSA_secp256r1_sha256", 0, NULL);
		one_wish(versions[i], false, WISH_CERT_SIGNATURES, "rsa_pkcs1_sha256,ed25519", 0,
			sentence);
	}
}

static void test_sets_of_signatures(void **state)
{
	(void)state;
	assert_int_equal(strength_signatures("ed25519 , ED448"),
		strength_signatures("ed448") | strength_signatures("ed25519"));
	assert_int_equal(strength_signatures("ed25519, ed2551"), 0);
	assert_int_equal(strength_signatures("rsa_pkcs1_sha1"), 0);
	assert_int_not_equal(strength_signatures("rsa_pss_rsae_sha256"),
		strength_signatures("rsa_pkcs1_sha256"));
}

static void test_peer_keys(void **state)
{
	(void)state;
	one_wish(TLS1_3_VERSION, false, WISH_PEER_MIN_ECC, "256", 256, NULL);
	one_wish(TLS1_3_VERSION, false, WISH_PEER_MIN_ECC, "384", 384,
		"has 256 bits, which is too short (peer_min_ecc_key in the level: 384)");
	one_wish(TLS1_3_VERSION, false, WISH_PEER_MIN_RSA, "4096", 4096, NULL);
	one_wish(TLS1_3_VERSION, false, WISH_PEER_MIN_DSA, "4096", 4096, NULL);
}

static EVP_PKEY *make_dsa_key(void)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "DSA", NULL);
	EVP_PKEY *domain = NULL, *key = NULL;

	assert_int_equal(EVP_PKEY_paramgen_init(ctx), 1);
	assert_int_equal(EVP_PKEY_CTX_set_dsa_paramgen_bits(ctx, SHORT_BITS), 1);
	assert_int_equal(EVP_PKEY_paramgen(ctx, &domain), 1);
	EVP_PKEY_CTX_free(ctx);
	ctx = EVP_PKEY_CTX_new_from_pkey(NULL, domain, NULL);
	assert_int_equal(EVP_PKEY_keygen_init(ctx), 1);
	assert_int_equal(EVP_PKEY_keygen(ctx, &key), 1);
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(domain);
	return key;
}

/* An authority whose key has 1024 bits: min_key forbids it, until there is a word about peers. */
static void short_authority(EVP_PKEY *key, enum wish_kind kind, const char *word)
{
	struct issue wish_ca = {.subject = "CN=Short CA", .usage = ISSUE_CERTSIGN};
	struct cert authority = make_cert_for(key, "short", &wish_ca, NULL);
	struct cert below = make_cert("below", &server_wish, &authority);
	char sentence[128];

	for (unsigned most = 0; most <= 2 * SHORT_BITS; most += SHORT_BITS) {
		struct pair p;

		pair_init(&p, TLS1_3_VERSION);
		if (most)
			wish(&p.client_profile, kind, "x", most);
		ring_connect(&p.client, &authority, CERT_CERTAUTH);
		ring_connect(&p.server, &below, CERT_PERSONAL);
		snprintf(sentence, sizeof(sentence),
			"CN=Short CA has 1024 bits, which is too short (%s in the level: 2048)",
			most ? word : "min_key");
		comes_to(&p, false, most == SHORT_BITS ? NULL : sentence);
	}
	make_free(&below);
	make_free(&authority);
}

static void test_short_keys_of_peers(void **state)
{
	struct err_list err;

	(void)state;
	err_init(&err);
	short_authority(issue_key("rsa", SHORT_BITS, &err), WISH_PEER_MIN_RSA, "peer_min_rsa_key");
	short_authority(make_dsa_key(), WISH_PEER_MIN_DSA, "peer_min_dsa_key");
	err_fini(&err);
}

/* A server whose RSA key has @bits, and suites with DHE alone. */
static void dhe_comes_to(
	int bits, enum wish_kind server, enum wish_kind client, int64_t number, const char *reason)
{
	static const char suites[] = "DHE-RSA-AES128-GCM-SHA256";
	struct cert own = make_cert_for(make_key("rsa", bits), "rsa", &server_wish, &ca);
	struct pair p;

	pair_init(&p, TLS1_2_VERSION);
	p.client_profile.ciphers12 = p.server_profile.ciphers12 = (char *)suites;
	p.client_profile.min_key = p.server_profile.min_key = SHORT_BITS;
	if (server != WISHES)
		wish(&p.server_profile, server, "x", 1);
	if (client != WISHES)
		wish(&p.client_profile, client, "x", number);
	ring_connect(&p.client, &ca, CERT_CERTAUTH);
	ring_connect(&p.server, &own, CERT_PERSONAL);
	comes_to(&p, false, reason);
	make_free(&own);
}

/* A server's group is as strong as its key, or has 2048 bits; a client may want more. */
static void test_dhe(void **state)
{
	static const char sentence[] = "the server's Diffie-Hellman key is shorter";

	(void)state;
	dhe_comes_to(2048, WISHES, WISHES, 0, NULL);
	dhe_comes_to(2048, WISHES, WISH_PEER_MIN_DH, 2048, NULL);
	dhe_comes_to(2048, WISHES, WISH_PEER_MIN_DH, 2049, sentence);
	dhe_comes_to(3072, WISHES, WISH_PEER_MIN_DH, 3072, NULL);
	dhe_comes_to(3072, WISH_DH_GROUP_SIZE, WISH_PEER_MIN_DH, 3072, sentence);
	dhe_comes_to(3072, WISH_DH_GROUP_SIZE, WISH_DH_GROUP_SIZE, 1, NULL);
	dhe_comes_to(1024, WISHES, WISHES, 0, NULL);
	dhe_comes_to(1024, WISHES, WISH_DH_GROUP_SIZE, 1, sentence);
	dhe_comes_to(1024, WISH_DH_GROUP_SIZE, WISH_DH_GROUP_SIZE, 1, NULL);
}

/* Sign anew what was altered; OpenSSL keeps what it has read in the old one. */
static void sign_anew(struct cert *c)
{
	X509 *old = c->x509;

	assert_true(X509_sign(old, c->key, EVP_sha256()) > 0);
	c->x509 = X509_dup(old);
	assert_non_null(c->x509);
	X509_free(old);
}

/* A client that trusts an X.509 certificate of version 1 as authority. */
static void test_cert_version(void **state)
{
	struct issue old_wish = {.subject = "CN=Old CA", .usage = ISSUE_CERTSIGN};
	struct cert old = make_cert("old", &old_wish, NULL);
	struct cert below = make_cert("below", &server_wish, &old);

	(void)state;
	X509_set_version(old.x509, X509_VERSION_1);
	while (X509_get_ext_count(old.x509) > 0)
		X509_EXTENSION_free(X509_delete_ext(old.x509, 0));
	sign_anew(&old);
	for (int wanted = 0; wanted < 2; wanted++) {
		struct pair p;

		pair_init(&p, TLS1_3_VERSION);
		wish(&p.client_profile, WISH_PEER_MIN_CERT_VERSION, "x", wanted);
		ring_connect(&p.client, &old, CERT_CERTAUTH);
		ring_connect(&p.server, &below, CERT_PERSONAL);
		comes_to(&p, false,
			wanted ? "the issuer certificate CN=Old CA is not of X.509 version 3, "
				 "which peer_min_cert_version wants"
			       : NULL);
	}
	make_free(&below);
	make_free(&old);
}

/* RFC 5280 4.2.1.9: basic constraints of an authority are critical. */
static void test_cert_validation(void **state)
{
	struct issue lax_wish = {.subject = "CN=Lax CA", .usage = ISSUE_CERTSIGN};
	struct cert lax = make_cert("lax", &lax_wish, NULL);
	struct cert below = make_cert("below", &server_wish, &lax);
	int at = X509_get_ext_by_NID(lax.x509, NID_basic_constraints, -1);

	(void)state;
	assert_true(at >= 0);
	X509_EXTENSION_set_critical(X509_get_ext(lax.x509, at), 0);
	sign_anew(&lax);
	for (int strict = 0; strict < 2; strict++) {
		struct pair p;

		pair_init(&p, TLS1_3_VERSION);
		wish(&p.client_profile, WISH_CERT_VALIDATION, "x", strict ? 3 : 0);
		ring_connect(&p.client, &lax, CERT_CERTAUTH);
		ring_connect(&p.server, &below, CERT_PERSONAL);
		comes_to(&p, false,
			strict ? "Basic Constraints of CA cert not marked critical" : NULL);
	}
	make_free(&below);
	make_free(&lax);
}

/* Without it TLS 1.3 has no records of TLS 1.2 between its own. */
static void test_middlebox_compat(void **state)
{
	(void)state;
	for (int off = 0; off < 2; off++) {
		struct pair p;
		struct span hello;

		pair_init(&p, TLS1_3_VERSION);
		wish(&p.client_profile, WISH_MIDDLEBOX_COMPAT, "x", off);
		pair_open(&p);
		step(&p, &p.client, &p.server);
		hello = wire(&p, &p.client);
		/* behind record, message, version and random: the length of a session's name */
		assert_true(hello.len > 44);
		assert_int_equal(hello.ptr[43], off ? 0 : 32);
		shake_well(&p);
		pair_fini(&p);
	}
}

static void test_extended_master_secret(void **state)
{
	static const char sentence[] = "the peer does not know the extended master secret";

	(void)state;
	for (int server = 0; server < 2; server++) {
		struct pair p;

		one_wish(TLS1_2_VERSION, server, WISH_EXTENDED_MASTER_SECRET, "x",
			MASTER_SECRET_REQUIRED, NULL);
		one_wish(TLS1_2_VERSION, server, WISH_EXTENDED_MASTER_SECRET, "x",
			MASTER_SECRET_OFF, NULL);
		for (size_t i = 0; i < 2; i++) { /* TLS 1.3 has nothing else */
			pair_init(&p, versions[i]);
			wish(&p.client_profile, WISH_EXTENDED_MASTER_SECRET, "x",
				server ? MASTER_SECRET_OFF : MASTER_SECRET_REQUIRED);
			wish(&p.server_profile, WISH_EXTENDED_MASTER_SECRET, "x",
				server ? MASTER_SECRET_REQUIRED : MASTER_SECRET_OFF);
			comes_to(&p, server, i == 0 ? sentence : NULL);
		}
	}
}

static void test_names(void **state)
{
	static const struct {
		enum reference_kind kind;
		const char *name;
		bool exact;
		const char *reason;
	} rows[] = {
		{REFERENCE_DNS, "a.pool.example", false, NULL},
		{REFERENCE_DNS, "a.pool.example", true, "does not name any of: a.pool.example"},
		{REFERENCE_DNS, "db.example", true, NULL},
		{REFERENCE_CN, "DB.example", true, NULL},
		{REFERENCE_CN, "db", false,
			"does not name any of: CN=db; it names: DNS:db.example"},
		{REFERENCE_CN, "Example", false, "does not name any of: CN=Example"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pair p;

		pair_init(&p, TLS1_3_VERSION);
		p.reference = (struct reference_id){rows[i].kind, .name = (char *)rows[i].name};
		wish(&p.client_profile, WISH_REFERENCE_WILDCARDS, "x",
			rows[i].exact ? WISH_OFF : WISH_ON);
		comes_to(&p, false, rows[i].reason);
	}
}

/* The longest record that the client has got. */
static size_t longest(struct pair *p)
{
	struct span s = ring_peek(&p->server.out, 0);
	size_t most = 0;

	while (s.len >= 5) {
		size_t len = (size_t)(s.ptr[3] << 8 | s.ptr[4]);

		most = len > most ? len : most;
		s = span_skip(s, len + 5);
	}
	return most;
}

static void test_max_fragment(void **state)
{
	static const size_t lengths[] = {512, 1024, 2048, 4096};
	static uint8_t data[30000];

	(void)state;
	for (size_t i = 0; i < 8; i++) {
		struct pair p;

		pair_init(&p, versions[i % 2]);
		wish(&p.client_profile, WISH_MAX_FRAGMENT, "x", EXTENSION_REQUIRED);
		wish(&p.client_profile, WISH_MAX_FRAGMENT_LENGTH, "x", (int64_t)i / 2);
		wish(&p.server_profile, WISH_MAX_FRAGMENT, "x", EXTENSION_REQUIRED);
		pair_open(&p);
		shake_well(&p);
		ring_consume(&p.server.out, ring_len(&p.server.out));
		session_write(p.server.session, span_of(data, sizeof(data)));
		assert_in_range(longest(&p), lengths[i / 2], lengths[i / 2] + 64);
		pair_fini(&p);
	}
	for (size_t i = 0; i < 2; i++) {
		one_wish(versions[i], false, WISH_MAX_FRAGMENT, "x", EXTENSION_OPTIONAL, NULL);
		one_wish(versions[i], true, WISH_MAX_FRAGMENT, "x", EXTENSION_OPTIONAL, NULL);
		one_wish(versions[i], true, WISH_MAX_FRAGMENT, "x", EXTENSION_REQUIRED,
			"the peer did not agree to short records");
		one_wish(versions[i], false, WISH_MAX_FRAGMENT, "x", EXTENSION_OFF, NULL);
	}
}

/* A server that looks at the name acknowledges it; others need not. */
static void test_server_name(void **state)
{
	(void)state;
	for (size_t i = 0; i < 8; i++) {
		bool sent = i & 1, demanded = i & 2;
		struct pair p;

		pair_init(&p, versions[i / 4]);
		if (sent)
			p.client_profile.sni = (char *)"db.example";
		if (demanded)
			wish(&p.server_profile, WISH_SERVER_SNI, "x", EXTENSION_REQUIRED);
		comes_to(&p, true,
			demanded && !sent
				? "the client sent no server name, and server_sni wants one"
				: NULL);
		pair_init(&p, versions[i / 4]);
		p.client_profile.sni = (char *)"db.example";
		wish(&p.client_profile, WISH_SNI_MATCH, "x", 1);
		if (demanded)
			wish(&p.server_profile, WISH_SERVER_SNI, "x", EXTENSION_REQUIRED);
		comes_to(&p, false, demanded ? NULL : "the server did not acknowledge");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_signatures),
		cmocka_unit_test(test_signatures_of_clients),
		cmocka_unit_test(test_cert_signatures),
		cmocka_unit_test(test_sets_of_signatures),
		cmocka_unit_test(test_peer_keys),
		cmocka_unit_test(test_short_keys_of_peers),
		cmocka_unit_test(test_dhe),
		cmocka_unit_test(test_cert_version),
		cmocka_unit_test(test_cert_validation),
		cmocka_unit_test(test_middlebox_compat),
		cmocka_unit_test(test_extended_master_secret),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_max_fragment),
		cmocka_unit_test(test_server_name),
	};

	return cmocka_run_group_tests_name("wish", tests, make_all, free_all);
}
