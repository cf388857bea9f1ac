/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_session.c - two TLS sessions against each other through rings */
#include "unit/session_pair.h"

static void both_ways(int version)
{
	struct pair p;

	pair_init(&p, version);
	pair_open(&p);
	shake_well(&p);
	transfer(&p, &p.client, &p.server, BULK, BULK, BULK);
	transfer(&p, &p.server, &p.client, BULK, 100000, 7000);
	transfer(&p, &p.client, &p.server, 300, 1, 1);
	transfer(&p, &p.server, &p.client, 1, 1, 100);
	pair_fini(&p);
}

static void test_tls13(void **state)
{
	(void)state;
	both_ways(TLS1_3_VERSION);
}

static void test_tls12(void **state)
{
	(void)state;
	both_ways(TLS1_2_VERSION);
}

static void check_info(int version, const char *name, const char *suite)
{
	const struct session_info *i;
	struct pair p;

	pair_init(&p, version);
	pair_open(&p);
	shake_well(&p);
	i = session_info(p.client.session);
	assert_string_equal(i->version, name);
	assert_string_equal(i->suite, suite);
	assert_string_equal(i->group, "x25519");
	assert_string_equal(i->peer_subject, "CN=db.example,O=Example");
	assert_string_equal(i->peer_issuer, "CN=CA");
	assert_true(strlen(i->peer_serial) > 16);
	assert_string_equal(i->own_label, "");
	i = session_info(p.server.session);
	assert_string_equal(i->own_label, "srv");
	assert_string_equal(i->peer_subject, "");
	assert_string_equal(i->version, name);
	pair_fini(&p);
}

