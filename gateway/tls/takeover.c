/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * takeover.c - when and how a stream goes on where an SSL object has finished its handshake
 *
 * Theory of operation. An end's Finished is the last it sends under its handshake secret (RFC 8446
 * 4.4.4), so the records it sends after that are those of its application secret, and their number
 * is the sequence number where the stream has to go on. OpenSSL tells of each record's header and
 * each handshake message in the order in which they come. It reads no further than the record it
 * is about; whether it has got to the end of one shows in the bytes it has taken.
 *
 * It tells secrets in hexadecimal, printed digit by digit, which takes a twentieth of a handshake.
 * Those of interest are agreed on right after a Finished, without a pause, so it is asked to tell
 * only from there to the next secret of interest.
 */
#include "gateway/tls/takeover.h"

#include <string.h>

#include "gateway/tls/verify.h"

enum { RANDOM_HEX = 64 };

static const char *const labels[TAKEOVER_ENDS] = {
	[TAKEOVER_CLIENT] = "CLIENT_TRAFFIC_SECRET_0 ",
	[TAKEOVER_SERVER] = "SERVER_TRAFFIC_SECRET_0 ",
};

static enum takeover_end own_end(const SSL *ssl)
{
	return SSL_is_server(ssl) ? TAKEOVER_SERVER : TAKEOVER_CLIENT;
}

static int digit(char c)
{
	return c <= '9' ? c - '0' : c - 'a' + 10;
}

/* Hexadecimal, as OpenSSL writes it: lower case, two digits a byte. */
static bool read_secret(const char *hex, uint8_t *secret)
{
	size_t len = strlen(hex) / 2;

	for (size_t i = 0; i < len && len <= RECORD_SECRET_MAX; i++)
		secret[i] = (uint8_t)(digit(hex[2 * i]) << 4 | digit(hex[2 * i + 1]));
	return len <= RECORD_SECRET_MAX;
}

/* OpenSSL's callback for secrets, see SSL_CTX_set_keylog_callback(3); they go nowhere else. */
static void note_secret(const SSL *ssl, const char *line)
{
	struct verification *v = SSL_get_app_data(ssl);
	struct takeover *t = v->takeover;

	for (int end = 0; end < TAKEOVER_ENDS; end++) {
		size_t len = strlen(labels[end]);

		if (strncmp(line, labels[end], len) != 0)
			continue;
		t->known[end] = read_secret(line + len + RANDOM_HEX + 1, t->start[end].secret);
		SSL_CTX_set_keylog_callback(SSL_get_SSL_CTX(ssl), NULL);
	}
}

static void note_finished(SSL *ssl, struct takeover *t, enum takeover_end end)
{
	t->start[end].seq = 0;
	if (SSL_version(ssl) == TLS1_3_VERSION)
		SSL_CTX_set_keylog_callback(SSL_get_SSL_CTX(ssl), note_secret);
}

static void note_record(struct takeover *t, bool written, enum takeover_end end, struct span header)
{
	if (!written)
		t->announced += RECORD_HEADER + (size_t)(header.ptr[3] << 8 | header.ptr[4]);
	if (header.ptr[0] == SSL3_RT_APPLICATION_DATA)
		t->start[end].seq++;
}

static void note_message(SSL *ssl, struct takeover *t, enum takeover_end end, uint8_t type)
{
	switch (type) {
	case SSL3_MT_FINISHED: note_finished(ssl, t, end); break;
	case SSL3_MT_NEWSESSION_TICKET: t->ticket = true; break;
	case SSL3_MT_KEY_UPDATE: t->changed = true; break;
	default: break;
	}
}

/* OpenSSL's message callback, see SSL_set_msg_callback(3). */
static void note(
	int written, int version, int kind, const void *buf, size_t len, SSL *ssl, void *arg)
{
	enum takeover_end own = own_end(ssl), end = written ? own : !own;
	struct takeover *t = arg;
	const uint8_t *bytes = buf;

	(void)version;
	if (kind == SSL3_RT_HEADER && len == RECORD_HEADER)
		note_record(t, written, end, span_of(buf, len));
	else if (kind == SSL3_RT_HANDSHAKE && len > 0)
		note_message(ssl, t, end, *bytes);
	else if (kind == SSL3_RT_INNER_CONTENT_TYPE && *bytes == SSL3_RT_APPLICATION_DATA)
		t->data = t->data || !written;
}

void takeover_watch(struct takeover *t, SSL *ssl)
{
	SSL_set_msg_callback(ssl, note);
	SSL_set_msg_callback_arg(ssl, t);
}

bool takeover_ready(const struct takeover *t, SSL *ssl, uint64_t taken, bool ticket)
{
	return SSL_version(ssl) == TLS1_3_VERSION && t->known[TAKEOVER_CLIENT] &&
	       t->known[TAKEOVER_SERVER] && !t->changed && t->announced == taken &&
	       (!ticket || t->ticket || t->data) && !SSL_has_pending(ssl) && !SSL_want_write(ssl) &&
	       record_suite_of(SSL_get_current_cipher(ssl));
}

struct stream *takeover_stream(const struct takeover *t, const SSL *ssl, struct ring *ring)
{
	const struct record_suite *suite = record_suite_of(SSL_get_current_cipher(ssl));
	enum takeover_end own = own_end(ssl);

	return stream_new(suite, own == TAKEOVER_CLIENT, &t->start[!own], &t->start[own], ring);
}

void takeover_fini(struct takeover *t)
{
	OPENSSL_cleanse(t, sizeof(*t));
}
