/* SPDX-License-Identifier: GPL-3.0-or-later */
/* verified.h - certificate chains that a context has verified a short while ago */
#ifndef ATTLS_TLS_VERIFIED_H
#define ATTLS_TLS_VERIFIED_H

#include <openssl/x509.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

enum {
	VERIFIED_CHAINS = 32,
	VERIFIED_SECONDS = 300, /* how long a chain is taken as verified, at most */
	VERIFIED_PRINT = 32,
};

/*
 * Part of one context, so what was verified, and how, is that context's: its trust anchors and its
 * strength. Only good chains are kept. The newest replaces the oldest.
 */
struct verified {
	struct verified_entry {
		uint8_t print[VERIFIED_PRINT]; /* SHA-256 of the chain as the peer sent it */
		time_t since, until;           /* CLOCK_REALTIME seconds; @until is not included */
	} entries[VERIFIED_CHAINS];
	unsigned next;
};

/**
 * verified_chain() - verify what the peer sent as X509_verify_cert() does, or know that it was
 * @store: as the certificate verification callback gets it
 * @now:   wall clock
 *
 * A chain is remembered until VERIFIED_SECONDS have passed or the first certificate of the path to
 * the anchor expires, and no longer when the clock is set back. Neither names nor the signature of
 * the handshake are part of it: they are to be checked each time.
 *
 * Return: whether the chain is good; @store has the error otherwise.
 */
bool verified_chain(struct verified *v, X509_STORE_CTX *store, time_t now);

#endif
