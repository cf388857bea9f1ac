/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_verified.c - chains that are known, and above all those that are to be verified again */
#include "unit/session_pair.h"

#include "gateway/tls/context_private.h"
#include "gateway/tls/verified.h"

/*
 * Look at @leaf and what was @sent with it, at @now, with @anchor as all that is trusted. Under an
 * anchor that does not vouch for it only a known chain is good.
 */
static bool look(struct verified *v, const struct cert *leaf, const struct cert *sent,
	const struct cert *anchor, time_t now)
{
	X509_STORE_CTX *store = X509_STORE_CTX_new();
	X509_STORE *trust = X509_STORE_new();
	STACK_OF(X509) *chain = sk_X509_new_null();
	bool good;

	assert_int_equal(X509_STORE_add_cert(trust, anchor->x509), 1);
	sk_X509_push(chain, leaf->x509);
	if (sent)
		sk_X509_push(chain, sent->x509);
	assert_int_equal(X509_STORE_CTX_init(store, trust, leaf->x509, chain), 1);
	good = verified_chain(v, store, now);
	X509_STORE_CTX_free(store);
	sk_X509_free(chain);
	X509_STORE_free(trust);
	return good;
}

static void test_a_good_chain_is_known_for_a_while(void **state)
{
	struct verified v = {0};
	time_t now = time(NULL);

	(void)state;
	assert_false(look(&v, &server_cert, NULL, &other_ca, now));
	assert_true(look(&v, &server_cert, NULL, &ca, now));
	assert_true(look(&v, &server_cert, NULL, &other_ca, now));
	assert_true(look(&v, &server_cert, NULL, &other_ca, now + VERIFIED_SECONDS - 1));
	assert_false(look(&v, &server_cert, NULL, &other_ca, now + VERIFIED_SECONDS));
}

static void test_not_when_the_clock_is_set_back(void **state)
{
	struct verified v = {0};
	time_t now = time(NULL);

	(void)state;
	assert_true(look(&v, &server_cert, NULL, &ca, now));
	assert_false(look(&v, &server_cert, NULL, &other_ca, now - 1));
}

static void test_other_chains_are_not_known(void **state)
{
	struct verified v = {0};
	time_t now = time(NULL);

	(void)state;
	assert_true(look(&v, &server_cert_below, &middle, &ca, now));
	assert_true(look(&v, &server_cert_below, &middle, &other_ca, now));
	assert_false(look(&v, &server_cert_below, NULL, &other_ca, now));
	assert_false(look(&v, &server_cert_below, &other_ca, &server_cert, now));
	assert_false(look(&v, &server_cert, &middle, &other_ca, now));
}

/* Whichever certificate of the path expires first ends it: here the one in the middle. */
static void test_not_beyond_a_certificate_of_the_path(void **state)
{
	time_t now = time(NULL), end = now + VERIFIED_SECONDS / 2;
	struct issue short_wish = {
		.subject = "CN=Short", .usage = ISSUE_CERTSIGN, .not_after = end};
	struct issue wish = {.subject = "CN=x", .altnames = "DNS:x", .usage = ISSUE_HANDSHAKE};
	struct cert brief = make_cert("brief", &short_wish, &ca);
	struct cert leaf = make_cert("leaf", &wish, &brief);
	struct verified v = {0};

	(void)state;
	assert_true(look(&v, &leaf, &brief, &ca, now));
	assert_true(look(&v, &leaf, &brief, &other_ca, end - 1));
	assert_false(look(&v, &leaf, &brief, &other_ca, end));
	make_free(&leaf);
	make_free(&brief);
}

static void test_bad_chains_are_not_kept(void **state)
{
	struct verified v = {0};
	time_t now = time(NULL);

	(void)state;
	assert_false(look(&v, &expired_cert, NULL, &ca, now));
	assert_false(look(&v, &expired_cert, NULL, &ca, now));
	assert_false(look(&v, &server_cert, NULL, &other_ca, now));
	assert_int_equal(v.next, 0);
}

static void test_the_oldest_goes(void **state)
{
	struct verified v = {0};
	time_t now = time(NULL);

	(void)state;
	assert_true(look(&v, &server_cert, NULL, &ca, now));
	for (int i = 1; i < VERIFIED_CHAINS; i++)
		assert_true(look(&v, &server_cert_below, &middle, &ca, now + VERIFIED_SECONDS * i));
	assert_int_equal(v.next, VERIFIED_CHAINS);
	assert_true(look(&v, &server_cert, NULL, &other_ca, now));
	assert_true(look(&v, &server_cert_below, &middle, &ca, now - 1));
	assert_false(look(&v, &server_cert, NULL, &other_ca, now));
}

static void renew(struct pair *p, struct end *e)
{
	session_free(e->session);
	ring_consume(&e->out, ring_len(&e->out));
	e->session = session_new(e->ctx, &p->remote, &e->out);
	assert_non_null(e->session);
}

static void test_a_context_looks_once(void **state)
{
	struct pair p;

	(void)state;
	pair_init(&p, TLS1_3_VERSION);
	pair_open(&p);
	for (int i = 0; i < 3; i++) {
		shake_well(&p);
		assert_int_equal(p.client.ctx->verified.next, 1);
		renew(&p, &p.client);
		renew(&p, &p.server);
	}
	pair_fini(&p);
}

/* The next snapshot makes contexts of its own: what it no longer trusts is refused at once. */
static void test_another_context_knows_nothing(void **state)
{
	struct pair p;

	(void)state;
	pair_init(&p, TLS1_3_VERSION);
	pair_open(&p);
	shake_well(&p);
	renew(&p, &p.server);
	session_free(p.client.session);
	context_put(p.client.ctx);
	ring_consume(&p.client.out, ring_len(&p.client.out));
	p.client.ring.connection_count = 0;
	ring_connect(&p.client, &other_ca, CERT_CERTAUTH);
	end_open(&p.client, &p.client_profile, &p.remote);
	shake(&p);
	assert_reason(&p.client, FAULT_HANDSHAKE, "certificate verify failed");
	pair_fini(&p);
}

static void test_names_are_checked_each_time(void **state)
{
	struct pair p;

	(void)state;
	pair_init(&p, TLS1_3_VERSION);
	p.reference = (struct reference_id){.kind = REFERENCE_REMOTE_IP};
	pair_open(&p);
	shake_well(&p);
	assert_true(addr_parse("192.0.2.8", &p.remote));
	renew(&p, &p.client);
	renew(&p, &p.server);
	shake(&p);
	assert_reason(&p.client, FAULT_HANDSHAKE, "192.0.2.8 (the remote address)");
	assert_int_equal(p.client.ctx->verified.next, 1);
	pair_fini(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_good_chain_is_known_for_a_while),
		cmocka_unit_test(test_not_when_the_clock_is_set_back),
		cmocka_unit_test(test_other_chains_are_not_known),
		cmocka_unit_test(test_not_beyond_a_certificate_of_the_path),
		cmocka_unit_test(test_bad_chains_are_not_kept),
		cmocka_unit_test(test_the_oldest_goes),
		cmocka_unit_test(test_a_context_looks_once),
		cmocka_unit_test(test_another_context_knows_nothing),
		cmocka_unit_test(test_names_are_checked_each_time),
	};

	return cmocka_run_group_tests(tests, make_all, free_all);
}
