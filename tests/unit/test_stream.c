/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_stream.c - records after the handshake: forged ones, in pieces, over key changes */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/tls/library.h"
#include "gateway/tls/stream.h"

enum { DATA = 23, ALERT = 21, HANDSHAKE = 22 };

/* A stream under test and a key that seals what it is to open. */
struct lone {
	struct stream *stream;
	struct record_key key;
	struct ring out;
};

static const struct record_suite *suite;
static const uint8_t secret[RECORD_SECRET_MAX] = {1, 2, 3};
static const struct stream_start start = {.secret = secret, .seq = 0};

static int find_suite(void **state)
{
	SSL_CTX *ctx = SSL_CTX_new_ex(library_get(), NULL, TLS_method());
	SSL *ssl;

	(void)state;
	assert_int_equal(SSL_CTX_set_ciphersuites(ctx, "TLS_AES_128_GCM_SHA256"), 1);
	ssl = SSL_new(ctx);
	suite = record_suite_of(sk_SSL_CIPHER_value(SSL_get_ciphers(ssl), 0));
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	return suite ? 0 : -1;
}

static void lone_init(struct lone *l, bool client)
{
	ring_init(&l->out, 1 << 16, NULL);
	l->stream = stream_new(suite, client, &start, &start, &l->out);
	assert_non_null(l->stream);
	assert_true(record_key_init(&l->key, suite, start.secret, true, 0));
}

static void lone_fini(struct lone *l)
{
	stream_free(l->stream);
	record_key_fini(&l->key);
	ring_fini(&l->out);
}

/* Seal @content as a record of @type and let the stream read it. Return: what it yields. */
static size_t feed(struct lone *l, uint8_t type, struct span content, uint8_t *buf, size_t size)
{
	uint8_t record[RECORD_CLEAR_MAX + 300 + RECORD_OVERHEAD];
	struct span in = span_of(record, content.len + RECORD_OVERHEAD);

	assert_true(record_seal(&l->key, type, content, record));
	return stream_read(l->stream, &in, buf, size);
}

static void assert_fails(struct lone *l, enum fault fault, const char *part)
{
	char *reason = stream_reason(l->stream);

	assert_int_equal(stream_fault(l->stream), fault);
	if (!strstr(reason, part))
		fail_msg("\"%s\" is not in \"%s\"", part, reason);
	free(reason);
}

/* The alert that the stream left behind. */
static int alert_of(struct lone *l)
{
	struct span s = ring_peek(&l->out, 0);
	struct record_key key;
	uint8_t clear[3] = {0};

	assert_int_equal(s.len, RECORD_OVERHEAD + 2);
	assert_true(record_key_init(&key, suite, start.secret, false, 0));
	assert_true(record_open(
		&key, s.ptr, span_of(s.ptr + RECORD_HEADER, s.len - RECORD_HEADER), clear));
	record_key_fini(&key);
	assert_int_equal(clear[0], 2);
	assert_int_equal(clear[2], ALERT);
	return clear[1];
}

/* What no peer may send (RFC 8446 5 and 6), what is said about it, and the alert for it. */
static const struct {
	uint8_t type;
	bool client;
	uint8_t len;
	uint8_t bytes[16];
	const char *reason;
	int alert;
} forged[] = {
	{99, true, 3, {1, 2, 3}, "unknown type", 10},
	{20, true, 1, {1}, "unknown type", 10},
	{0, true, 4, {0}, "without a type", 10},
	{ALERT, true, 1, {2}, "alert of a wrong length", 50},
	{ALERT, true, 3, {2, 0, 0}, "alert of a wrong length", 50},
	{HANDSHAKE, true, 0, {0}, "empty handshake", 10},
	{HANDSHAKE, true, 5, {13, 0, 0, 1, 0}, "handshake message after", 10},
	{HANDSHAKE, true, 4, {0, 0, 0, 0}, "handshake message after", 10},
	{HANDSHAKE, false, 4, {4, 0, 0, 0}, "handshake message after", 10},
	{HANDSHAKE, false, 4, {1, 0, 0, 0}, "handshake message after", 10},
	{HANDSHAKE, true, 6, {24, 0, 0, 2, 0, 0}, "KeyUpdate of a wrong length", 50},
	{HANDSHAKE, true, 6, {24, 0, 0, 1, 0, 24}, "data after a KeyUpdate", 10},
	{HANDSHAKE, true, 5, {24, 0, 0, 1, 2}, "asks for nothing known", 47},
};

