/* SPDX-License-Identifier: GPL-3.0-or-later */
/* info.h - what a handshake has settled, as text for people and logs */
#ifndef ATTLS_TLS_INFO_H
#define ATTLS_TLS_INFO_H

#include <stdbool.h>

/* Filled once when the handshake finishes; "" where there is nothing to say. */
struct session_info {
	char version[16];       /* "TLSv1.3" */
	char suite[64];         /* IANA name, "TLS_AES_256_GCM_SHA384" */
	char group[32];         /* "x25519" */
	char peer_subject[256]; /* RFC 2253, of the peer's certificate */
	char peer_issuer[256];
	char peer_serial[64];  /* hexadecimal */
	char mapped_user[256]; /* for whom that certificate stands, server role */
	char own_label[256];   /* label of the certificate we presented */
	bool resumed;          /* an earlier handshake has proved the peer */
};

struct ssl_st; /* OpenSSL's SSL, which only this folder looks into */

/**
 * info_fill() - copy what @ssl has negotiated
 * @own_label: of the certificate presented, or NULL
 */
void info_fill(struct session_info *info, struct ssl_st *ssl, const char *own_label);

#endif
