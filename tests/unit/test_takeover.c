/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_takeover.c - sessions that leave their SSL object behind, against OpenSSL itself */
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "unit/session_pair.h"

/* An OpenSSL peer with memory for a network, and our session. */
struct duet {
	struct pair pair; /* one end of it is used */
	struct end *end;
	SSL_CTX *ctx;
	SSL *ssl;
	BIO *in, *out;
};

static bool taken_over(const struct duet *d)
{
	return session_yield(d->end->session, 7) == 7;
}

/* @role is ours. */
static void duet_init(struct duet *d, enum tls_role role, int version, const char *suites)
{
	bool client = role == TLS_ROLE_CLIENT;

	pair_init(&d->pair, version);
	d->end = client ? &d->pair.client : &d->pair.server;
	d->pair.client_profile.ciphers13 = d->pair.server_profile.ciphers13 = (char *)suites;
	ring_connect(&d->pair.client, &ca, CERT_CERTAUTH);
	ring_connect(&d->pair.server, &server_cert, CERT_PERSONAL);
	d->ctx = SSL_CTX_new(client ? TLS_server_method() : TLS_client_method());
	SSL_CTX_set_num_tickets(d->ctx, 0);
	if (suites)
		SSL_CTX_set_ciphersuites(d->ctx, suites);
	if (client) {
		SSL_CTX_use_certificate(d->ctx, cert_x509(&server_cert));
		SSL_CTX_use_PrivateKey(d->ctx, cert_key(&server_cert));
	}
	d->in = BIO_new(BIO_s_mem());
	d->out = BIO_new(BIO_s_mem());
}

static void duet_begin(struct duet *d)
{
	bool client = d->end == &d->pair.client;

	end_open(d->end, client ? &d->pair.client_profile : &d->pair.server_profile,
		&d->pair.remote);
	d->ssl = SSL_new(d->ctx);
	SSL_set_bio(d->ssl, d->in, d->out);
	if (client)
		SSL_set_accept_state(d->ssl);
	else
		SSL_set_connect_state(d->ssl);
}

/* What our end has sent, to OpenSSL. */
static void carry_out(struct duet *d)
{
	struct span s;

	while ((s = ring_peek(&d->end->out, 0)).len > 0) {
		assert_int_equal(BIO_write(d->in, s.ptr, (int)s.len), s.len);
		ring_consume(&d->end->out, s.len);
	}
}

static void duet_shake(struct duet *d)
{
	for (int i = 0; i < 10; i++) {
		struct span in;
		char *bytes;
		long len = BIO_get_mem_data(d->out, &bytes);

		in = span_of(bytes, (size_t)len);
		session_handshake(d->end->session, &in);
		assert_int_equal(in.len, 0);
		(void)BIO_reset(d->out);
		carry_out(d);
		SSL_do_handshake(d->ssl);
		if (session_status(d->end->session) == SESSION_OPEN && SSL_is_init_finished(d->ssl))
			return;
	}
	fail_msg("no handshake: %s", session_reason(d->end->session));
}

static void duet_open(struct duet *d, enum tls_role role, int version, const char *suites)
{
	duet_init(d, role, version, suites);
	duet_begin(d);
	duet_shake(d);
}

static void duet_fini(struct duet *d)
{
	SSL_free(d->ssl);
	SSL_CTX_free(d->ctx);
	if (d->end == &d->pair.client) {
		end_fini(&d->pair.client);
		ring_fini(&d->pair.server.out);
	} else {
		end_fini(&d->pair.server);
		ring_fini(&d->pair.client.out);
	}
}

/* Let our end read all that OpenSSL has sent. */
static size_t carry_in(struct duet *d, uint8_t *buf, size_t size)
{
	size_t total = 0, n;
	char *bytes;
	long len = BIO_get_mem_data(d->out, &bytes);
	struct span in = span_of(bytes, (size_t)len);

	do {
		n = session_read(d->end->session, &in, buf + total, size - total);
		total += n;
	} while (n > 0 || session_pending(d->end->session));
	(void)BIO_reset(d->out);
	return total;
}

static void say(struct duet *d, size_t len)
{
	static uint8_t data[50000], got[60000];
	size_t total = 0;
	int n;

	fill(data, len);
	assert_int_equal(session_write(d->end->session, span_of(data, len)), len);
	carry_out(d);
	while ((n = SSL_read(d->ssl, got + total, (int)(sizeof(got) - total))) > 0)
		total += (size_t)n;
	assert_int_equal(total, len);
	assert_memory_equal(got, data, len);
}

