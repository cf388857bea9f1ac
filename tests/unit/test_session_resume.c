/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_session_resume.c - short handshakes: when there is one, and above all when there is not */
#include "unit/session_pair.h"

#include "gateway/tls/context_private.h"

static const char key[] = "db.example, rule, user";

static void begin(struct pair *p, int version, unsigned timeout)
{
	pair_init(p, version);
	p->client_profile.session_timeout = p->server_profile.session_timeout = timeout;
	pair_open(p);
}

/* Bytes after the handshake, with which a TLS 1.3 server's tickets arrive. */
static void exchange(struct pair *p)
{
	uint8_t byte;
	size_t got = 0;

	assert_int_equal(session_write(p->server.session, span_of("x", 1)), 1);
	while (got == 0 && ring_len(&p->server.out) > 0)
		got = receive(p, &p->client, &p->server, &byte, 1);
	assert_int_equal(got, 1);
}

static void renew(struct pair *p, struct end *e)
{
	session_free(e->session);
	ring_consume(&e->out, ring_len(&e->out));
	e->session = session_new(e->ctx, &p->remote, &e->out);
	assert_non_null(e->session);
}

/* Another connection with the contexts as they are. Return: whether both ends resumed. */
static bool again(struct pair *p, const char *with)
{
	bool client, server;

	renew(p, &p->client);
	renew(p, &p->server);
	if (with)
		session_share(p->client.session, span_of(with, strlen(with)));
	shake_well(p);
	client = session_info(p->client.session)->resumed;
	server = session_info(p->server.session)->resumed;
	assert_int_equal(client, server);
	exchange(p);
	return client;
}

static void resumes(int version)
{
	struct pair p;

	begin(&p, version, 300);
	assert_false(again(&p, key));
	for (int i = 0; i < 5; i++) {
		assert_true(again(&p, key));
		assert_string_equal(
			session_info(p.client.session)->peer_subject, "CN=db.example,O=Example");
	}
	transfer(&p, &p.client, &p.server, BULK, BULK, BULK);
	transfer(&p, &p.server, &p.client, BULK, BULK, BULK);
	pair_fini(&p);
}

static void test_equal_keys_resume(void **state)
{
	(void)state;
	resumes(TLS1_3_VERSION);
	resumes(TLS1_2_VERSION);
}

static void test_other_keys_do_not(void **state)
{
	struct pair p;

	(void)state;
	begin(&p, TLS1_3_VERSION, 300);
	assert_false(again(&p, key));
	assert_false(again(&p, "another user"));
	assert_false(again(&p, NULL));
	assert_true(again(&p, key));
	pair_fini(&p);
}

/* A ticket of TLS 1.3 that is used twice lets observers link connections (RFC 8446 C.4). */
static void test_each_ticket_is_used_once(void **state)
{
	struct pair p;

	(void)state;
	begin(&p, TLS1_3_VERSION, 300);
	assert_false(again(&p, key));
	assert_int_equal(p.client.ctx->resume.count, 1);
	renew(&p, &p.client);
	session_share(p.client.session, span_of(key, strlen(key)));
	assert_int_equal(p.client.ctx->resume.count, 0);
	assert_false(again(&p, key));
	pair_fini(&p);
}

static void test_off(void **state)
{
	struct pair p;

	(void)state;
	begin(&p, TLS1_3_VERSION, 0);
	for (int i = 0; i < 3; i++)
		assert_false(again(&p, key));
	pair_fini(&p);
}

static void replace_server(struct pair *p)
{
	session_free(p->server.session);
	context_put(p->server.ctx);
	end_open(&p->server, &p->server_profile, &p->remote);
}

/* Each worker has a context of its own; a connection may come to any of them. */
static void test_another_worker_takes_the_ticket(void **state)
{
	struct pair p;

	(void)state;
	begin(&p, TLS1_3_VERSION, 300);
	assert_false(again(&p, key));
	replace_server(&p);
	assert_true(again(&p, key));
	pair_fini(&p);
}

static void test_another_ring_or_strength_does_not(void **state)
{
	struct pair p;

	(void)state;
	begin(&p, TLS1_3_VERSION, 300);
	assert_false(again(&p, key));
	ring_connect(&p.server, &other_ca, CERT_CERTAUTH);
	replace_server(&p);
	assert_false(again(&p, key));
	p.server_profile.groups = (char *)"X25519";
	replace_server(&p);
	assert_false(again(&p, key));
	assert_true(again(&p, key));
	pair_fini(&p);
}

static void test_cache_is_bounded(void **state)
{
	struct pair p;
	char name[32];

	(void)state;
	begin(&p, TLS1_3_VERSION, 300);
	for (int i = 0; i < RESUME_SESSIONS + 3; i++) {
		snprintf(name, sizeof(name), "peer %d", i);
		assert_false(again(&p, name));
	}
	assert_int_equal(p.client.ctx->resume.count, RESUME_SESSIONS);
	assert_false(again(&p, "peer 0"));
	assert_true(again(&p, "peer 100"));
	pair_fini(&p);
}

