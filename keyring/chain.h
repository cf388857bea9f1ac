/* SPDX-License-Identifier: GPL-3.0-or-later */
/* chain.h - the issuers of a certificate that the store has */
#ifndef ATTLS_KEYRING_CHAIN_H
#define ATTLS_KEYRING_CHAIN_H

#include "keyring/keyring.h"

enum { CHAIN_LIMIT = 16 };

struct chain {
	const struct cert *certs[CHAIN_LIMIT]; /* the certificate first, each signed by the next */
	size_t count;
	bool complete; /* the last one signed itself */
};

/** chain_find() - @c and its issuers, by name and signature, CERTAUTH's before others */
void chain_find(struct chain *chain, const struct keystore *k, const struct cert *c);

#endif
