/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_session.c - two TLS sessions against each other through rings */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/tls1.h>

#include "gateway/tls/session.h"
#include "unit/make_cert.h"

enum { RING = 1 << 18, BULK = 1 << 20 };

static const char canary[] = "CANARY-5f1d-never-in-clear";

/* One end: its ring of certificates, context, session and outgoing ciphertext. */
struct end {
	struct connection connections[4];
	struct keyring ring;
	struct context *ctx;
	struct session *session;
	struct ring out;
};

struct pair {
	struct end client, server;
	struct profile client_profile, server_profile;
	struct reference_id reference;
	struct addr remote;
	size_t leaked; /* canaries seen on the wire */
};

static struct cert ca, other_ca, middle, server_cert, server_cert_below, expired_cert;

static int make_all(void **state)
{
	struct issue ca_wish = {.subject = "CN=CA", .usage = ISSUE_CERTSIGN};
	struct issue other_wish = {.subject = "CN=Other CA", .usage = ISSUE_CERTSIGN};
	struct issue middle_wish = {.subject = "CN=Middle", .usage = ISSUE_CERTSIGN};
	struct issue wish = {.subject = "CN=db.example,O=Example",
		.altnames = "DNS:db.example,DNS:*.pool.example,IP:192.0.2.7,IP:2001:db8::7",
		.usage = ISSUE_HANDSHAKE};
	struct issue old = wish;

	(void)state;
	old.not_before = 1577836800; /* 2020 */
	old.not_after = 1609459199;
	ca = make_cert("ca", &ca_wish, NULL);
	other_ca = make_cert("other", &other_wish, NULL);
	middle = make_cert("middle", &middle_wish, &ca);
	server_cert = make_cert("srv", &wish, &ca);
	server_cert_below = make_cert("below", &wish, &middle);
	expired_cert = make_cert("old", &old, &ca);
	return 0;
}

static int free_all(void **state)
{
	struct cert *all[] = {
		&ca, &other_ca, &middle, &server_cert, &server_cert_below, &expired_cert};

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		make_free(all[i]);
	return 0;
}

static void ring_connect(struct end *e, const struct cert *c, enum cert_usage usage)
{
	e->connections[e->ring.connection_count++] = (struct connection){
		.cert = c, .usage = usage, .is_default = usage == CERT_PERSONAL};
}

static void pair_init(struct pair *p, int version)
{
	memset(p, 0, sizeof(*p));
	p->client_profile = (struct profile){
		.role = TLS_ROLE_CLIENT,
		.min_version = version,
		.max_version = version,
		.references = &p->reference,
		.reference_count = 1,
	};
	p->server_profile = (struct profile){
		.role = TLS_ROLE_SERVER, .min_version = version, .max_version = version};
	p->reference = (struct reference_id){.kind = REFERENCE_DNS, .name = (char *)"db.example"};
	assert_true(addr_parse("192.0.2.7", &p->remote));
	p->client.ring = p->server.ring = (struct keyring){.owner = (char *)"root"};
	p->client.ring.name = (char *)"client";
	p->server.ring.name = (char *)"server";
	p->client.ring.connections = p->client.connections;
	p->server.ring.connections = p->server.connections;
	ring_init(&p->client.out, RING, NULL);
	ring_init(&p->server.out, RING, NULL);
}

static void end_open(struct end *e, const struct profile *profile, const struct addr *remote)
{
	struct err_list err;

	err_init(&err);
	e->ctx = context_new(profile, &e->ring, NULL, &err);
	for (size_t i = 0; i < err.count; i++)
		print_error("%s\n", err.lines[i]);
	assert_non_null(e->ctx);
	e->session = session_new(e->ctx, remote, &e->out);
	assert_non_null(e->session);
	err_fini(&err);
}

static void pair_open(struct pair *p)
{
	if (p->client.ring.connection_count == 0)
		ring_connect(&p->client, &ca, CERT_CERTAUTH);
	if (p->server.ring.connection_count == 0)
		ring_connect(&p->server, &server_cert, CERT_PERSONAL);
	end_open(&p->client, &p->client_profile, &p->remote);
	end_open(&p->server, &p->server_profile, &p->remote);
}