/* The server has forgotten its keys, as after a restart: whoever comes with a ticket is served. */
static void test_foreign_ticket_is_a_full_handshake(void **state)
{
	struct pair p;

	(void)state;
	begin(&p, TLS1_2_VERSION, 300);
	assert_false(again(&p, key));
	p.server_profile.session_timeout = 0;
	replace_server(&p);
	assert_false(again(&p, key));
	pair_fini(&p);
}

/* Begin with a wish of one end; both may resume otherwise. */
static void begin_with(
	struct pair *p, int version, bool server, enum wish_kind kind, int64_t number)
{
	struct profile *profile = server ? &p->server_profile : &p->client_profile;

	pair_init(p, version);
	p->client_profile.session_timeout = p->server_profile.session_timeout = 300;
	profile->wishes[kind] = (struct wish){"as written", number};
	pair_open(p);
}

static void test_either_end_may_do_without_tickets(void **state)
{
	static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

	(void)state;
	for (size_t i = 0; i < 8; i++) {
		bool server = i & 1, off = i & 2;
		struct pair p;

		begin_with(&p, versions[i / 4], server,
			server ? WISH_SERVER_TICKETS : WISH_CLIENT_TICKETS,
			off ? WISH_OFF : WISH_ON);
		assert_false(again(&p, key));
		assert_int_equal(again(&p, key), !off);
		pair_fini(&p);
	}
}

static void test_count_of_tickets(void **state)
{
	(void)state;
	for (int count = 0; count < 4; count++) {
		struct pair p;

		begin_with(&p, TLS1_3_VERSION, true, WISH_SERVER_TICKET_COUNT, count);
		assert_false(again(&p, key));
		assert_int_equal(p.client.ctx->resume.count, count);
		pair_fini(&p);
	}
}

static void test_large_tickets_are_not_kept(void **state)
{
	static const int sizes[] = {100, 10000};

	(void)state;
	for (int large = 0; large < 2; large++) {
		struct pair p;

		begin_with(&p, TLS1_3_VERSION, false, WISH_CLIENT_TICKET_SIZE, sizes[large]);
		assert_false(again(&p, key));
		assert_int_equal(again(&p, key), large);
		pair_fini(&p);
	}
}

static void test_bound_of_the_cache(void **state)
{
	(void)state;
	for (int most = 0; most < 3; most++) {
		struct pair p;

		begin_with(&p, TLS1_3_VERSION, false, WISH_CLIENT_TICKET_CACHE, most);
		assert_false(again(&p, "a"));
		assert_false(again(&p, "b"));
		assert_int_equal(p.client.ctx->resume.count, most);
		assert_int_equal(again(&p, "a"), most == 2);
		pair_fini(&p);
	}
}

/* In place of session_timeout; the client is told. */
static void test_lifetime_of_tickets(void **state)
{
	struct pair p;

	(void)state;
	begin(&p, TLS1_3_VERSION, 300);
	assert_false(again(&p, key));
	assert_int_equal(
		SSL_SESSION_get_ticket_lifetime_hint(p.client.ctx->resume.entries[0].session), 300);
	pair_fini(&p);
	begin_with(&p, TLS1_3_VERSION, true, WISH_SERVER_TICKET_TIMEOUT, 3600000);
	assert_false(again(&p, key));
	assert_int_equal(
		SSL_SESSION_get_ticket_lifetime_hint(p.client.ctx->resume.entries[0].session),
		3600);
	pair_fini(&p);
	begin_with(&p, TLS1_3_VERSION, true, WISH_SERVER_TICKET_TIMEOUT, 0);
	assert_false(again(&p, key));
	assert_false(again(&p, key));
	pair_fini(&p);
}

/* Either works, and one does not take the other's tickets. */
static void test_cipher_of_tickets(void **state)
{
	(void)state;
	for (int bits256 = 0; bits256 < 2; bits256++) {
		struct pair p;

		begin_with(&p, TLS1_3_VERSION, true, WISH_SERVER_TICKET_ALGORITHM, bits256);
		assert_false(again(&p, key));
		assert_true(again(&p, key));
		p.server_profile.wishes[WISH_SERVER_TICKET_ALGORITHM] =
			(struct wish){"something else", !bits256};
		replace_server(&p);
		assert_false(again(&p, key));
		assert_true(again(&p, key));
		pair_fini(&p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_equal_keys_resume),
		cmocka_unit_test(test_other_keys_do_not),
		cmocka_unit_test(test_each_ticket_is_used_once),
		cmocka_unit_test(test_off),
		cmocka_unit_test(test_another_worker_takes_the_ticket),
		cmocka_unit_test(test_another_ring_or_strength_does_not),
		cmocka_unit_test(test_cache_is_bounded),
		cmocka_unit_test(test_foreign_ticket_is_a_full_handshake),
		cmocka_unit_test(test_either_end_may_do_without_tickets),
		cmocka_unit_test(test_count_of_tickets),
		cmocka_unit_test(test_large_tickets_are_not_kept),
		cmocka_unit_test(test_bound_of_the_cache),
		cmocka_unit_test(test_lifetime_of_tickets),
		cmocka_unit_test(test_cipher_of_tickets),
	};

	return cmocka_run_group_tests(tests, make_all, free_all);
}