static void hear(struct duet *d, size_t len)
{
	static uint8_t data[50000], got[60000];

	fill(data, len);
	assert_int_equal(SSL_write(d->ssl, data, (int)len), len);
	assert_int_equal(carry_in(d, got, sizeof(got)), len);
	assert_memory_equal(got, data, len);
}

static void talk(struct duet *d)
{
	static const size_t sizes[] = {1, 16383, 16384, 16385, 50000};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		say(d, sizes[i]);
		hear(d, sizes[i]);
	}
}

static const enum tls_role roles[] = {TLS_ROLE_CLIENT, TLS_ROLE_SERVER};

static void test_suites(void **state)
{
	static const char *const suites[] = {
		"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"};
	uint8_t byte;

	(void)state;
	for (size_t i = 0; i < 6; i++) {
		struct duet d;

		duet_open(&d, roles[i % 2], TLS1_3_VERSION, suites[i / 2]);
		assert_true(taken_over(&d));
		assert_string_equal(session_info(d.end->session)->suite, suites[i / 2]);
		talk(&d);
		assert_true(session_close(d.end->session));
		carry_out(&d);
		assert_int_equal(SSL_read(d.ssl, &byte, 1), 0);
		assert_int_equal(SSL_get_shutdown(d.ssl), SSL_RECEIVED_SHUTDOWN);
		duet_fini(&d);
	}
}

/* Suites that cannot be fed in pieces, and TLS 1.2: all is left to OpenSSL. */
static void test_left_to_openssl(void **state)
{
	struct duet d;

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		bool ccm = i / 2;

		duet_open(&d, roles[i % 2], ccm ? TLS1_3_VERSION : TLS1_2_VERSION,
			ccm ? "TLS_AES_128_CCM_SHA256" : NULL);
		assert_false(taken_over(&d));
		talk(&d);
		assert_false(taken_over(&d));
		duet_fini(&d);
	}
}

/* A client that wants short records (RFC 6066 4) gets no longer ones. */
static void test_short_records(void **state)
{
	struct duet d;

	(void)state;
	for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
		duet_init(&d, TLS_ROLE_SERVER, version, NULL);
		SSL_CTX_set_tlsext_max_fragment_length(d.ctx, TLSEXT_max_fragment_length_512);
		duet_begin(&d);
		duet_shake(&d);
		assert_false(taken_over(&d));
		talk(&d);
		duet_fini(&d);
	}
}

/* The server's tickets are numbered records before the first data. */
static void test_tickets_counted(void **state)
{
	struct duet d;

	(void)state;
	duet_init(&d, TLS_ROLE_SERVER, TLS1_3_VERSION, NULL);
	d.pair.server_profile.session_timeout = 300;
	duet_begin(&d);
	duet_shake(&d);
	assert_true(taken_over(&d));
	talk(&d);
	duet_fini(&d);
}

/* A client that means to resume waits for a ticket, or for data where there is none. */
static void test_client_waits_for_ticket(void **state)
{
	struct duet d;
	uint8_t buf[10];

	(void)state;
	for (int tickets = 0; tickets < 3; tickets++) {
		duet_init(&d, TLS_ROLE_CLIENT, TLS1_3_VERSION, NULL);
		d.pair.client_profile.session_timeout = 300;
		SSL_CTX_set_num_tickets(d.ctx, (size_t)tickets);
		duet_begin(&d);
		session_share(d.end->session, span_of("key", 3));
		duet_shake(&d);
		assert_false(taken_over(&d));
		say(&d, 1000);
		assert_false(taken_over(&d));
		assert_int_equal(carry_in(&d, buf, sizeof(buf)), 0);
		assert_int_equal(taken_over(&d), tickets > 0);
		hear(&d, 5);
		assert_true(taken_over(&d));
		SSL_new_session_ticket(d.ssl); /* one that comes later is skipped */
		talk(&d);
		duet_fini(&d);
	}
}

static void test_key_updates(void **state)
{
	struct duet d;

	(void)state;
	for (size_t r = 0; r < 2; r++) {
		duet_open(&d, roles[r], TLS1_3_VERSION, NULL);
		for (int i = 0; i < 6; i++) {
			SSL_key_update(d.ssl,
				i % 2 ? SSL_KEY_UPDATE_REQUESTED : SSL_KEY_UPDATE_NOT_REQUESTED);
			hear(&d, 20000);
			say(&d, 20000);
		}
		assert_true(taken_over(&d));
		duet_fini(&d);
	}
}