static void end_fini(struct end *e)
{
	session_free(e->session);
	context_put(e->ctx);
	ring_fini(&e->out);
}

static void pair_fini(struct pair *p)
{
	end_fini(&p->client);
	end_fini(&p->server);
}

/* The contiguous beginning of what @e has sent. */
static struct span wire(struct pair *p, struct end *e)
{
	struct span s = ring_peek(&e->out, 0);

	if (s.len && memmem(s.ptr, s.len, canary, sizeof(canary) - 1))
		p->leaked++;
	return s;
}

/* One step of the handshake of @e with what @from has sent. */
static enum session_status step(struct pair *p, struct end *e, struct end *from)
{
	struct span in = wire(p, from);
	size_t before = in.len;
	enum session_status status = session_handshake(e->session, &in);

	ring_consume(&from->out, before - in.len);
	return status;
}

/* Until both are open, one fails, or nothing moves any more. */
static void shake(struct pair *p)
{
	for (int i = 0; i < 1000; i++) {
		enum session_status c = step(p, &p->client, &p->server);
		enum session_status s = step(p, &p->server, &p->client);

		if (c == SESSION_OPEN && s == SESSION_OPEN)
			return;
		if (c == SESSION_FAILED && s == SESSION_FAILED)
			return;
	}
}

static void shake_well(struct pair *p)
{
	shake(p);
	assert_string_equal(session_reason(p->client.session), "");
	assert_string_equal(session_reason(p->server.session), "");
	assert_int_equal(session_status(p->client.session), SESSION_OPEN);
	assert_int_equal(session_status(p->server.session), SESSION_OPEN);
}

/* Read once from what @from has sent. */
static size_t receive(struct pair *p, struct end *e, struct end *from, uint8_t *buf, size_t size)
{
	struct span in = wire(p, from);
	size_t before = in.len;
	size_t n = session_read(e->session, &in, buf, size);

	ring_consume(&from->out, before - in.len);
	return n;
}

static void assert_reason(const struct end *e, enum fault fault, const char *part)
{
	assert_int_equal(session_status(e->session), SESSION_FAILED);
	assert_int_equal(session_fault(e->session), fault);
	if (!strstr(session_reason(e->session), part))
		fail_msg("\"%s\" is not in \"%s\"", part, session_reason(e->session));
}

static void fill(uint8_t *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		data[i] = (uint8_t)(i * 2654435761u >> 13);
	for (size_t i = 0; i + sizeof(canary) < len; i += 5000)
		memcpy(data + i, canary, sizeof(canary) - 1);
}

/* Move @len bytes one way, offering @chunk bytes at a time and reading @piece at a time. */
static void transfer(
	struct pair *p, struct end *from, struct end *to, size_t len, size_t chunk, size_t piece)
{
	uint8_t *data = malloc(len), *got = calloc(1, len + 1);
	size_t sent = 0, received = 0, idle = 0;

	fill(data, len);
	while (received < len && idle < 3) {
		size_t offer = len - sent < chunk ? len - sent : chunk;
		size_t taken = session_write(from->session, span_of(data + sent, offer));
		size_t want = len - received < piece ? len - received : piece;
		size_t n = receive(p, to, from, got + received, want);

		assert_true(taken <= offer);
		sent += taken;
		received += n;
		idle = taken || n ? 0 : idle + 1;
	}
	assert_int_equal(received, len);
	assert_memory_equal(got, data, len);
	assert_int_equal(p->leaked, 0);
	free(data);
	free(got);
}

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

struct reference_case {
	enum reference_kind kind;
	const char *text;
	const char *remote;
	bool proved;
};

