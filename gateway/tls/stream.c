/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * stream.c - a TLS 1.3 connection after its handshake: records in, records out (RFC 8446)
 *
 * Theory of operation. A record that lies whole in the span that was lent, and whose content fits
 * the reader's buffer, is opened from the one into the other. All else goes through one block of
 * memory, which exists only while something is in it: first the body of a record that has not
 * arrived whole, then, opened in place, the content that the reader had no room for.
 *
 * Invariants:
 *  (1) Content counts only after its tag was found true; until then it is overwritten or wiped.
 *  (2) @block holds either a body that is incomplete (@clear is empty) or what @clear borrows.
 *      No further ciphertext is taken while @clear is not empty.
 *  (3) A key changes only between records, and seals at most KEY_RECORDS of them (RFC 8446 5.5).
 *  (4) After a failure nothing is read or written any more, but for the alert.
 */
#include "gateway/tls/stream.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/tls/result.h"

/* Handshake messages that may come after the handshake (RFC 8446 4). */
enum { MESSAGE_TICKET = 4, MESSAGE_KEY_UPDATE = 24, MESSAGE_HEADER = 4 };

enum {
	KEY_RECORDS = 1 << 24,     /* below the 2^24.5 full records of RFC 8446 5.5 */
	KEY_UPDATES_IN_A_ROW = 32, /* without application data: each costs us more than the peer */
	ALERT_WARNING = 1,
	ALERT_FATAL = 2,
	ALERT_USER_CANCELED = 90,
};

struct stream {
	struct record_key in, out;
	struct ring *ring;
	bool client;
	bool ended;
	bool update_owed;    /* the peer wants our key changed as well */
	uint8_t updates;     /* of the peer, since application data last came */
	uint8_t message_len; /* bytes of @message */
	uint8_t message[MESSAGE_HEADER + 1];
	uint32_t skip; /* bytes of a session ticket still to come */

	uint8_t header_len; /* bytes of @header: of the record that is incomplete */
	uint8_t header[RECORD_HEADER];
	uint8_t *block; /* owned, or NULL */
	size_t block_len;
	struct span clear;

	enum fault fault;
	uint8_t alert;      /* that the peer sent, if @reason is NULL */
	const char *reason; /* static */
};

/* ---- life ---- */

struct stream *stream_new(const struct record_suite *suite, bool client,
	const struct stream_start *in, const struct stream_start *out, struct ring *ring)
{
	struct stream *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->ring = ring;
	s->client = client;
	if (!record_key_init(&s->in, suite, in->secret, false, in->seq) ||
		!record_key_init(&s->out, suite, out->secret, true, out->seq)) {
		stream_free(s);
		return NULL;
	}
	return s;
}

static void drop_block(struct stream *s)
{
	if (s->block)
		OPENSSL_cleanse(s->block, s->block_len);
	free(s->block);
	s->block = NULL;
	s->block_len = 0;
	s->header_len = 0;
	s->clear = span_none();
}

void stream_free(struct stream *s)
{
	if (!s)
		return;
	drop_block(s);
	record_key_fini(&s->in);
	record_key_fini(&s->out);
	free(s);
}

/* ---- out ---- */

/* The ring has storage for it, but perhaps not in one piece. */
static bool put_record(struct stream *s, uint8_t type, struct span clear)
{
	size_t len = clear.len + RECORD_OVERHEAD, room;
	uint8_t *at = ring_space(s->ring, len, &room);
	uint8_t bounce[RECORD_CLEAR_MAX + RECORD_OVERHEAD];

	if (at && room == len) {
		if (!record_seal(&s->out, type, clear, at))
			return false;
		ring_extend(s->ring, len);
		return true;
	}
	return record_seal(&s->out, type, clear, bounce) &&
	       ring_push(s->ring, span_of(bounce, len));
}

static bool put_alert(struct stream *s, uint8_t level, int number)
{
	uint8_t alert[] = {level, (uint8_t)number};

	return put_record(s, SSL3_RT_ALERT, span_of(alert, sizeof(alert)));
}

/* Invariant (4). Where the ring is full the peer has to do without the alert. */
static bool fail(struct stream *s, int alert, const char *reason)
{
	if (s->fault != FAULT_NONE)
		return false;
	s->fault = FAULT_TLS;
	s->reason = reason;
	put_alert(s, ALERT_FATAL, alert);
	return false;
}

static bool fail_memory(struct stream *s)
{
	s->fault = FAULT_NO_MEMORY;
	s->reason = "out of memory";
	return false;
}

/* Our half of a key change, told to the peer with the old key (RFC 8446 4.6.3). */
static bool change_key(struct stream *s)
{
	static const uint8_t update[] = {MESSAGE_KEY_UPDATE, 0, 0, 1, 0};

	s->update_owed = false;
	return put_record(s, SSL3_RT_HANDSHAKE, span_of(update, sizeof(update))) &&
	       record_key_update(&s->out);
}