/* A key that changed before we took over is nothing that was watched. */
static void test_early_key_update(void **state)
{
	struct duet d;

	(void)state;
	duet_init(&d, TLS_ROLE_CLIENT, TLS1_3_VERSION, NULL);
	d.pair.client_profile.session_timeout = 300;
	duet_begin(&d);
	session_share(d.end->session, span_of("key", 3));
	duet_shake(&d);
	SSL_key_update(d.ssl, SSL_KEY_UPDATE_REQUESTED);
	talk(&d);
	assert_false(taken_over(&d));
	duet_fini(&d);
}

static void test_padding(void **state)
{
	struct duet d;

	(void)state;
	duet_open(&d, TLS_ROLE_SERVER, TLS1_3_VERSION, NULL);
	SSL_set_block_padding(d.ssl, 512);
	assert_true(taken_over(&d));
	talk(&d);
	duet_fini(&d);
}

/* One bit, either way: whoever sees it says so, and the other hears it. */
static void test_corruption(void **state)
{
	uint8_t buf[100];
	struct span in;
	struct duet d;
	char *bytes;

	(void)state;
	duet_open(&d, TLS_ROLE_CLIENT, TLS1_3_VERSION, NULL);
	SSL_write(d.ssl, "hello", 5);
	BIO_get_mem_data(d.out, &bytes);
	bytes[7] ^= 4;
	assert_int_equal(carry_in(&d, buf, sizeof(buf)), 0);
	assert_reason(d.end, FAULT_TLS, "integrity check");
	carry_out(&d);
	assert_true(SSL_read(d.ssl, buf, sizeof(buf)) <= 0);
	assert_int_equal(ERR_GET_REASON(ERR_peek_last_error()), SSL_R_SSLV3_ALERT_BAD_RECORD_MAC);
	ERR_clear_error();
	duet_fini(&d);

	duet_open(&d, TLS_ROLE_CLIENT, TLS1_3_VERSION, NULL);
	session_write(d.end->session, span_of("hello", 5));
	in = ring_peek(&d.end->out, 0);
	((uint8_t *)in.ptr)[7] ^= 4;
	carry_out(&d);
	assert_true(SSL_read(d.ssl, buf, sizeof(buf)) <= 0);
	ERR_clear_error();
	assert_int_equal(carry_in(&d, buf, sizeof(buf)), 0);
	assert_reason(d.end, FAULT_TLS, "peer sent alert: bad record mac");
	duet_fini(&d);
}

/* One that could resume later waits for a ticket, but not for ever: here there is none. */
static void test_client_does_not_wait_for_ever(void **state)
{
	struct duet d;

	(void)state;
	duet_init(&d, TLS_ROLE_CLIENT, TLS1_3_VERSION, NULL);
	d.pair.client_profile.session_timeout = 300;
	duet_begin(&d);
	session_share(d.end->session, span_of("peer", 4));
	duet_shake(&d);
	assert_false(taken_over(&d));
	say(&d, 1000);
	assert_false(taken_over(&d));
	say(&d, 40000);
	say(&d, 40000);
	assert_true(taken_over(&d));
	say(&d, 1000);
	hear(&d, 1000);
	duet_fini(&d);
}

/* Nor does one that will not resume anything. */
static void test_client_without_resumption_waits_for_nothing(void **state)
{
	struct duet d;

	(void)state;
	duet_init(&d, TLS_ROLE_CLIENT, TLS1_3_VERSION, NULL);
	duet_begin(&d);
	session_share(d.end->session, span_of("peer", 4));
	duet_shake(&d);
	assert_true(taken_over(&d));
	say(&d, 1000);
	hear(&d, 1000);
	duet_fini(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_client_does_not_wait_for_ever),
		cmocka_unit_test(test_client_without_resumption_waits_for_nothing),
		cmocka_unit_test(test_suites),
		cmocka_unit_test(test_left_to_openssl),
		cmocka_unit_test(test_short_records),
		cmocka_unit_test(test_tickets_counted),
		cmocka_unit_test(test_client_waits_for_ticket),
		cmocka_unit_test(test_key_updates),
		cmocka_unit_test(test_early_key_update),
		cmocka_unit_test(test_padding),
		cmocka_unit_test(test_corruption),
	};

	return cmocka_run_group_tests(tests, make_all, free_all);
}
