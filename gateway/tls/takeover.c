/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * takeover.c - when and how a stream goes on where an SSL object has finished its handshake
 *
 * Theory of operation. An end's Finished is the last it sends under its handshake secret (RFC 8446
 * 4.4.4), so the records it sends after that are those of its application secret, and their number
 * is the sequence number where the stream has to go on. OpenSSL tells of each record's header and
 * each handshake message in the order in which they come. It reads no further than the record it
 * is about; whether it has got to the end of one shows in the bytes it has taken.
 */
#include "gateway/tls/takeover.h"

static enum kdf_end own_end(const SSL *ssl)
{
	return SSL_is_server(ssl) ? KDF_SERVER : KDF_CLIENT;
}

static void note_record(struct takeover *t, bool written, enum kdf_end end, struct span header)
{
	if (!written)
		t->announced += RECORD_HEADER + (size_t)(header.ptr[3] << 8 | header.ptr[4]);
	if (header.ptr[0] == SSL3_RT_APPLICATION_DATA)
		t->seq[end]++;
}

static void note_message(struct takeover *t, enum kdf_end end, uint8_t type)
{
	switch (type) {
	case SSL3_MT_FINISHED: t->seq[end] = 0; break;
	case SSL3_MT_NEWSESSION_TICKET: t->ticket = true; break;
	case SSL3_MT_KEY_UPDATE: t->changed = true; break;
	default: break;
	}
}

/* OpenSSL's message callback, see SSL_set_msg_callback(3). */
static void note(
	int written, int version, int kind, const void *buf, size_t len, SSL *ssl, void *arg)
{
	enum kdf_end own = own_end(ssl), end = written ? own : !own;
	struct takeover *t = arg;
	const uint8_t *bytes = buf;

	(void)version;
	if (kind == SSL3_RT_HEADER && len == RECORD_HEADER)
		note_record(t, written, end, span_of(buf, len));
	else if (kind == SSL3_RT_HANDSHAKE && len > 0)
		note_message(t, end, *bytes);
	else if (kind == SSL3_RT_INNER_CONTENT_TYPE && *bytes == SSL3_RT_APPLICATION_DATA)
		t->data = t->data || !written;
}

void takeover_watch(struct takeover *t, SSL *ssl)
{
	SSL_set_msg_callback(ssl, note);
	SSL_set_msg_callback_arg(ssl, t);
}

/* Records shorter than 2^14 bytes (RFC 6066 4) are left to OpenSSL. */
static bool has_full_records(const SSL *ssl)
{
	return SSL_SESSION_get_max_fragment_length(SSL_get_session(ssl)) ==
	       TLSEXT_max_fragment_length_DISABLED;
}

bool takeover_ready(const struct takeover *t, SSL *ssl, uint64_t taken, bool ticket)
{
	return SSL_version(ssl) == TLS1_3_VERSION && t->traffic.known[KDF_CLIENT] &&
	       t->traffic.known[KDF_SERVER] && !t->changed && t->announced == taken &&
	       (!ticket || t->ticket || t->data) && !SSL_has_pending(ssl) && !SSL_in_init(ssl) &&
	       !SSL_want_write(ssl) && has_full_records(ssl) &&
	       record_suite_of(SSL_get_current_cipher(ssl));
}

static struct stream_start start_of(const struct takeover *t, enum kdf_end end)
{
	return (struct stream_start){.secret = t->traffic.secret[end], .seq = t->seq[end]};
}

struct stream *takeover_stream(const struct takeover *t, const SSL *ssl, struct ring *ring)
{
	const struct record_suite *suite = record_suite_of(SSL_get_current_cipher(ssl));
	enum kdf_end own = own_end(ssl);
	const struct stream_start in = start_of(t, !own), out = start_of(t, own);

	return stream_new(suite, own == KDF_CLIENT, &in, &out, ring);
}

void takeover_fini(struct takeover *t)
{
	OPENSSL_cleanse(t, sizeof(*t));
}
