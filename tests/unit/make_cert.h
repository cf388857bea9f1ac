/* SPDX-License-Identifier: GPL-3.0-or-later */
/* make_cert.h - certificates and rings in memory, for tests */
#ifndef ATTLS_TESTS_MAKE_CERT_H
#define ATTLS_TESTS_MAKE_CERT_H

#include <assert.h>
#include <stdlib.h>
#include <time.h>

#include "keyring/issue.h"
#include "keyring/keyring.h"

enum { MAKE_HOUR = 60 * 60 };

static inline EVP_PKEY *make_key(const char *type, int size)
{
	struct err_list err;
	EVP_PKEY *key;

	err_init(&err);
	key = issue_key(type, size, &err);
	assert(!err_any(&err));
	err_fini(&err);
	return key;
}

/* A certificate owned by the test, for @key, which it takes over; free with make_free(). */
static inline struct cert make_cert_for(
	EVP_PKEY *key, const char *label, const struct issue *wish, const struct cert *signer)
{
	struct cert c = {
		.owner = (char *)"root", .label = (char *)label, .trust = CERT_TRUST, .key = key};
	struct issue i = *wish;
	struct err_list err;

	err_init(&err);
	i.signer = signer ? signer->x509 : NULL;
	i.signer_key = signer ? signer->key : NULL;
	if (!i.not_before)
		i.not_before = time(NULL) - MAKE_HOUR;
	if (!i.not_after)
		i.not_after = time(NULL) + MAKE_HOUR;
	c.x509 = issue_certificate(&i, c.key, &err);
	assert(!err_any(&err));
	err_fini(&err);
	return c;
}

/* The same with a new key. @signer NULL: self-signed. */
static inline struct cert make_cert(
	const char *label, const struct issue *wish, const struct cert *signer)
{
	return make_cert_for(make_key("nistecc", 0), label, wish, signer);
}

static inline void make_free(struct cert *c)
{
	X509_free(c->x509);
	EVP_PKEY_free(c->key);
}

#endif
