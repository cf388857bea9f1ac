/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_strength.c - min_key: keys that are too short are refused, our own and the peer's */
#include "gateway/tls/strength.h"
#include "unit/session_pair.h"

enum { WEAK_BITS = 1024 };

static struct cert weak_ca, weak_cert, below_weak;

/* An RSA key of WEAK_BITS for a certificate as @wish says. */
static struct cert make_weak(const char *label, const struct issue *wish)
{
	struct cert c = {.owner = (char *)"root", .label = (char *)label, .trust = CERT_TRUST};
	struct issue i = *wish;
	struct err_list err;

	err_init(&err);
	i.not_before = time(NULL) - MAKE_HOUR;
	i.not_after = time(NULL) + MAKE_HOUR;
	c.key = issue_key("rsa", WEAK_BITS, &err);
	c.x509 = issue_certificate(&i, c.key, &err);
	assert_int_equal(err.count, 0);
	err_fini(&err);
	return c;
}

static int make_weak_ones(void **state)
{
	struct issue ca_wish = {.subject = "CN=Weak CA", .usage = ISSUE_CERTSIGN};
	struct issue wish = {
		.subject = "CN=db.example", .altnames = "DNS:db.example", .usage = ISSUE_HANDSHAKE};

	make_all(state);
	weak_ca = make_weak("weak ca", &ca_wish);
	below_weak = make_cert("below", &wish, &weak_ca);
	wish.signer = ca.x509;
	wish.signer_key = ca.key;
	weak_cert = make_weak("weak", &wish);
	return 0;
}

static int free_weak_ones(void **state)
{
	make_free(&weak_ca);
	make_free(&weak_cert);
	make_free(&below_weak);
	return free_all(state);
}

static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

/* A server with a certificate, a client that trusts @anchor, and the client's min_key. */
static void present(
	const struct cert *cert, const struct cert *anchor, unsigned min_key, const char *reason)
{
	for (size_t i = 0; i < 2; i++) {
		struct pair p;

		pair_init(&p, versions[i]);
		p.server_profile.min_key = WEAK_BITS;
		p.client_profile.min_key = min_key;
		ring_connect(&p.client, anchor, CERT_CERTAUTH);
		ring_connect(&p.server, cert, CERT_PERSONAL);
		pair_open(&p);
		if (reason) {
			shake(&p);
			assert_reason(&p.client, FAULT_HANDSHAKE, reason);
			assert_reason(&p.server, FAULT_HANDSHAKE, "bad certificate");
		} else {
			shake_well(&p);
		}
		pair_fini(&p);
	}
}

static void test_peer(void **state)
{
	(void)state;
	present(&weak_cert, &ca, 0,
		"the key of the peer certificate CN=db.example has 1024 bits, which is too short "
		"(min_key in the level: 2048)");
	present(&weak_cert, &ca, 2048, "has 1024 bits, which is too short");
	present(&weak_cert, &ca, 1025, "has 1024 bits, which is too short");
	present(&weak_cert, &ca, 1024, NULL);
	present(&server_cert, &ca, 4096, NULL); /* P-256 is no RSA key */
}

static void test_authority_of_the_peer(void **state)
{
	(void)state;
	present(&below_weak, &weak_ca, 0,
		"the key of the issuer certificate CN=Weak CA has 1024 bits, which is too short");
	present(&below_weak, &weak_ca, 1024, NULL);
}

/* A client's certificate is measured like a server's. */
static void test_client(void **state)
{
	(void)state;
	for (unsigned min_key = 1024; min_key <= 2048; min_key += 1024) {
		struct pair p;

		pair_init(&p, TLS1_3_VERSION);
		p.server_profile.client_auth = CLIENT_AUTH_REQUIRED;
		p.server_profile.min_key = min_key;
		p.client_profile.min_key = 1024;
		ring_connect(&p.client, &ca, CERT_CERTAUTH);
		ring_connect(&p.client, &weak_cert, CERT_PERSONAL);
		ring_connect(&p.server, &server_cert, CERT_PERSONAL);
		ring_connect(&p.server, &ca, CERT_CERTAUTH);
		pair_open(&p);
		shake(&p);
		if (min_key == 1024)
			assert_int_equal(session_status(p.server.session), SESSION_OPEN);
		else
			assert_reason(&p.server, FAULT_HANDSHAKE, "has 1024 bits");
		pair_fini(&p);
	}
}

static void test_curves(void **state)
{
	EVP_PKEY *p256 = EVP_EC_gen("P-256"), *p192 = EVP_EC_gen("P-192");
	EVP_PKEY *ed25519 = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");

	(void)state;
	assert_true(strength_enough(p256, 16384));
	assert_false(strength_enough(p192, 1024));
	assert_true(strength_enough(ed25519, 16384));
	EVP_PKEY_free(p256);
	EVP_PKEY_free(p192);
	EVP_PKEY_free(ed25519);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_peer),
		cmocka_unit_test(test_authority_of_the_peer),
		cmocka_unit_test(test_client),
		cmocka_unit_test(test_curves),
	};

	return cmocka_run_group_tests_name("strength", tests, make_weak_ones, free_weak_ones);
}
