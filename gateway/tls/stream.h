/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * stream.h - a TLS 1.3 connection after its handshake: records in, records out (RFC 8446)
 *
 * What OpenSSL's SSL object does then, without its buffers: cleartext is sealed straight into the
 * ring of outgoing ciphertext and opened straight into the reader's buffer. An idle stream holds
 * two cipher states and nothing else.
 */
#ifndef ATTLS_TLS_STREAM_H
#define ATTLS_TLS_STREAM_H

#include "base/fault.h"
#include "base/ring.h"
#include "gateway/tls/record.h"

struct stream;

/* Where a handshake has left one direction. */
struct stream_start {
	const uint8_t *secret; /* application traffic secret; borrowed */
	uint64_t seq;          /* records under it so far */
};

/**
 * stream_new() - go on where the handshake has ended
 * @client: we are the client, who may be sent session tickets
 * @in, @out: the directions; copied
 * @ring:   where ciphertext is appended; borrowed for life
 * Return: NULL without memory.
 */
struct stream *stream_new(const struct record_suite *suite, bool client,
	const struct stream_start *in, const struct stream_start *out, struct ring *ring);

/** stream_free() - wipe and release; NULL is fine */
void stream_free(struct stream *s);

/** stream_read() - as session_read() */
size_t stream_read(struct stream *s, struct span *in, uint8_t *buf, size_t size);

/** stream_yield() - as session_yield() */
size_t stream_yield(const struct stream *s, size_t len);

/**
 * stream_write() - seal @clear as one record of application data
 * @clear: at most RECORD_CLEAR_MAX bytes, for which the ring has storage and STREAM_EXTRA beside
 * Return: false on failure.
 */
bool stream_write(struct stream *s, struct span clear);

/* Room that one stream_write() takes beside the cleartext: its record's, and a KeyUpdate's. */
enum { STREAM_EXTRA = 2 * RECORD_OVERHEAD + 5 };

/** stream_close() - append close_notify; the ring has storage for RECORD_OVERHEAD + 2 bytes */
bool stream_close(struct stream *s);

/** stream_ended() - the peer's close_notify was read */
bool stream_ended(const struct stream *s);

/** stream_pending() - bytes of an opened record wait inside */
bool stream_pending(const struct stream *s);

/** stream_fault() - FAULT_NONE while it works; the first failure stays, an alert was appended */
enum fault stream_fault(const struct stream *s);

/**
 * stream_reason() - the sentence of the failure; the caller's, NULL without memory
 */
char *stream_reason(const struct stream *s);

#endif
