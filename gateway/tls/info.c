/* SPDX-License-Identifier: GPL-3.0-or-later */
/* info.c - what a handshake has settled, as text for people and logs */
#include "gateway/tls/info.h"

#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>

#include "gateway/tls/client_auth.h"
#include "gateway/tls/verify.h"
#include "keyring/subject.h"

static void copy_text(char *to, size_t size, const char *from)
{
	snprintf(to, size, "%s", from ? from : "");
}

static void copy_group(struct session_info *info, SSL *ssl)
{
	long id = SSL_get_negotiated_group(ssl);

	if (id != NID_undef)
		copy_text(info->group, sizeof(info->group), SSL_group_to_name(ssl, (int)id));
}

static void copy_peer(struct session_info *info, X509 *peer)
{
	BIGNUM *number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(peer), NULL);
	char *hex = number ? BN_bn2hex(number) : NULL;
	char *subject = subject_text(X509_get_subject_name(peer));
	char *issuer = subject_text(X509_get_issuer_name(peer));

	copy_text(info->peer_serial, sizeof(info->peer_serial), hex);
	copy_text(info->peer_subject, sizeof(info->peer_subject), subject);
	copy_text(info->peer_issuer, sizeof(info->peer_issuer), issuer);
	free(subject);
	free(issuer);
	OPENSSL_free(hex);
	BN_free(number);
}

void info_fill(struct session_info *info, struct ssl_st *ssl, const char *own_label)
{
	const struct verification *v = SSL_get_app_data(ssl);
	X509 *peer = SSL_get0_peer_certificate(ssl);
	char user[NAME_SIZE];

	*info = (struct session_info){0};
	copy_text(info->version, sizeof(info->version), SSL_get_version(ssl));
	copy_text(info->suite, sizeof(info->suite),
		SSL_CIPHER_standard_name(SSL_get_current_cipher(ssl)));
	copy_text(info->own_label, sizeof(info->own_label), own_label);
	copy_group(info, ssl);
	info->resumed = SSL_session_reused(ssl) == 1;
	if (!peer)
		return;
	copy_peer(info, peer);
	client_auth_user(v->ctx, peer, user);
	copy_text(info->mapped_user, sizeof(info->mapped_user), user);
}
