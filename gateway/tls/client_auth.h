/* SPDX-License-Identifier: GPL-3.0-or-later */
/* client_auth.h - what a server asks of its client's certificate (AT-TLS ClientAuthType) */
#ifndef ATTLS_TLS_CLIENT_AUTH_H
#define ATTLS_TLS_CLIENT_AUTH_H

#include <openssl/x509.h>
#include <stdbool.h>

#include "keyring/name.h"

struct context;

/**
 * client_auth_install() - let the handshakes of @c go as its client_auth says
 * To be called once the trust anchors are in place. Does nothing for a client.
 *
 * A ticket stands for the certificate of the handshake that issued it, which is judged again each
 * time: where it would not do any more, the ticket is not taken and a full handshake decides.
 *
 * Return: false without memory.
 */
bool client_auth_install(struct context *c);

/**
 * client_auth_refusal() - why a client whose verified certificate is @leaf may not go on
 * Return: an owned sentence; NULL if it may.
 */
char *client_auth_refusal(const struct context *c, const X509 *leaf);

/**
 * client_auth_user() - the user for whom the peer's certificate @leaf stands
 * Nobody is where certificates are not asked for, or not looked at, or for a client's peer.
 */
void client_auth_user(const struct context *c, const X509 *leaf, char user[NAME_SIZE]);

#endif
