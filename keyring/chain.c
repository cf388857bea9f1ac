/* SPDX-License-Identifier: GPL-3.0-or-later */
/* chain.c - the issuers of a certificate that the store has */
#include "keyring/chain.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>

static bool has_signed(const struct cert *issuer, const struct cert *c)
{
	X509 *from = cert_x509(issuer), *to = cert_x509(c);
	bool good = from && to && X509_check_issued(from, to) == X509_V_OK &&
		    X509_verify(to, X509_get0_pubkey(from)) == 1;

	ERR_clear_error();
	return good;
}

static const struct cert *find_issuer(const struct keystore *k, const struct cert *c)
{
	const struct cert *found = NULL, *at;

	for (size_t i = 0; (at = keystore_cert_at(k, i)); i++) {
		if (!span_equal(at->facts.subject, c->facts.issuer) || !has_signed(at, c))
			continue;
		if (strcmp(at->owner, "CERTAUTH") == 0)
			return at;
		if (!found)
			found = at;
	}
	return found;
}

void chain_find(struct chain *chain, const struct keystore *k, const struct cert *c)
{
	*chain = (struct chain){0};
	while (c && chain->count < CHAIN_LIMIT) {
		chain->certs[chain->count++] = c;
		chain->complete = cert_x509(c) && X509_self_signed(cert_x509(c), 1) == 1;
		ERR_clear_error();
		c = chain->complete ? NULL : find_issuer(k, c);
	}
}
