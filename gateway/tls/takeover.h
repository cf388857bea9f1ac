/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * takeover.h - when and how a stream goes on where an SSL object has finished its handshake
 *
 * Watches an SSL object from outside: the traffic secrets as they are derived (kdf.h), and the
 * records that either direction has used up of them, by OpenSSL's message callback.
 */
#ifndef ATTLS_TLS_TAKEOVER_H
#define ATTLS_TLS_TAKEOVER_H

#include "gateway/tls/kdf.h"
#include "gateway/tls/stream.h"

struct takeover {
	struct kdf_traffic traffic;
	uint64_t seq[KDF_ENDS]; /* records that end has sent under its secret */
	uint64_t announced;     /* bytes of all records that the SSL object has begun to read */
	bool changed;           /* the secrets are not those of the handshake any more */
	bool ticket;            /* a session ticket was read */
	bool data;              /* application data was read */
};

/**
 * takeover_watch() - @t, all zero, follows @ssl from now on; it must live as long as @ssl
 * Its secrets have to be told besides: kdf_listen() to t->traffic while @ssl shakes hands.
 */
void takeover_watch(struct takeover *t, SSL *ssl);

/**
 * takeover_ready() - @ssl stands between two records, and nothing of it is needed any more
 * @taken:  bytes that @ssl has read altogether
 * @ticket: wait for a session ticket, or for data in its place
 */
bool takeover_ready(const struct takeover *t, SSL *ssl, uint64_t taken, bool ticket);

/** takeover_stream() - the stream that goes on, appending to @ring; NULL without memory */
struct stream *takeover_stream(const struct takeover *t, const SSL *ssl, struct ring *ring);

/** takeover_fini() - wipe the secrets */
void takeover_fini(struct takeover *t);

#endif
