/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fuzz_session.c - libFuzzer target: a TLS client and a TLS server with somebody between them
 *
 * Input: version, then what is done to the bytes on their way: passed in pieces of any size,
 * flipped, left out, repeated, invented. A replayed handshake would end at its first random number,
 * so each run makes a new one, with random numbers that are the same each time. Held: cleartext is
 * only taken and given in SESSION_OPEN, and then it is the beginning of what the other end wrote;
 * it is never on the wire; who was left in peace can talk; the first failure stays, with a reason.
 */
#define OPENSSL_SUPPRESS_DEPRECATED /* RAND_set_rand_method() */
#include <openssl/rand.h>
#include <openssl/tls1.h>

#include "gateway/tls/session.h"
#include "tests/fuzz/fuzz.h"
#include "unit/make_cert.h"

enum { RING = 1 << 16, STEPS = 400, TEXT = 1 << 15 };

static const char canary[] = "CANARY-5f1d-never-in-clear";

struct end {
	struct connection connection;
	struct keyring ring;
	struct profile profile;
	struct context *ctx[2]; /* TLS 1.2, TLS 1.3 */
	struct session *session;
	struct ring out;
	size_t written, read;
	enum fault fault;
};

static struct end client, server;
static struct cert ca, certificate;
static struct reference_id reference = {.kind = REFERENCE_DNS, .name = (char *)"db.example"};
static uint64_t random_state;
static uint8_t text[TEXT];

/* ---- random numbers that repeat ---- */

static int random_bytes(unsigned char *buf, int num)
{
	for (int i = 0; i < num; i++) {
		random_state = random_state * 6364136223846793005u + 1442695040888963407u;
		buf[i] = (unsigned char)(random_state >> 33);
	}
	return 1;
}

static int random_ready(void)
{
	return 1;
}

static void random_repeats(void)
{
	static const RAND_METHOD method = {
		.bytes = random_bytes, .pseudorand = random_bytes, .status = random_ready};

	held(RAND_set_rand_method(&method) == 1, "RAND_set_rand_method");
}

/* ---- the two ends ---- */

static void end_prepare(struct end *e, enum tls_role role, const struct cert *c)
{
	struct err_list err;

	e->connection = (struct connection){.cert = c, .is_default = role == TLS_ROLE_SERVER};
	e->connection.usage = role == TLS_ROLE_SERVER ? CERT_PERSONAL : CERT_CERTAUTH;
	e->ring = (struct keyring){.owner = (char *)"root",
		.name = (char *)"ring",
		.connections = &e->connection,
		.connection_count = 1};
	e->profile.role = role;
	e->profile.references = &reference;
	e->profile.reference_count = role == TLS_ROLE_CLIENT;
	err_init(&err);
	for (int i = 0; i < 2; i++) {
		e->profile.min_version = e->profile.max_version =
			i ? TLS1_3_VERSION : TLS1_2_VERSION;
		e->ctx[i] = context_new(&e->profile,
			&(struct ring_view){.ring = &e->ring, .right = RIGHT_CONTROL}, NULL, &err);
		held(e->ctx[i], "no context");
	}
	err_fini(&err);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct issue ca_wish = {.subject = "CN=CA", .usage = ISSUE_CERTSIGN};
	struct issue wish = {
		.subject = "CN=db", .altnames = "DNS:db.example", .usage = ISSUE_HANDSHAKE};

	(void)argc, (void)argv;
	random_repeats();
	ca = make_cert("ca", &ca_wish, NULL);
	certificate = make_cert("srv", &wish, &ca);
	end_prepare(&client, TLS_ROLE_CLIENT, &ca);
	end_prepare(&server, TLS_ROLE_SERVER, &certificate);
	for (size_t i = 0; i + sizeof(canary) < TEXT; i += sizeof(canary))
		memcpy(text + i, canary, sizeof(canary) - 1);
	return 0;
}

static void end_open(struct end *e, int version)
{
	struct addr remote;

	addr_parse("192.0.2.7", &remote);
	ring_init(&e->out, RING, NULL);
	e->session = session_new(e->ctx[version], &remote, &e->out);
	e->written = e->read = 0;
	e->fault = FAULT_NONE;
	held(e->session, "no session");
}

static void end_close(struct end *e)
{
	session_free(e->session);
	ring_fini(&e->out);
}

/* ---- what an end does with ciphertext ---- */

