/* SPDX-License-Identifier: GPL-3.0-or-later */
/* wish.h - parameters of a profile that few have: what they make of a context, and are they met */
#ifndef ATTLS_TLS_WISH_H
#define ATTLS_TLS_WISH_H

#include <openssl/ssl.h>
#include <stdbool.h>

#include "gateway/tls/profile.h"

struct context;

/* What the peer has to agree to, besides what OpenSSL sees to. */
struct demands {
	bool master_secret; /* RFC 7627, with TLS 1.2 */
	bool fragment;      /* short records (RFC 6066 4) */
	bool name;          /* the server name (RFC 6066 3) */
	int dh_bits;        /* of a server's ephemeral Diffie-Hellman key, at least */
};

/**
 * wish_apply() - let @c be as @p wishes, as far as that concerns handshakes
 * Return: NULL, or the wish that OpenSSL did not take, as it was written.
 */
const char *wish_apply(struct context *c, const struct profile *p);

/** wish_unmet() - after a handshake: what the peer did not agree to, static; NULL if all is well */
const char *wish_unmet(const struct context *c, SSL *ssl);

#endif
