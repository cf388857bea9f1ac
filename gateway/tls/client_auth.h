/* SPDX-License-Identifier: GPL-3.0-or-later */
/* client_auth.h - what a server asks of its client's certificate (AT-TLS ClientAuthType) */
#ifndef ATTLS_TLS_CLIENT_AUTH_H
#define ATTLS_TLS_CLIENT_AUTH_H

#include <stdbool.h>

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

#endif
