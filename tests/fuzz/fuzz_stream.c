/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fuzz_stream.c - libFuzzer target: records after the handshake, from a peer that keeps to nothing
 *
 * Input: steps. The peer seals records of any type, content and padding, changes its key or not,
 * and somebody on the way flips and invents bytes; they arrive in pieces, the reader's buffers are
 * of any size. Held: what is read is the beginning of the application data that was sealed; after
 * the first failure nothing is read or written any more; a failure has a sentence; what was not
 * meddled with and keeps to the rules is read to its end.
 */
#include "gateway/tls/library.h"
#include "gateway/tls/stream.h"
#include "tests/fuzz/fuzz.h"

enum { WIRE = 1 << 17, STEPS = 300, PADDING_MAX = 600, BUFFER = 20000, UPDATES_IN_A_ROW = 32 };

static const struct record_suite *suite;
static const uint8_t secret[RECORD_SECRET_MAX] = {7};
static const struct stream_start start = {.secret = secret};

struct run {
	struct stream *stream;
	struct record_key peer;
	struct ring out;
	uint8_t wire[WIRE];
	size_t sent, arrived;
	uint8_t told[WIRE]; /* application data, in order */
	size_t told_len, heard;
	unsigned updates; /* of the key, since application data */
	bool honest;      /* so far nothing was done that a stream may refuse */
};

static struct run run;

static void find_suite(void)
{
	SSL_CTX *ctx = SSL_CTX_new_ex(library_get(), NULL, TLS_method());
	SSL *ssl = ctx && SSL_CTX_set_ciphersuites(ctx, "TLS_AES_128_GCM_SHA256") ? SSL_new(ctx)
										  : NULL;

	held(ssl, "an SSL object");
	suite = record_suite_of(sk_SSL_CIPHER_value(SSL_get_ciphers(ssl), 0));
	held(suite, "a suite");
	SSL_free(ssl);
	SSL_CTX_free(ctx);
}

/* ---- what the peer does ---- */

/* Content, then its type and padding: record_seal() adds a type of its own, so padding follows. */
static void seal(uint8_t type, struct span content, size_t padding)
{
	static uint8_t inner[RECORD_CLEAR_MAX + PADDING_MAX];
	size_t len = content.len;

	if (run.sent + len + padding + RECORD_OVERHEAD > WIRE)
		return;
	if (len > 0)
		memcpy(inner, content.ptr, len);
	if (padding > 0) {
		inner[len++] = type;
		memset(inner + len, 0, padding - 1);
		len += padding - 1;
		type = 0;
	}
	held(record_seal(&run.peer, type, span_of(inner, len), run.wire + run.sent), "seal");
	run.sent += len + RECORD_OVERHEAD;
}

static void tell(struct span *in)
{
	static uint8_t text[RECORD_CLEAR_MAX];
	size_t padding = feed_byte(in), len = feed_word(in) % (RECORD_CLEAR_MAX + 1 - padding);

	if (run.sent + len + padding + RECORD_OVERHEAD > WIRE || run.told_len + len > WIRE)
		return;
	for (size_t i = 0; i < len; i++)
		text[i] = (uint8_t)((run.told_len + i) * 2654435761u >> 11);
	memcpy(run.told + run.told_len, text, len);
	run.told_len += len;
	seal(SSL3_RT_APPLICATION_DATA, span_of(text, len), padding);
	run.updates = 0;
}

static void forge(struct span *in)
{
	uint8_t content[64], type = feed_byte(in);
	size_t len = feed_byte(in) % sizeof(content), padding = feed_byte(in) % 8;

	if (type == SSL3_RT_APPLICATION_DATA || type == 0) /* 0: the content's end is the type */
		return;
	for (size_t i = 0; i < len; i++)
		content[i] = feed_byte(in);
	run.honest = false;
	seal(type, span_of(content, len), padding);
}

static void change_key(struct span *in)
{
	uint8_t update[] = {24, 0, 0, 1, feed_byte(in) % 2};

	if (run.sent + sizeof(update) + RECORD_OVERHEAD > WIRE)
		return;
	seal(SSL3_RT_HANDSHAKE, span_of(update, sizeof(update)), 0);
	held(record_key_update(&run.peer), "key update");
	run.honest = run.honest && ++run.updates <= UPDATES_IN_A_ROW;
}