bool stream_write(struct stream *s, struct span clear)
{
	if (s->fault != FAULT_NONE)
		return false;
	if ((s->update_owed || s->out.seq >= KEY_RECORDS) && !change_key(s))
		return fail_memory(s);
	return put_record(s, SSL3_RT_APPLICATION_DATA, clear) || fail_memory(s);
}

bool stream_close(struct stream *s)
{
	return s->fault == FAULT_NONE && put_alert(s, ALERT_WARNING, SSL_AD_CLOSE_NOTIFY);
}

/* ---- in: what a record carries ---- */

static bool take_alert(struct stream *s, struct span content)
{
	if (content.len != 2)
		return fail(s, SSL_AD_DECODE_ERROR, "an alert of a wrong length");
	if (content.ptr[1] == SSL_AD_CLOSE_NOTIFY)
		s->ended = true;
	else if (content.ptr[1] != ALERT_USER_CANCELED) {
		s->fault = FAULT_TLS;
		s->alert = content.ptr[1];
	}
	return s->fault == FAULT_NONE;
}

static bool take_key_update(struct stream *s, bool last)
{
	uint8_t request = s->message[MESSAGE_HEADER];

	if (!last)
		return fail(s, SSL_AD_UNEXPECTED_MESSAGE, "data after a KeyUpdate in its record");
	if (request > 1)
		return fail(s, SSL_AD_ILLEGAL_PARAMETER, "a KeyUpdate that asks for nothing known");
	if (++s->updates > KEY_UPDATES_IN_A_ROW)
		return fail(s, SSL_AD_UNEXPECTED_MESSAGE, "too many KeyUpdates without data");
	if (request == 1)
		s->update_owed = true;
	s->message_len = 0;
	return record_key_update(&s->in) || fail_memory(s);
}

/* A message's header is complete: which of the two is it? */
static bool begin_message(struct stream *s)
{
	const uint8_t *m = s->message;
	uint32_t len = (uint32_t)m[1] << 16 | (uint32_t)m[2] << 8 | m[3];

	if (m[0] == MESSAGE_KEY_UPDATE)
		return len == 1 || fail(s, SSL_AD_DECODE_ERROR, "a KeyUpdate of a wrong length");
	if (m[0] != MESSAGE_TICKET || !s->client)
		return fail(s, SSL_AD_UNEXPECTED_MESSAGE,
			"the peer sent a handshake message after the handshake");
	s->skip = len; /* tickets worth keeping came earlier; see session.c */
	s->message_len = 0;
	return true;
}

/* Handshake messages are a byte stream of their own; records cut it anywhere. */
static bool take_messages(struct stream *s, struct span content)
{
	if (content.len == 0)
		return fail(s, SSL_AD_UNEXPECTED_MESSAGE, "an empty handshake record");
	while (content.len > 0) {
		if (s->skip > 0) {
			size_t n = content.len < s->skip ? content.len : s->skip;

			content = span_skip(content, n);
			s->skip -= (uint32_t)n;
			continue;
		}
		s->message[s->message_len++] = *content.ptr;
		content = span_skip(content, 1);
		if (s->message_len == MESSAGE_HEADER && !begin_message(s))
			return false;
		if (s->message_len > MESSAGE_HEADER && !take_key_update(s, content.len == 0))
			return false;
	}
	return true;
}

/* Anything that is not application data. Return: false on failure. */
static bool take_control(struct stream *s, uint8_t type, struct span content)
{
	switch (type) {
	case SSL3_RT_ALERT: return take_alert(s, content);
	case SSL3_RT_HANDSHAKE: return take_messages(s, content);
	default: return fail(s, SSL_AD_UNEXPECTED_MESSAGE, "a record of an unknown type");
	}
}

/* ---- in: records ---- */

/* The length of a record's body, once its header is there. 0: it is none. */
static size_t body_len(struct stream *s, const uint8_t *header)
{
	size_t len = (size_t)header[3] << 8 | header[4];

	if (header[0] != SSL3_RT_APPLICATION_DATA)
		fail(s, SSL_AD_UNEXPECTED_MESSAGE, "the peer sent a record without protection");
	else if (len > RECORD_BODY_MAX)
		fail(s, SSL_AD_RECORD_OVERFLOW, "a record longer than TLS allows");
	else if (len < RECORD_BODY_LEAST)
		fail(s, SSL_AD_DECODE_ERROR, "a record shorter than TLS allows");
	return s->fault == FAULT_NONE ? len : 0;
}

static void take_header(struct stream *s, struct span *in)
{
	while (in->len > 0 && s->header_len < RECORD_HEADER) {
		s->header[s->header_len++] = *in->ptr;
		*in = span_skip(*in, 1);
	}
}

/* Collect in the block. Return: the body, once it is complete. */
static struct span collect(struct stream *s, struct span *in)
{
	size_t len, n;