static void check_end(struct end *e)
{
	enum session_status status = session_status(e->session);
	struct span wire = ring_peek(&e->out, 0);

	held((status == SESSION_FAILED) == (session_fault(e->session) != FAULT_NONE), "fault");
	held((status == SESSION_FAILED) == (session_reason(e->session)[0] != '\0'), "reason");
	held(e->fault == FAULT_NONE || session_fault(e->session) == e->fault, "another fault");
	e->fault = session_fault(e->session);
	held(!wire.len || !memmem(wire.ptr, wire.len, canary, sizeof(canary) - 1), "in clear");
}

/* Give @bytes to @e. Return: how many it took. */
static size_t receive(struct end *e, const struct end *from, struct span bytes, size_t size)
{
	uint8_t *copy = exact_copy(bytes), *clear = malloc(size + 1);
	struct span in = span_of(copy, bytes.len);
	size_t n;

	session_handshake(e->session, &in);
	if (session_status(e->session) != SESSION_OPEN)
		held(session_read(e->session, &in, clear, size) == 0, "read too soon");
	n = session_read(e->session, &in, clear, size);
	held(e->read + n <= from->written, "more than was written");
	held(memcmp(clear, text + e->read, n) == 0, "not what was written");
	e->read += n;
	free(copy);
	free(clear);
	check_end(e);
	return bytes.len - in.len;
}

static void speak(struct end *e, size_t n)
{
	bool open = session_status(e->session) == SESSION_OPEN;
	size_t taken;

	if (n > TEXT - e->written)
		n = TEXT - e->written;
	taken = session_write(e->session, span_of(text + e->written, n));
	held(taken <= n && (open || taken == 0), "took %zu", taken);
	e->written += taken;
	check_end(e);
}

/* ---- who is between them ---- */

/* Pass up to @n bytes on, unharmed. */
static void carry(struct end *e, struct end *from, size_t n, size_t size)
{
	struct span bytes = span_head(ring_peek(&from->out, 0), n);

	ring_consume(&from->out, receive(e, from, bytes, size));
}

/* Return: true if what was done is no business of an honest network. */
static bool harm(struct end *e, struct end *from, uint8_t how, struct span *in)
{
	struct span bytes = span_head(ring_peek(&from->out, 0), 1 + feed_word(in) % 2048);
	uint8_t *copy = exact_copy(bytes), made[64];
	size_t at = bytes.len ? feed_word(in) % bytes.len : 0, n = 0;

	switch (how & 3) {
	case 0: /* flip */
		if (bytes.len)
			copy[at] ^= (uint8_t)(feed_byte(in) | 1);
		ring_consume(&from->out, receive(e, from, span_of(copy, bytes.len), 4096));
		break;
	case 1: /* leave out */ ring_consume(&from->out, bytes.len); break;
	case 2: /* repeat */ receive(e, from, bytes, 4096); break;
	default: /* invent */
		for (; n < sizeof(made) && n < (size_t)(how >> 2) + 5; n++)
			made[n] = feed_byte(in);
		receive(e, from, span_of(made, n), 4096);
	}
	free(copy);
	return n > 0 || bytes.len > 0;
}

static bool step(struct span *in)
{
	uint8_t what = feed_byte(in);
	struct end *e = what & 1 ? &client : &server, *from = what & 1 ? &server : &client;

	if (what < 160)
		carry(e, from, feed_word(in) % 4096, 1 + feed_word(in) % 8192);
	else if (what < 200)
		speak(e, feed_word(in) % 8192);
	else if (what < 206)
		session_close(e->session);
	else
		return harm(e, from, feed_byte(in), in);
	return false;
}

/* Nobody interferes any more: all that was written arrives, unless there was a failure. */
static void let_them_talk(bool harmed)
{
	for (int i = 0; i < 200; i++) {
		carry(&client, &server, RING, 4096);
		carry(&server, &client, RING, 4096);
	}
	if (harmed)
		return;
	held(session_status(client.session) == SESSION_OPEN, "%s", session_reason(client.session));
	held(session_status(server.session) == SESSION_OPEN, "%s", session_reason(server.session));
	held(client.read == server.written && server.read == client.written, "not all arrived");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = span_of(data, size);
	int version = feed_byte(&in) & 1;
	bool harmed = false;

	random_state = 1;
	end_open(&client, version);
	end_open(&server, version);
	for (int i = 0; in.len && i < STEPS; i++)
		harmed |= step(&in);
	let_them_talk(harmed);
	end_close(&client);
	end_close(&server);
	return 0;
}
