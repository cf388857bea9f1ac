/* SPDX-License-Identifier: GPL-3.0-or-later */
/* bio.h - OpenSSL's view of our ciphertext ports: a lent span to read, a ring to write */
#ifndef ATTLS_TLS_BIO_H
#define ATTLS_TLS_BIO_H

#include <openssl/bio.h>

#include "base/ring.h"

enum { PORTS_FIRST = 8 };

/* The two ciphertext ports of one session. */
struct ports {
	struct span *in;            /* lent for one call, advanced by reads; NULL between calls */
	struct ring *out;           /* lent for life */
	uint8_t first[PORTS_FIRST]; /* the first bytes ever read, to name what is not TLS */
	size_t first_len;
	uint64_t taken; /* bytes ever read */
};

/**
 * ports_bio() - a BIO that reads @p->in and appends to @p->out
 * @p: borrowed for the life of the BIO
 * Both directions answer "retry" instead of blocking: reads at the end of the span, writes where
 * the ring has no room. There is no end of file: a FIN is the caller's to judge.
 * Return: owned by the caller (SSL_set_bio() takes it), NULL without memory.
 */
BIO *ports_bio(struct ports *p);

#endif
