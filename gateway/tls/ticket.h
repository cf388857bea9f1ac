/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ticket.h - keys that protect session tickets (RFC 8446 4.6.1, RFC 5077), for server contexts */
#ifndef ATTLS_TLS_TICKET_H
#define ATTLS_TLS_TICKET_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>

enum { TICKET_SCOPE = 32 };

struct ticket_wish {
	unsigned lifetime; /* seconds that a ticket may be used */
	unsigned count;    /* that are sent after a handshake (TLS 1.3) */
	const char
		*cipher; /* OpenSSL's name of what protects them, with a key of 256 bits at most */
};

/**
 * ticket_install() - let @ctx issue and take tickets
 * @scope: contexts with equal scopes take each other's tickets, whichever thread they belong to;
 *         others never do
 *
 * Keys are made up by this process, change every TICKET_PERIOD seconds and are kept for one period
 * more; older ones cannot be computed from those in memory. The context owns what is installed.
 *
 * Return: false without memory.
 */
bool ticket_install(
	SSL_CTX *ctx, const uint8_t scope[TICKET_SCOPE], const struct ticket_wish *wish);

#endif