static void test_forged(void **state)
{
	uint8_t buf[64];

	(void)state;
	for (size_t i = 0; i < sizeof(forged) / sizeof(forged[0]); i++) {
		struct lone l;

		lone_init(&l, forged[i].client);
		assert_int_equal(feed(&l, forged[i].type, span_of(forged[i].bytes, forged[i].len),
					 buf, sizeof(buf)),
			0);
		assert_fails(&l, FAULT_TLS, forged[i].reason);
		assert_int_equal(alert_of(&l), forged[i].alert);
		assert_int_equal(feed(&l, DATA, span_of("late", 4), buf, sizeof(buf)), 0);
		assert_false(stream_write(l.stream, span_of("late", 4)));
		lone_fini(&l);
	}
}

/* Headers that are refused before anything is opened. */
static const struct {
	uint8_t header[RECORD_HEADER];
	const char *reason;
	int alert;
} headers[] = {
	{{20, 3, 3, 0, 1}, "without protection", 10},
	{{21, 3, 3, 0, 2}, "without protection", 10},
	{{'G', 'E', 'T', ' ', '/'}, "without protection", 10},
	{{23, 3, 3, 0x41, 0x01}, "longer than TLS allows", 22},
	{{23, 3, 3, 0, 16}, "shorter than TLS allows", 50},
};

static void test_headers(void **state)
{
	uint8_t buf[64];

	(void)state;
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		for (size_t piece = 1; piece <= RECORD_HEADER; piece += 4) {
			struct lone l;

			lone_init(&l, true);
			for (size_t at = 0; at < RECORD_HEADER; at += piece) {
				struct span in = span_of(headers[i].header + at, piece);

				assert_int_equal(stream_read(l.stream, &in, buf, sizeof(buf)), 0);
			}
			assert_fails(&l, FAULT_TLS, headers[i].reason);
			assert_int_equal(alert_of(&l), headers[i].alert);
			lone_fini(&l);
		}
	}
}

/* More than a record may hold, by its content and not by its padding. */
static void test_overflow(void **state)
{
	static uint8_t data[RECORD_CLEAR_MAX + 1], buf[RECORD_CLEAR_MAX + 300];
	struct lone l;

	(void)state;
	memset(data, 'x', sizeof(data));
	lone_init(&l, true);
	assert_int_equal(feed(&l, DATA, span_of(data, RECORD_CLEAR_MAX), buf, sizeof(buf)),
		RECORD_CLEAR_MAX);
	assert_int_equal(feed(&l, DATA, span_of(data, sizeof(data)), buf, sizeof(buf)), 0);
	assert_fails(&l, FAULT_TLS, "longer than TLS allows");
	lone_fini(&l);
}

static void test_alerts(void **state)
{
	uint8_t buf[8];
	struct lone l;

	(void)state;
	lone_init(&l, true);
	feed(&l, ALERT, span_of("\1\132", 2), buf, sizeof(buf)); /* user_canceled */
	assert_false(stream_ended(l.stream));
	assert_int_equal(feed(&l, DATA, span_of("on", 2), buf, sizeof(buf)), 2);
	feed(&l, ALERT, span_of("\1\0", 2), buf, sizeof(buf)); /* close_notify */
	assert_true(stream_ended(l.stream));
	assert_int_equal(feed(&l, DATA, span_of("late", 4), buf, sizeof(buf)), 0);
	lone_fini(&l);

	lone_init(&l, true);
	feed(&l, ALERT, span_of("\1\61", 2), buf, sizeof(buf)); /* access_denied */
	assert_fails(&l, FAULT_TLS, "peer sent alert: access denied");
	assert_int_equal(ring_len(&l.out), 0); /* no alert answers an alert */
	lone_fini(&l);
}

/* Tickets are skipped wherever records cut them; nothing else may come before their end. */
static void test_tickets(void **state)
{
	uint8_t ticket[4 + 300] = {4, 0, 1, 44}, buf[8];
	struct lone l;

	(void)state;
	for (size_t cut = 1; cut < sizeof(ticket); cut++) {
		lone_init(&l, true);
		feed(&l, HANDSHAKE, span_of(ticket, cut), buf, sizeof(buf));
		feed(&l, HANDSHAKE, span_of(ticket + cut, sizeof(ticket) - cut), buf, sizeof(buf));
		assert_int_equal(feed(&l, DATA, span_of("data", 4), buf, sizeof(buf)), 4);
		lone_fini(&l);

		lone_init(&l, true);
		feed(&l, HANDSHAKE, span_of(ticket, cut), buf, sizeof(buf));
		assert_int_equal(feed(&l, DATA, span_of("data", 4), buf, sizeof(buf)), 0);
		assert_fails(&l, FAULT_TLS, "in the middle of a message");
		lone_fini(&l);
	}
}

static void feed_update(struct lone *l, uint8_t request)
{
	uint8_t update[] = {24, 0, 0, 1, request}, buf[8];

	feed(l, HANDSHAKE, span_of(update, sizeof(update)), buf, sizeof(buf));
	assert_true(record_key_update(&l->key));
}

