/* SPDX-License-Identifier: GPL-3.0-or-later */
/* session.c - a TLS connection as four byte ports, without sockets (OpenSSL inside) */
#include "gateway/tls/session.h"

#include <openssl/err.h>
#include <stdlib.h>

#include "gateway/tls/bio.h"
#include "gateway/tls/context_private.h"
#include "gateway/tls/result.h"
#include "gateway/tls/signer.h"
#include "gateway/tls/takeover.h"
#include "gateway/tls/verify.h"

enum {
	RECORD_MAX = SSL3_RT_MAX_PLAIN_LENGTH,
	/*
	 * Room kept beside the cleartext of a record: header 5, explicit IV 16, MAC 48, padding 16
	 * at worst, a KeyUpdate before it (27) and a close_notify after it (31).
	 */
	RECORD_EXTRA = 160,
	/* bytes that a client sends while it waits for a session ticket: many servers have none */
	TICKET_PATIENCE = 65536,
};

struct session {
	struct context *ctx;
	SSL *ssl;              /* until the stream takes over, for good where it cannot */
	struct stream *stream; /* NULL until then */
	struct ports ports;
	struct takeover takeover;
	struct verification verification;
	enum session_status status;
	enum fault fault;
	char *reason; /* owned; NULL without a failure */
	bool ended;   /* the peer's close_notify was read */
	bool closed;  /* ours was written */
	struct session_info info;
	struct signing signing; /* the handshake may wait for the key process */
	int stepped;            /* what the last step of the handshake returned */
	uint64_t written;       /* bytes of cleartext, by the SSL object */
};

static bool connect_ssl(struct session *s)
{
	BIO *bio;

	s->ssl = SSL_new(s->ctx->ssl);
	bio = ports_bio(&s->ports);
	if (!s->ssl || !bio) {
		BIO_free(bio);
		return false;
	}
	SSL_set_bio(s->ssl, bio, bio);
	SSL_set_app_data(s->ssl, &s->verification);
	takeover_watch(&s->takeover, s->ssl);
	if (s->ctx->role == TLS_ROLE_SERVER) {
		SSL_set_accept_state(s->ssl);
		return true;
	}
	SSL_set_connect_state(s->ssl);
	return !s->ctx->sni || SSL_set_tlsext_host_name(s->ssl, s->ctx->sni);
}

struct session *session_new(struct context *ctx, const struct addr *remote, struct ring *out)
{
	struct session *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->ctx = context_get(ctx);
	s->ports.out = out;
	s->verification.ctx = ctx;
	s->verification.remote = *remote;
	s->verification.takeover = &s->takeover;
	ERR_clear_error();
	if (!connect_ssl(s)) {
		ERR_clear_error();
		session_free(s);
		return NULL;
	}
	return s;
}

void session_share(struct session *s, struct span key)
{
	SSL_SESSION *earlier;

	if (!s->ctx->resumes || key.len > SESSION_KEY_MAX)
		return;
	memcpy(s->verification.share, key.ptr, key.len);
	s->verification.share_len = key.len;
	earlier = resume_take(&s->ctx->resume, key);
	if (!earlier)
		return;
	SSL_set_session(s->ssl, earlier);
	SSL_SESSION_free(earlier);
}

void session_wait_as(struct session *s, void *waiter)
{
	s->signing.waiter = waiter;
}