static void test_references(void **state)
{
	static const struct reference_case cases[] = {
		{REFERENCE_DNS, "db.example", "198.51.100.1", true},
		{REFERENCE_DNS, "DB.Example", "198.51.100.1", true},
		{REFERENCE_DNS, "a.pool.example", "198.51.100.1", true},
		{REFERENCE_DNS, "a.b.pool.example", "198.51.100.1", false},
		{REFERENCE_DNS, "pool.example", "198.51.100.1", false},
		{REFERENCE_DNS, "db.example.org", "198.51.100.1", false},
		{REFERENCE_ADDR, "192.0.2.7", "198.51.100.1", true},
		{REFERENCE_ADDR, "2001:db8::7", "198.51.100.1", true},
		{REFERENCE_ADDR, "192.0.2.8", "192.0.2.7", false},
		{REFERENCE_REMOTE_IP, NULL, "192.0.2.7", true},
		{REFERENCE_REMOTE_IP, NULL, "2001:db8::7", true},
		{REFERENCE_REMOTE_IP, NULL, "192.0.2.8", false},
		{REFERENCE_ANY, NULL, "198.51.100.1", true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pair p;

		pair_init(&p, TLS1_3_VERSION);
		p.reference = (struct reference_id){.kind = cases[i].kind};
		if (cases[i].kind == REFERENCE_DNS)
			p.reference.name = (char *)cases[i].text;
		if (cases[i].kind == REFERENCE_ADDR)
			assert_true(addr_parse(cases[i].text, &p.reference.addr));
		assert_true(addr_parse(cases[i].remote, &p.remote));
		pair_open(&p);
		shake(&p);
		if (cases[i].proved)
			assert_int_equal(session_status(p.client.session), SESSION_OPEN);
		else
			assert_reason(&p.client, FAULT_HANDSHAKE, "does not name any of: ");
		pair_fini(&p);
	}
}

static void test_wrong_name(void **state)
{
	struct pair p;

	(void)state;
	pair_init(&p, TLS1_2_VERSION);
	p.reference.name = (char *)"other.example";
	pair_open(&p);
	shake(&p);
	assert_reason(&p.client, FAULT_HANDSHAKE,
		"the peer's certificate does not name any of: other.example; it names: "
		"DNS:db.example, DNS:*.pool.example, IP:192.0.2.7, IP:2001:db8::7");
	assert_reason(&p.server, FAULT_HANDSHAKE, "peer sent alert: bad certificate");
	pair_fini(&p);
}

static void refused_chain(int version, const struct cert *server, const struct cert *anchor,
	const char *reason, const char *alert)
{
	struct pair p;

	pair_init(&p, version);
	ring_connect(&p.server, server, CERT_PERSONAL);
	ring_connect(&p.client, anchor, CERT_CERTAUTH);
	pair_open(&p);
	shake(&p);
	assert_reason(&p.client, FAULT_HANDSHAKE, reason);
	assert_reason(&p.server, FAULT_HANDSHAKE, alert);
	assert_int_equal(session_write(p.client.session, span_of(canary, 10)), 0);
	pair_fini(&p);
}

static void test_bad_chains(void **state)
{
	static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

	(void)state;
	for (size_t v = 0; v < 2; v++) {
		refused_chain(versions[v], &expired_cert, &ca,
			"certificate verify failed: certificate has expired (peer certificate "
			"CN=db.example,O=Example",
			"peer sent alert: certificate expired");
		refused_chain(versions[v], &server_cert, &other_ca,
			"which no trusted certificate of ring root/client vouches for",
			"peer sent alert: unknown ca");
		refused_chain(versions[v], &server_cert_below, &ca, "unable to get local issuer",
			"peer sent alert: unknown ca");
	}
}

/* The intermediate is sent because the server's ring has it; the root is not. */
static void test_intermediate_sent(void **state)
{
	struct pair p;

	(void)state;
	pair_init(&p, TLS1_3_VERSION);
	ring_connect(&p.server, &server_cert_below, CERT_PERSONAL);
	ring_connect(&p.server, &ca, CERT_CERTAUTH);
	ring_connect(&p.server, &middle, CERT_CERTAUTH);
	pair_open(&p);
	shake_well(&p);
	pair_fini(&p);
}

/* An intermediate alone is anchor enough, as in a SAF ring. */
static void test_intermediate_trusted(void **state)
{
	struct pair p;

	(void)state;
	pair_init(&p, TLS1_3_VERSION);
	ring_connect(&p.server, &server_cert_below, CERT_PERSONAL);
	ring_connect(&p.client, &middle, CERT_CERTAUTH);
	pair_open(&p);
	shake_well(&p);
	pair_fini(&p);
}

/* A peer connected with usage SITE is trusted as it stands, even expired; its name still counts. */
static void test_site_peer(void **state)
{
	struct pair p;

	(void)state;
	for (int wrong = 0; wrong < 2; wrong++) {
		pair_init(&p, TLS1_3_VERSION);
		ring_connect(&p.server, &expired_cert, CERT_PERSONAL);
		ring_connect(&p.client, &expired_cert, CERT_SITE);
		if (wrong)
			p.reference.name = (char *)"other.example";
		pair_open(&p);
		shake(&p);
		assert_int_equal(
			session_status(p.client.session), wrong ? SESSION_FAILED : SESSION_OPEN);
		pair_fini(&p);
	}
}

/* NOTRUST is invisible, as anchor and as trusted peer. */
static void test_notrust(void **state)
{
	struct cert hidden = server_cert;
	struct pair p;

	(void)state;
	hidden.trust = CERT_NOTRUST;
	pair_init(&p, TLS1_3_VERSION);
	ring_connect(&p.client, &hidden, CERT_SITE);
	ring_connect(&p.client, &other_ca, CERT_CERTAUTH);
	pair_open(&p);
	shake(&p);
	assert_reason(&p.client, FAULT_HANDSHAKE, "certificate verify failed");
	pair_fini(&p);
}

static void test_not_tls(void **state)
{
	static const struct {
		const char *bytes;
		const char *reason;
	} cases[] = {
		{"HTTP/1.1 400 Bad Request\r\n", "the peer does not speak TLS (first bytes look "
						 "like HTTP)"},
		{"GET / HTTP/1.1\r\nHost: a\r\n", "look like HTTP"},
		{"SSH-2.0-OpenSSH_9.2\r\n", "look like SSH"},
		{"220 mail.example ESMTP\r\n", "look like an FTP or SMTP greeting"},
		{"\x01\x02\x03\x04\x05\x06\x07\x08\x09", "first bytes are 01 02 03"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (int server = 0; server < 2; server++) {
			struct span in = span_of(cases[i].bytes, strlen(cases[i].bytes));
			struct pair p;
			struct end *e = server ? &p.server : &p.client;

			pair_init(&p, TLS1_3_VERSION);
			pair_open(&p);
			session_handshake(e->session, &in);
			assert_reason(e, FAULT_HANDSHAKE, cases[i].reason);
			pair_fini(&p);
		}
	}
}

static void test_nothing_in_common(void **state)
{
	struct pair p;

	(void)state;
	pair_init(&p, TLS1_3_VERSION);
	p.server_profile.min_version = p.server_profile.max_version = TLS1_2_VERSION;
	pair_open(&p);
	shake(&p);
	assert_reason(&p.server, FAULT_HANDSHAKE, "no common TLS version");
	assert_reason(&p.client, FAULT_HANDSHAKE, "peer sent alert: protocol version");
	pair_fini(&p);

	pair_init(&p, TLS1_2_VERSION);
	p.client_profile.ciphers12 = (char *)"ECDHE-ECDSA-AES128-GCM-SHA256";
	p.server_profile.ciphers12 = (char *)"ECDHE-ECDSA-AES256-GCM-SHA384";
	pair_open(&p);
	shake(&p);
	assert_reason(&p.server, FAULT_HANDSHAKE, "no shared cipher");
	assert_reason(&p.client, FAULT_HANDSHAKE, "peer sent alert: handshake failure");
	pair_fini(&p);

	pair_init(&p, TLS1_3_VERSION);
	p.client_profile.groups = (char *)"X25519";
	p.server_profile.groups = (char *)"P-384";
	pair_open(&p);
	shake(&p);
	assert_reason(&p.server, FAULT_HANDSHAKE, "no shared group");
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
		cmocka_unit_test(test_references),
		cmocka_unit_test(test_wrong_name),
		cmocka_unit_test(test_bad_chains),
		cmocka_unit_test(test_intermediate_sent),
		cmocka_unit_test(test_intermediate_trusted),
		cmocka_unit_test(test_site_peer),
		cmocka_unit_test(test_notrust),
		cmocka_unit_test(test_not_tls),
		cmocka_unit_test(test_nothing_in_common),
		cmocka_unit_test(test_corruption),
		cmocka_unit_test(test_close_in_handshake),
		cmocka_unit_test(test_full_records),
		cmocka_unit_test(test_sni),
	};

	return cmocka_run_group_tests_name("session", tests, make_all, free_all);
}