static void test_too_many_key_updates(void **state)
{
	uint8_t buf[8];
	struct lone l;

	(void)state;
	lone_init(&l, true);
	for (int i = 0; i < 100; i++) { /* with data between them there is no end */
		feed_update(&l, 0);
		assert_int_equal(feed(&l, DATA, span_of("x", 1), buf, sizeof(buf)), 1);
	}
	for (int i = 0; i < 32; i++)
		feed_update(&l, 0);
	assert_int_equal(stream_fault(l.stream), FAULT_NONE);
	feed_update(&l, 0);
	assert_fails(&l, FAULT_TLS, "too many KeyUpdates");
	lone_fini(&l);
}

/* No key seals more records than is safe, and the peer is told of the next one. */
static void test_key_wears_out(void **state)
{
	static const struct stream_start worn = {.secret = secret, .seq = (1 << 24) - 2};
	struct stream *from, *to;
	struct ring a, b;
	uint8_t buf[8];

	(void)state;
	ring_init(&a, 1 << 16, NULL);
	ring_init(&b, 1 << 16, NULL);
	from = stream_new(suite, false, &start, &worn, &a);
	to = stream_new(suite, true, &worn, &start, &b);
	for (int i = 0; i < 5; i++) {
		size_t before = ring_len(&a), update = RECORD_OVERHEAD + 5;
		struct span in;

		assert_true(stream_write(from, span_of("data", 4)));
		assert_int_equal(
			ring_len(&a) - before, RECORD_OVERHEAD + 4 + (i == 2 ? update : 0));
		in = ring_peek(&a, 0);
		assert_int_equal(stream_read(to, &in, buf, sizeof(buf)), 4);
		ring_consume(&a, ring_len(&a));
	}
	stream_free(from);
	stream_free(to);
	ring_fini(&a);
	ring_fini(&b);
}

/* A request is answered once, before the next data. */
static void test_update_is_answered(void **state)
{
	struct lone l;

	(void)state;
	lone_init(&l, true);
	feed_update(&l, 1);
	feed_update(&l, 1);
	assert_int_equal(ring_len(&l.out), 0);
	assert_true(stream_write(l.stream, span_of("x", 1)));
	assert_int_equal(ring_len(&l.out), RECORD_OVERHEAD + 5 + RECORD_OVERHEAD + 1);
	assert_true(stream_write(l.stream, span_of("x", 1)));
	assert_int_equal(ring_len(&l.out), 3 * RECORD_OVERHEAD + 5 + 2);
	lone_fini(&l);
}

/* Any way to cut the ciphertext, any size of the reader's buffer: the same bytes. */
static void test_pieces(void **state)
{
	static uint8_t sealed[4 * (RECORD_CLEAR_MAX + RECORD_OVERHEAD)], data[40000], got[40000];
	static const size_t pieces[] = {1, 5, 21, 1000, 16406, 16407, 70000};
	static const size_t sizes[] = {1, 100, 16384, 16385, 40000};

	(void)state;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 2654435761u >> 13);
	for (size_t p = 0; p < sizeof(pieces) / sizeof(pieces[0]); p++) {
		for (size_t z = 0; z < sizeof(sizes) / sizeof(sizes[0]); z++) {
			size_t len = 0, total = 0, at = 0;
			struct span in = span_none();
			struct lone l;

			lone_init(&l, true);
			for (size_t n = 0; n < sizeof(data); n += RECORD_CLEAR_MAX) {
				struct span part = span_head(
					span_of(data + n, sizeof(data) - n), RECORD_CLEAR_MAX);

				assert_true(record_seal(&l.key, DATA, part, sealed + len));
				len += part.len + RECORD_OVERHEAD;
			}
			while (total < sizeof(data)) {
				size_t most = sizeof(got) - total;

				if (in.len == 0 && !stream_pending(l.stream)) {
					in = span_head(span_of(sealed + at, len - at), pieces[p]);
					at += in.len;
				}
				total += stream_read(l.stream, &in, got + total,
					most < sizes[z] ? most : sizes[z]);
				assert_int_equal(stream_fault(l.stream), FAULT_NONE);
			}
			assert_memory_equal(got, data, sizeof(data));
			lone_fini(&l);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forged),
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_overflow),
		cmocka_unit_test(test_alerts),
		cmocka_unit_test(test_tickets),
		cmocka_unit_test(test_too_many_key_updates),
		cmocka_unit_test(test_key_wears_out),
		cmocka_unit_test(test_update_is_answered),
		cmocka_unit_test(test_pieces),
	};

	return cmocka_run_group_tests(tests, find_suite, NULL);
}
