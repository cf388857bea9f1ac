/* SPDX-License-Identifier: GPL-3.0-or-later */
/* resume.h - what a client context keeps of finished handshakes, to make later ones short */
#ifndef ATTLS_TLS_RESUME_H
#define ATTLS_TLS_RESUME_H

#include <openssl/ssl.h>

#include "base/span.h"
#include "gateway/tls/context.h"

enum { RESUME_SESSIONS = 256 };

/* Sessions in order of arrival; the oldest goes when there are too many. */
struct resume {
	struct resume_entry {
		uint8_t key[SESSION_KEY_MAX];
		size_t key_len;
		SSL_SESSION *session; /* owned */
	} * entries;
	size_t count;
	size_t most; /* set before the first is kept */
};

/** resume_fini() - forget everything */
void resume_fini(struct resume *r);

/**
 * resume_keep() - a session may be resumed by whoever has the same @key
 * @session: taken over
 * What cannot be kept is dropped.
 */
void resume_keep(struct resume *r, struct span key, SSL_SESSION *session);

/**
 * resume_take() - the newest session of @key that can still be used
 * One of TLS 1.3 is used once (RFC 8446 C.4), so it is removed. Certificates that have expired
 * since are not good enough any more.
 * Return: the caller's; NULL if there is none.
 */
SSL_SESSION *resume_take(struct resume *r, struct span key);

#endif