static void test_info(void **state)
{
	(void)state;
	check_info(TLS1_3_VERSION, "TLSv1.3", "TLS_AES_128_GCM_SHA256");
	check_info(TLS1_2_VERSION, "TLSv1.2", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256");
}

/* Rings that hold a record or less: handshake and data pass in pieces, within the limit. */
static void test_small_rings(void **state)
{
	static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

	(void)state;
	for (size_t v = 0; v < 2; v++) {
		for (size_t limit = 4096; limit <= 65536; limit *= 4) {
			struct pair p;

			pair_init(&p, versions[v]);
			ring_init(&p.client.out, limit, NULL);
			ring_init(&p.server.out, limit, NULL);
			pair_open(&p);
			shake_well(&p);
			transfer(&p, &p.client, &p.server, 200000, 200000, 900);
			transfer(&p, &p.server, &p.client, 200000, 200000, 200000);
			assert_true(p.client.out.size <= limit);
			pair_fini(&p);
		}
	}
}

/* Ciphertext one byte at a time: nothing is lost, nothing is taken that is not there. */
static size_t trickle(struct pair *p, struct end *to, struct end *from, uint8_t *buf, size_t size)
{
	size_t got = 0;

	while (ring_len(&from->out) > 0) {
		struct span in = span_head(wire(p, from), 1);

		if (session_status(to->session) == SESSION_HANDSHAKE)
			session_handshake(to->session, &in);
		else
			got += session_read(to->session, &in, buf + got, size - got);
		if (in.len == 0)
			ring_consume(&from->out, 1);
		else
			assert_true(got < size); /* it must have had a reason to wait */
	}
	return got;
}

static void test_byte_by_byte(void **state)
{
	static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
	uint8_t data[3000], got[3000];

	(void)state;
	fill(data, sizeof(data));
	for (size_t v = 0; v < 2; v++) {
		struct span none = span_none();
		struct pair p;

		pair_init(&p, versions[v]);
		pair_open(&p);
		session_handshake(p.client.session, &none);
		for (int i = 0; i < 4; i++) {
			assert_int_equal(trickle(&p, &p.server, &p.client, got, 1), 0);
			assert_int_equal(trickle(&p, &p.client, &p.server, got, 1), 0);
		}
		shake_well(&p);
		assert_int_equal(
			session_write(p.client.session, span_of(data, sizeof(data))), sizeof(data));
		assert_int_equal(trickle(&p, &p.server, &p.client, got, sizeof(got)), sizeof(got));
		assert_memory_equal(got, data, sizeof(data));
		pair_fini(&p);
	}
}

/* What is decrypted but not fetched is reported, and comes without ciphertext. */
static void test_pending(void **state)
{
	struct span none = span_none();
	uint8_t buf[100];
	struct pair p;

	(void)state;
	pair_init(&p, TLS1_3_VERSION);
	pair_open(&p);
	shake_well(&p);
	assert_false(session_pending(p.server.session));
	session_write(p.client.session, span_of("0123456789", 10));
	assert_int_equal(receive(&p, &p.server, &p.client, buf, 4), 4);
	assert_true(session_pending(p.server.session));
	assert_int_equal(session_read(p.server.session, &none, buf, sizeof(buf)), 6);
	assert_memory_equal(buf, "456789", 6);
	assert_false(session_pending(p.server.session));
	pair_fini(&p);
}

/* RFC 8446 6.1: close_notify ends one direction; the other goes on. */
static void half_close(int version)
{
	uint8_t buf[64];
	struct pair p;

	pair_init(&p, version);
	pair_open(&p);
	shake_well(&p);
	session_write(p.client.session, span_of("last", 4));
	assert_true(session_close(p.client.session));
	assert_int_equal(session_write(p.client.session, span_of("x", 1)), 0);
	assert_int_equal(receive(&p, &p.server, &p.client, buf, sizeof(buf)), 4);
	assert_int_equal(receive(&p, &p.server, &p.client, buf, sizeof(buf)), 0);
	assert_true(session_ended(p.server.session));
	assert_false(session_ended(p.client.session));
	assert_int_equal(session_status(p.server.session), SESSION_OPEN);
	transfer(&p, &p.server, &p.client, 100000, 100000, 5000);
	assert_true(session_close(p.server.session));
	assert_true(session_close(p.server.session));
	assert_int_equal(receive(&p, &p.client, &p.server, buf, sizeof(buf)), 0);
	assert_true(session_ended(p.client.session));
	assert_int_equal(session_fault(p.client.session), FAULT_NONE);
	assert_int_equal(ring_len(&p.server.out), 0);
	pair_fini(&p);
}

static void test_half_close(void **state)
{
	(void)state;
	half_close(TLS1_2_VERSION);
	half_close(TLS1_3_VERSION);
}

/* A full ring refuses the close_notify; with room it goes. */
static void test_close_needs_room(void **state)
{
	struct budget none_left = {.used = 0, .limit = 0};
	struct pair p;

	(void)state;
	pair_init(&p, TLS1_3_VERSION);
	pair_open(&p);
	shake_well(&p);
	ring_fini(&p.client.out);
	ring_init(&p.client.out, RING, &none_left);
	assert_int_equal(session_write(p.client.session, span_of("x", 1)), 0);
	assert_false(session_close(p.client.session));
	none_left.limit = RING;
	assert_int_equal(session_write(p.client.session, span_of("x", 1)), 1);
	assert_true(session_close(p.client.session));
	assert_int_equal(session_status(p.client.session), SESSION_OPEN);
	pair_fini(&p);
}

/* A record changed on its way fails for good, with the sentence kept. */
static void test_corruption(void **state)
{
	uint8_t buf[64], bytes[256];
	struct span in;
	struct pair p;
	size_t len;

	(void)state;
	pair_init(&p, TLS1_3_VERSION);
	pair_open(&p);
	shake_well(&p);
	receive(&p, &p.client, &p.server, buf, sizeof(buf)); /* tickets */
	session_write(p.client.session, span_of("0123456789", 10));
	in = ring_peek(&p.client.out, 0);
	len = in.len;
	memcpy(bytes, in.ptr, len);
	bytes[len - 1] ^= 1;
	in = span_of(bytes, len);
	assert_int_equal(session_read(p.server.session, &in, buf, sizeof(buf)), 0);
	assert_reason(&p.server, FAULT_TLS, "a record failed its integrity check");
	assert_int_equal(session_write(p.server.session, span_of("x", 1)), 0);
	assert_true(session_close(p.server.session));
	assert_int_equal(receive(&p, &p.client, &p.server, buf, sizeof(buf)), 0);
	assert_reason(&p.client, FAULT_TLS, "peer sent alert: bad record mac");
	assert_false(session_ended(p.client.session));
	pair_fini(&p);
}

/* A peer that gives up in the handshake with close_notify has not finished it. */
static void test_close_in_handshake(void **state)
{
	static const uint8_t close_notify[] = {21, 3, 3, 0, 2, 1, 0};
	struct span in = span_of(close_notify, sizeof(close_notify));
	struct pair p;

	(void)state;
	pair_init(&p, TLS1_2_VERSION);
	pair_open(&p);
	session_handshake(p.client.session, &in);
	assert_reason(&p.client, FAULT_HANDSHAKE, "in the middle of the handshake");
	pair_fini(&p);
}

/* Bulk goes out in full records: 16384 bytes and 22 of TLS 1.3 around each. */
static void test_full_records(void **state)
{
	enum { RECORD = 16384, AROUND = 22, COUNT = 4 };
	uint8_t *data = malloc((size_t)COUNT * RECORD), buf[64];
	struct pair p;

	(void)state;
	fill(data, (size_t)COUNT * RECORD);
	pair_init(&p, TLS1_3_VERSION);
	pair_open(&p);
	shake_well(&p);
	receive(&p, &p.client, &p.server, buf, sizeof(buf));
	assert_int_equal(session_write(p.client.session, span_of(data, (size_t)COUNT * RECORD)),
		(size_t)COUNT * RECORD);
	assert_int_equal(ring_len(&p.client.out), COUNT * (RECORD + AROUND));
	free(data);
	pair_fini(&p);
}

/* The name that the server hears, and nothing where none is configured. */
static void test_sni(void **state)
{
	struct span none = span_none(), hello;
	struct pair p;

	(void)state;
	for (int named = 0; named < 2; named++) {
		pair_init(&p, TLS1_3_VERSION);
		if (named)
			p.client_profile.sni = (char *)"db.example";
		pair_open(&p);
		session_handshake(p.client.session, &none);
		hello = ring_peek(&p.client.out, 0);
		assert_int_equal(memmem(hello.ptr, hello.len, "db.example", 10) != NULL, named);
		pair_fini(&p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tls13),
		cmocka_unit_test(test_tls12),
		cmocka_unit_test(test_info),
		cmocka_unit_test(test_small_rings),
		cmocka_unit_test(test_byte_by_byte),
		cmocka_unit_test(test_pending),
		cmocka_unit_test(test_half_close),
		cmocka_unit_test(test_close_needs_room),
		cmocka_unit_test(test_corruption),
		cmocka_unit_test(test_close_in_handshake),
		cmocka_unit_test(test_full_records),
		cmocka_unit_test(test_sni),
	};

	return cmocka_run_group_tests_name("session", tests, make_all, free_all);
}
