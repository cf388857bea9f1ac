/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * session.c - gateway/tls/session.h without TLS: what goes in on one side comes out on the other
 *
 * For tests that look at the gateway's TCP from outside, where sequence numbers must say what the
 * application wrote. Linked before the library into a daemon of its own, tests/attlsd-identity, it
 * takes the place of gateway/tls/session.c there; no other program contains it. The handshake is
 * over at once, a FIN stands for close_notify.
 */
#include "gateway/tls/session.h"

#include <stdlib.h>

enum { RECORD = 16384 };

struct session {
	struct context *ctx;
	struct ring *out;
	enum session_status status;
	bool ended;
	struct session_info info;
};

struct session *session_new(struct context *ctx, const struct addr *remote, struct ring *out)
{
	struct session *s = calloc(1, sizeof(*s));

	(void)remote;
	if (!s)
		return NULL;
	s->ctx = ctx ? context_get(ctx) : NULL; /* the simulation has none */
	s->out = out;
	s->info = (struct session_info){.version = "identity", .suite = "NULL"};
	return s;
}

void session_share(struct session *s, struct span key)
{
	(void)s;
	(void)key;
}

void session_wait_as(struct session *s, void *waiter)
{
	(void)s;
	(void)waiter;
}

void session_free(struct session *s)
{
	if (!s)
		return;
	context_put(s->ctx);
	free(s);
}

enum session_status session_handshake(struct session *s, struct span *in)
{
	(void)in;
	return s->status = SESSION_OPEN;
}

size_t session_read(struct session *s, struct span *in, uint8_t *buf, size_t size)
{
	struct span head = span_head(*in, s->status == SESSION_OPEN ? size : 0);

	if (head.len > 0)
		memcpy(buf, head.ptr, head.len);
	*in = span_skip(*in, head.len);
	return head.len;
}

size_t session_overhead(void)
{
	return 0;
}

size_t session_yield(const struct session *s, size_t len)
{
	(void)s;
	return len;
}

/* A record at a time, as TLS does: all of it at once might want more storage than there ever is. */
size_t session_write(struct session *s, struct span clear)
{
	struct span record = span_head(span_head(clear, RECORD), ring_room(s->out));

	return s->status == SESSION_OPEN && ring_push(s->out, record) ? record.len : 0;
}

bool session_close(struct session *s)
{
	(void)s;
	return true;
}

bool session_eof(struct session *s)
{
	s->ended = true;
	return true;
}

bool session_ended(const struct session *s)
{
	return s->ended;
}

bool session_pending(const struct session *s)
{
	(void)s;
	return false;
}

enum session_status session_status(const struct session *s)
{
	return s->status;
}

enum fault session_fault(const struct session *s)
{
	(void)s;
	return FAULT_NONE;
}

const char *session_reason(const struct session *s)
{
	(void)s;
	return "";
}

const struct session_info *session_info(const struct session *s)
{
	return &s->info;
}