	take_header(s, in);
	len = s->header_len == RECORD_HEADER ? body_len(s, s->header) : 0;
	if (len == 0)
		return span_none();
	if (!s->block && !(s->block = malloc(len))) {
		fail_memory(s);
		return span_none();
	}
	n = in->len < len - s->block_len ? in->len : len - s->block_len;
	if (n > 0)
		memcpy(s->block + s->block_len, in->ptr, n);
	s->block_len += n;
	*in = span_skip(*in, n);
	return s->block_len == len ? span_of(s->block, len) : span_none();
}

/*
 * The next record's body: where it lies in @in, or collected. Nothing while it is incomplete.
 * @used: what is to be skipped of @in once the body is done with
 */
static struct span next_body(struct stream *s, struct span *in, size_t *used)
{
	size_t len;

	*used = 0;
	if (s->header_len > 0 || in->len < RECORD_HEADER)
		return collect(s, in);
	len = body_len(s, in->ptr);
	if (len == 0)
		return span_none();
	if (in->len < RECORD_HEADER + len)
		return collect(s, in);
	memcpy(s->header, in->ptr, RECORD_HEADER);
	*used = RECORD_HEADER + len;
	return span_of(in->ptr + RECORD_HEADER, len);
}

/* Where the content of @body is opened to: the reader's buffer if it fits, else the block. */
static uint8_t *choose_target(struct stream *s, struct span body, uint8_t *buf, size_t size)
{
	if (body.len - RECORD_TAG <= size)
		return buf;
	if (!s->block) {
		s->block = malloc(body.len);
		s->block_len = body.len;
	}
	if (!s->block)
		fail_memory(s);
	return s->block;
}

/* Take padding and type off an opened record (RFC 8446 5.4). Return: the type, 0 on failure. */
static uint8_t unwrap(struct stream *s, struct span *content)
{
	while (content->len > 0 && content->ptr[content->len - 1] == 0)
		content->len--;
	if (content->len == 0)
		fail(s, SSL_AD_UNEXPECTED_MESSAGE, "a record without a type");
	else if (--content->len > RECORD_CLEAR_MAX)
		fail(s, SSL_AD_RECORD_OVERFLOW, "a record longer than TLS allows");
	return s->fault == FAULT_NONE ? content->ptr[content->len] : 0;
}

/* Open @body. Return: bytes of application data that are now in @buf. */
static size_t open_record(struct stream *s, struct span body, uint8_t *buf, size_t size)
{
	uint8_t *to = choose_target(s, body, buf, size), type;
	struct span content;

	if (!to)
		return 0;
	if (!record_open(&s->in, s->header, body, to)) {
		fail(s, SSL_AD_BAD_RECORD_MAC, "a record failed its integrity check");
		return 0;
	}
	content = span_of(to, body.len - RECORD_TAG);
	type = unwrap(s, &content);
	if (type && s->message_len + s->skip > 0 && type != SSL3_RT_HANDSHAKE)
		fail(s, SSL_AD_UNEXPECTED_MESSAGE, "a record in the middle of a message");
	if (s->fault != FAULT_NONE)
		return 0;
	if (type != SSL3_RT_APPLICATION_DATA) {
		take_control(s, type, content);
		return 0;
	}
	s->updates = 0;
	if (to == buf)
		return content.len;
	s->clear = content;
	return 0;
}

static size_t take_clear(struct stream *s, uint8_t *buf, size_t size)
{
	struct span got = span_head(s->clear, size);

	memcpy(buf, got.ptr, got.len);
	s->clear = span_skip(s->clear, got.len);
	return got.len;
}

/* One step of stream_read(), which has @total bytes already. Return: whether it got anywhere. */
static bool read_step(struct stream *s, struct span *in, uint8_t *buf, size_t size, size_t *total)
{
	size_t room = size - *total, used;
	struct span body;

	if (s->clear.len > 0) {
		*total += take_clear(s, buf + *total, room);
	} else {
		body = next_body(s, in, &used);
		/* rather come again with more room than through the block */
		if (body.len == 0 || (*total > 0 && body.len - RECORD_TAG > room))
			return false;
		*total += open_record(s, body, buf + *total, room);
		*in = span_skip(*in, used);
	}
	if (s->clear.len == 0)
		drop_block(s);
	return true;
}

size_t stream_read(struct stream *s, struct span *in, uint8_t *buf, size_t size)
{
	size_t total = 0;

	while (s->fault == FAULT_NONE && !s->ended && total < size) {
		if (!read_step(s, in, buf, size, &total))
			break;
	}
	return total;
}

size_t stream_yield(const struct stream *s, size_t len)
{
	return s->clear.len > 0 ? s->clear.len : s->block_len + len;
}

/* ---- questions ---- */

bool stream_ended(const struct stream *s)
{
	return s->ended;
}

bool stream_pending(const struct stream *s)
{
	return s->clear.len > 0;
}

enum fault stream_fault(const struct stream *s)
{
	return s->fault;
}

char *stream_reason(const struct stream *s)
{
	return s->reason ? strdup(s->reason) : result_alert(s->alert);
}