static void ticket(struct span *in)
{
	uint8_t message[4 + 255] = {4, 0, 0, feed_byte(in)};
	size_t len = 4u + message[3], cut = feed_byte(in) % len;

	if (run.sent + len + 2 * RECORD_OVERHEAD > WIRE)
		return;
	if (cut > 0)
		seal(SSL3_RT_HANDSHAKE, span_of(message, cut), 0);
	seal(SSL3_RT_HANDSHAKE, span_of(message + cut, len - cut), 0);
}

/* ---- what is done on the way ---- */

static void meddle(struct span *in)
{
	size_t at = feed_word(in), left = run.sent - run.arrived;

	if (left == 0)
		return;
	run.wire[run.arrived + at % left] ^= (uint8_t)(1 + feed_byte(in) % 255);
	run.honest = false;
}

static void invent(struct span *in)
{
	size_t len = feed_byte(in) % 32;

	for (size_t i = 0; i < len && run.sent < WIRE; i++)
		run.wire[run.sent++] = feed_byte(in);
	run.honest = run.honest && len == 0;
}

/* ---- the reader ---- */

static void arrive(size_t most, size_t size)
{
	size_t left = run.sent - run.arrived, n;
	size_t piece = most < left ? most : left;
	bool failed = stream_fault(run.stream) != FAULT_NONE;
	uint8_t *copy = exact_copy(span_of(run.wire + run.arrived, piece));
	uint8_t *buf = malloc(size ? size : 1);
	struct span in = span_of(copy, piece);

	held(buf, "memory");
	n = stream_read(run.stream, &in, buf, size);
	held(n <= size && in.len <= piece, "more than there was");
	held(!failed || n == 0, "read after a failure");
	held(run.heard + n <= run.told_len && memcmp(buf, run.told + run.heard, n) == 0,
		"bytes that nobody sealed");
	run.heard += n;
	run.arrived += piece - in.len;
	free(copy);
	free(buf);
}

static void answer(void)
{
	bool failed = stream_fault(run.stream) != FAULT_NONE;

	ring_consume(&run.out, ring_len(&run.out));
	held(stream_write(run.stream, span_of("answer", 6)) == !failed, "write");
}

static void check_fault(void)
{
	char *reason;

	if (stream_fault(run.stream) == FAULT_NONE)
		return;
	reason = stream_reason(run.stream);
	held(reason && *reason, "a failure without a sentence");
	held(!run.honest, "refused without cause: %s", reason);
	free(reason);
}

/* All that has not arrived yet, to the end. */
static void finish(void)
{
	size_t before;

	do {
		before = run.heard + run.arrived;
		arrive(WIRE, BUFFER);
	} while (run.heard + run.arrived != before);
	check_fault();
	held(!run.honest || (run.heard == run.told_len && run.arrived == run.sent),
		"heard %zu of %zu", run.heard, run.told_len);
}

static void step(struct span *in)
{
	switch (feed_byte(in) % 8) {
	case 0:
	case 1: tell(in); break;
	case 2: forge(in); break;
	case 3: change_key(in); break;
	case 4: ticket(in); break;
	case 5: meddle(in); break;
	case 6: invent(in); break;
	default: answer(); break;
	}
	if (feed_byte(in) % 2)
		arrive(feed_word(in), feed_word(in) % BUFFER);
	check_fault();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = span_of(data, size);

	if (!suite)
		find_suite();
	ring_init(&run.out, 1 << 15, NULL);
	run.stream = stream_new(suite, feed_byte(&in) % 4 > 0, &start, &start, &run.out);
	held(run.stream && record_key_init(&run.peer, suite, start.secret, true, 0), "memory");
	run.sent = run.arrived = run.told_len = run.heard = run.updates = 0;
	run.honest = size > 0 && data[0] % 4 > 0; /* a server takes no tickets */
	for (int i = 0; i < STEPS && in.len > 0; i++)
		step(&in);
	finish();
	stream_free(run.stream);
	record_key_fini(&run.peer);
	ring_fini(&run.out);
	return 0;
}