static void free_ssl(struct session *s)
{
	/* a connection that broke off says nothing against its keys (RFC 5246 7.2.1) */
	if (s->ssl && s->status == SESSION_OPEN)
		SSL_set_shutdown(s->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	SSL_free(s->ssl);
	s->ssl = NULL;
}

void session_free(struct session *s)
{
	if (!s)
		return;
	signing_cancel(&s->signing);
	free_ssl(s);
	stream_free(s->stream);
	takeover_fini(&s->takeover);
	context_put(s->ctx);
	free(s->verification.reason);
	free(s->reason);
	free(s);
}

/* From here on records are all there is, so the SSL object and what it holds can go. */
static void take_over(struct session *s)
{
	bool ticket = s->verification.share_len > 0 && s->written < TICKET_PATIENCE;

	if (s->status != SESSION_OPEN || s->stream || s->ended || s->closed ||
		!takeover_ready(&s->takeover, s->ssl, s->ports.taken, ticket))
		return;
	s->stream = takeover_stream(&s->takeover, s->ssl, s->ports.out);
	if (!s->stream)
		return;
	free_ssl(s);
	takeover_fini(&s->takeover); /* the stream has the secrets now */
}

/* What the stream has come to. */
static void follow_stream(struct session *s)
{
	s->ended = stream_ended(s->stream);
	if (stream_fault(s->stream) == FAULT_NONE)
		return;
	s->fault = stream_fault(s->stream);
	s->reason = stream_reason(s->stream);
	s->status = SESSION_FAILED;
}

/* Somebody knows better than OpenSSL. */
static void take_reason(struct session *s, char **reason)
{
	if (!*reason)
		return;
	free(s->reason);
	s->reason = *reason;
	*reason = NULL;
}

/* The sticky failure of a session, in its own words where verification has some. */
static void fail(struct session *s, enum fault fault)
{
	bool early = s->status == SESSION_HANDSHAKE;

	s->reason =
		result_sentence(early ? span_of(s->ports.first, s->ports.first_len) : span_none());
	take_reason(s, &s->verification.reason);
	take_reason(s, &s->signing.reason);
	s->fault = fault;
	s->status = SESSION_FAILED;
}

/* After a call that did not succeed. */
static void judge(struct session *s, int ret)
{
	bool early = s->status == SESSION_HANDSHAKE;

	switch (result_of(s->ssl, ret)) {
	case RESULT_WAIT: break;
	case RESULT_ENDED:
		if (early)
			fail(s, FAULT_HANDSHAKE);
		s->ended = true;
		break;
	case RESULT_NO_MEMORY: fail(s, FAULT_NO_MEMORY); break;
	case RESULT_FAILED: fail(s, early ? FAULT_HANDSHAKE : FAULT_TLS); break;
	}
}

static const char *presented_label(const struct session *s)
{
	const X509 *own = s->verification.presented ? SSL_get_certificate(s->ssl) : NULL;

	for (size_t i = 0; own && i < s->ctx->cert_count; i++) {
		if (cert_x509(s->ctx->certs[i]) == own)
			return s->ctx->certs[i]->label;
	}
	return NULL;
}

static void handshake_step(void *arg)
{
	struct session *s = arg;

	s->stepped = SSL_do_handshake(s->ssl);
}

/* Return: false if the step waits for a key; it goes on in a later call. */
static bool run_step(struct session *s, struct span *in)
{
	bool over;

	s->ports.in = in;
	kdf_listen(&s->takeover.traffic);
	ERR_clear_error();
	over = signing_run(&s->signing, handshake_step, s);
	kdf_listen(NULL);
	s->ports.in = NULL;
	return over;
}

/* The handshake is done; has the peer agreed to all that it must? */
static void open_session(struct session *s)
{
	const char *unmet = wish_unmet(s->ctx, s->ssl);

	if (unmet) {
		free(s->verification.reason);
		s->verification.reason = strdup(unmet);
		fail(s, FAULT_HANDSHAKE);
		return;
	}
	info_fill(&s->info, s->ssl, presented_label(s));
	s->status = SESSION_OPEN;
}

enum session_status session_handshake(struct session *s, struct span *in)
{
	if (s->status != SESSION_HANDSHAKE)
		return s->status;
	if (!run_step(s, in))
		return s->status;
	if (s->stepped == 1)
		open_session(s);
	else
		judge(s, s->stepped);
	take_over(s);
	return s->status;
}

static size_t read_ssl(struct session *s, struct span *in, uint8_t *buf, size_t size)
{
	size_t total = 0, n;
	int ret = 1;

	s->ports.in = in;
	while (s->status == SESSION_OPEN && !s->ended && total < size) {
		ERR_clear_error();
		ret = SSL_read_ex(s->ssl, buf + total, size - total, &n);
		if (ret <= 0) {
			judge(s, ret);
			break;
		}
		total += n;
	}
	s->ports.in = NULL;
	take_over(s);
	return total;
}

size_t session_read(struct session *s, struct span *in, uint8_t *buf, size_t size)
{
	size_t total;

	if (s->status != SESSION_OPEN || s->ended)
		return 0;
	if (!s->stream)
		return read_ssl(s, in, buf, size);
	total = stream_read(s->stream, in, buf, size);
	follow_stream(s);
	return total;
}

/* As many full records; AES-GCM in TLS 1.2 takes 5 + 8 + 16 bytes for each, TLS 1.3 22. */
size_t session_overhead(void)
{
	return 4 * (size_t)29;
}

size_t session_yield(const struct session *s, size_t len)
{
	return s->stream ? stream_yield(s->stream, len) : RECORD_MAX;
}

/*
 * How much of @wanted bytes the next record carries: all of it up to a full record. Where the ring
 * is nearly full, rather nothing than a splinter (the silly window of RFC 1122 4.2.3.4), unless the
 * ring is so small that it never holds a full record beside others.
 */
static size_t record_size(const struct ring *out, size_t wanted)
{
	size_t room = ring_room(out);
	size_t least = out->bound / 8 < RECORD_MAX ? out->bound / 8 : RECORD_MAX;
	size_t n = wanted < RECORD_MAX ? wanted : RECORD_MAX;

	if (room <= RECORD_EXTRA)
		return 0;
	room -= RECORD_EXTRA;
	if (n <= room)
		return n;
	return room >= least ? room : 0;
}

/* As much of a record of @n bytes as there is, or will be, storage for. */
static size_t storable(struct ring *out, size_t n)
{
	size_t free_now;

	if (n == 0 || ring_reserve(out, n + RECORD_EXTRA))
		return n;
	free_now = out->size - ring_len(out);
	return free_now > RECORD_EXTRA ? free_now - RECORD_EXTRA : 0;
}

/* One record with @clear in it. Return: bytes that were taken, 0 on failure. */
static size_t write_record(struct session *s, struct span clear)
{
	size_t done;
	int ret;

	if (s->stream) {
		done = stream_write(s->stream, clear) ? clear.len : 0;
		follow_stream(s);
		return done;
	}
	ERR_clear_error();
	ret = SSL_write_ex(s->ssl, clear.ptr, clear.len, &done);
	if (ret <= 0) {
		judge(s, ret);
		return 0;
	}
	s->written += done;
	take_over(s);
	return done;
}

size_t session_write(struct session *s, struct span clear)
{
	size_t taken = 0, n;

	while (s->status == SESSION_OPEN && !s->closed && taken < clear.len) {
		n = storable(s->ports.out, record_size(s->ports.out, clear.len - taken));
		n = n ? write_record(s, span_head(span_skip(clear, taken), n)) : 0;
		if (n == 0)
			break;
		taken += n;
	}
	return taken;
}

bool session_close(struct session *s)
{
	int ret;

	if (s->status != SESSION_OPEN || s->closed)
		return true;
	if (!ring_reserve(s->ports.out, RECORD_EXTRA / 2))
		return false;
	if (s->stream) {
		s->closed = stream_close(s->stream);
		follow_stream(s);
		return true;
	}
	ERR_clear_error();
	ret = SSL_shutdown(s->ssl);
	if (ret < 0)
		judge(s, ret);
	s->closed = (SSL_get_shutdown(s->ssl) & SSL_SENT_SHUTDOWN) != 0;
	return true;
}

bool session_eof(struct session *s)
{
	return s->ended;
}

bool session_ended(const struct session *s)
{
	return s->ended;
}

bool session_pending(const struct session *s)
{
	if (s->status != SESSION_OPEN || s->ended)
		return false;
	return s->stream ? stream_pending(s->stream) : SSL_pending(s->ssl) > 0;
}

enum session_status session_status(const struct session *s)
{
	return s->status;
}

enum fault session_fault(const struct session *s)
{
	return s->fault;
}

const char *session_reason(const struct session *s)
{
	return s->reason ? s->reason : "";
}

const struct session_info *session_info(const struct session *s)
{
	return &s->info;
}
