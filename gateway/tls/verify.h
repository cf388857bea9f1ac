/* SPDX-License-Identifier: GPL-3.0-or-later */
/* verify.h - is the peer who it must be: its chain, then its names */
#ifndef ATTLS_TLS_VERIFY_H
#define ATTLS_TLS_VERIFY_H

#include <openssl/x509.h>

#include "gateway/tls/context.h"

/* What verifying one session needs and finds. It is the SSL object's app data. */
struct verification {
	struct context *ctx;
	struct addr remote;             /* for REFERENCE_REMOTE_IP */
	char *reason;                   /* owned: the sentence of a refusal, else NULL */
	bool presented;                 /* the peer asked for our certificate and got it */
	uint8_t share[SESSION_KEY_MAX]; /* what may resume this session has the same key */
	size_t share_len;               /* 0: nobody may */
	struct takeover *takeover;      /* the session's; borrowed */
};

/**
 * verify_peer() - certificate verification callback of SSL_CTX_set_cert_verify_callback()
 *
 * The chain must end at a trusted CERTAUTH or SITE certificate of the ring; the peer's own
 * certificate connected with usage SITE is trusted as it stands. Then a server must name one of the
 * references (RFC 6125 6.4). Being called inside the handshake, a refusal gives the peer its alert.
 */
int verify_peer(X509_STORE_CTX *store, void *unused);

#endif
