/* SPDX-License-Identifier: GPL-3.0-or-later */
/* session_pair.h - a TLS client and a TLS server in one process, for tests */
#ifndef ATTLS_TESTS_SESSION_PAIR_H
#define ATTLS_TESTS_SESSION_PAIR_H

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

static const struct issue server_wish = {.subject = "CN=db.example,O=Example",
	.altnames = "DNS:db.example,DNS:*.pool.example,IP:192.0.2.7,IP:2001:db8::7",
	.usage = ISSUE_HANDSHAKE};

static struct cert ca, other_ca, middle, server_cert, server_cert_below, expired_cert;

static inline int make_all(void **state)
{
	struct issue ca_wish = {.subject = "CN=CA", .usage = ISSUE_CERTSIGN};
	struct issue other_wish = {.subject = "CN=Other CA", .usage = ISSUE_CERTSIGN};
	struct issue middle_wish = {.subject = "CN=Middle", .usage = ISSUE_CERTSIGN};
	struct issue old = server_wish;

	(void)state;
	old.not_before = 1577836800; /* 2020 */
	old.not_after = 1609459199;
	ca = make_cert("ca", &ca_wish, NULL);
	other_ca = make_cert("other", &other_wish, NULL);
	middle = make_cert("middle", &middle_wish, &ca);
	server_cert = make_cert("srv", &server_wish, &ca);
	server_cert_below = make_cert("below", &server_wish, &middle);
	expired_cert = make_cert("old", &old, &ca);
	return 0;
}

static inline int free_all(void **state)
{
	struct cert *all[] = {
		&ca, &other_ca, &middle, &server_cert, &server_cert_below, &expired_cert};

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		make_free(all[i]);
	return 0;
}

static inline void ring_connect(struct end *e, const struct cert *c, enum cert_usage usage)
{
	e->connections[e->ring.connection_count++] = (struct connection){
		.cert = c, .usage = usage, .is_default = usage == CERT_PERSONAL};
}

static inline void pair_init(struct pair *p, int version)
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

static inline void end_open(struct end *e, const struct profile *profile, const struct addr *remote)
{
	struct err_list err;

	err_init(&err);
	e->ctx = context_new(
		profile, &(struct ring_view){.ring = &e->ring, .right = RIGHT_CONTROL}, NULL, &err);
	for (size_t i = 0; i < err.count; i++)
		print_error("%s\n", err.lines[i]);
	assert_non_null(e->ctx);
	e->session = session_new(e->ctx, remote, &e->out);
	assert_non_null(e->session);
	err_fini(&err);
}

static inline void pair_open(struct pair *p)
{
	if (p->client.ring.connection_count == 0)
		ring_connect(&p->client, &ca, CERT_CERTAUTH);
	if (p->server.ring.connection_count == 0)
		ring_connect(&p->server, &server_cert, CERT_PERSONAL);
	end_open(&p->client, &p->client_profile, &p->remote);
	end_open(&p->server, &p->server_profile, &p->remote);
}

static inline void end_fini(struct end *e)
{
	session_free(e->session);
	context_put(e->ctx);
	ring_fini(&e->out);
}

static inline void pair_fini(struct pair *p)
{
	end_fini(&p->client);
	end_fini(&p->server);
}

/* The contiguous beginning of what @e has sent. */
static inline struct span wire(struct pair *p, struct end *e)
{
	struct span s = ring_peek(&e->out, 0);

	if (s.len && memmem(s.ptr, s.len, canary, sizeof(canary) - 1))
		p->leaked++;
	return s;
}

/* One step of the handshake of @e with what @from has sent. */
static inline enum session_status step(struct pair *p, struct end *e, struct end *from)
{
	struct span in = wire(p, from);
	size_t before = in.len;
	enum session_status status = session_handshake(e->session, &in);

	ring_consume(&from->out, before - in.len);
	return status;
}

/* Until both are open, one fails, or nothing moves any more. */
static inline void shake(struct pair *p)
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

static inline void shake_well(struct pair *p)
{
	shake(p);
	assert_string_equal(session_reason(p->client.session), "");
	assert_string_equal(session_reason(p->server.session), "");
	assert_int_equal(session_status(p->client.session), SESSION_OPEN);
	assert_int_equal(session_status(p->server.session), SESSION_OPEN);
}

/* Read once from what @from has sent. */
static inline size_t receive(
	struct pair *p, struct end *e, struct end *from, uint8_t *buf, size_t size)
{
	struct span in = wire(p, from);
	size_t before = in.len;
	size_t n = session_read(e->session, &in, buf, size);

	ring_consume(&from->out, before - in.len);
	return n;
}

static inline void assert_reason(const struct end *e, enum fault fault, const char *part)
{
	assert_int_equal(session_status(e->session), SESSION_FAILED);
	assert_int_equal(session_fault(e->session), fault);
	if (!strstr(session_reason(e->session), part))
		fail_msg("\"%s\" is not in \"%s\"", part, session_reason(e->session));
}

static inline void fill(uint8_t *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		data[i] = (uint8_t)(i * 2654435761u >> 13);
	for (size_t i = 0; i + sizeof(canary) < len; i += 5000)
		memcpy(data + i, canary, sizeof(canary) - 1);
}

/* Move @len bytes one way, offering @chunk bytes at a time and reading @piece at a time. */
static inline void transfer(
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

#endif
