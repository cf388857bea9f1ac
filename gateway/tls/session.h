/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * session.h - a TLS connection as four byte ports, without sockets (OpenSSL inside)
 *
 * Ciphertext in: a span lent with each call, advanced past what was taken. Ciphertext out: a ring
 * lent for life, to which records are appended. Cleartext in: session_write(). Cleartext out:
 * session_read(). session_status() tells what is possible. The first failure is sticky and has a
 * sentence. A session never blocks: each call does what it can and returns. A handshake that needs
 * the key process is suspended inside (signer.h).
 */
#ifndef ATTLS_TLS_SESSION_H
#define ATTLS_TLS_SESSION_H

#include "base/fault.h"
#include "base/ring.h"
#include "gateway/tls/context.h"
#include "gateway/tls/info.h"

struct session;

enum session_status {
	SESSION_HANDSHAKE, /* not finished: only session_handshake() has an effect */
	SESSION_OPEN,      /* reads and writes */
	SESSION_FAILED,    /* for good; session_fault() and session_reason() say why */
};

/**
 * session_new() - a session that has done nothing yet
 * @ctx:    referenced until session_free()
 * @remote: the wire-side peer's address, for REFERENCE_REMOTE_IP
 * @out:    where ciphertext is appended; borrowed for the life of the session
 * Return: NULL without memory.
 */
struct session *session_new(struct context *ctx, const struct addr *remote, struct ring *out);

/**
 * session_share() - let @s resume what earlier sessions of its context with an equal @key settled
 * Client role, before the first handshake step. @key must tell apart whatever the peer's identity
 * or our own could depend on: address, port, rule, user. At most SESSION_KEY_MAX bytes; copied.
 */
void session_share(struct session *s, struct span key);

/**
 * session_wait_as() - whom signer_next() is to name when a handshake of @s that had to wait for
 * the key process can go on: then session_handshake() is to be called again
 */
void session_wait_as(struct session *s, void *waiter);

/** session_free() - NULL is fine */
void session_free(struct session *s);

/**
 * session_handshake() - take the handshake as far as it goes
 * @in: ciphertext, advanced past what was taken. An empty one starts a client, flushes a server.
 * Return: the status after it. On failure an alert may have been appended to the ring.
 */
enum session_status session_handshake(struct session *s, struct span *in);

/**
 * session_read() - decrypt
 * @in:  ciphertext, advanced past what was taken
 * @buf: where cleartext goes, @size bytes
 * Return: bytes of cleartext; 0 if more ciphertext is needed, at the end, or on failure.
 */
size_t session_read(struct session *s, struct span *in, uint8_t *buf, size_t size);

/**
 * session_yield() - room that session_read() can make use of when given @len bytes of ciphertext
 * With less it works as well, but keeps what does not fit inside.
 */
size_t session_yield(const struct session *s, size_t len);

/** session_overhead() - most bytes that encryption adds to 64 KB (RFC 8446 5.2, RFC 5288 3) */
size_t session_overhead(void);

/**
 * session_write() - encrypt as much of @clear as the ring has room for
 * Return: bytes of @clear taken; the rest is to be offered again, unchanged.
 */
size_t session_write(struct session *s, struct span clear);

/**
 * session_close() - append close_notify (RFC 8446 6.1), after everything written
 * The peer may go on sending (half-close); nothing more can be written.
 * Return: false if the ring has no room now: call again. Later calls have no effect.
 */
bool session_close(struct session *s);

/**
 * session_eof() - no more ciphertext will come, and all there was has been read
 * Return: true if that is a clean end; false if it is truncation (RFC 8446 6.1).
 */
bool session_eof(struct session *s);

/** session_ended() - the peer's close_notify was read: the end of its cleartext */
bool session_ended(const struct session *s);

/** session_pending() - decrypted bytes wait inside, so session_read() yields without ciphertext */
bool session_pending(const struct session *s);

enum session_status session_status(const struct session *s);
enum fault session_fault(const struct session *s);

/** session_reason() - the sentence of the failure, "" without one; lives as long as @s */
const char *session_reason(const struct session *s);

/** session_info() - what was negotiated; valid from SESSION_OPEN on, lives as long as @s */
const struct session_info *session_info(const struct session *s);

#endif
