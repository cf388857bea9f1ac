/* SPDX-License-Identifier: GPL-3.0-or-later */
/* context_private.h - the inside of a context, for this folder alone */
#ifndef ATTLS_TLS_CONTEXT_PRIVATE_H
#define ATTLS_TLS_CONTEXT_PRIVATE_H

#include <openssl/ssl.h>

#include "gateway/tls/context.h"
#include "gateway/tls/resume.h"
#include "gateway/tls/strength.h"
#include "gateway/tls/verified.h"
#include "gateway/tls/wish.h"

/* One for each kind of key: RSA, RSA-PSS, EC, Ed25519, Ed448. */
enum { CONTEXT_CERTS = 5 };

struct context {
	unsigned references; /* one thread's: not atomic */
	SSL_CTX *ssl;
	enum tls_role role;
	enum client_auth client_auth;
	unsigned min_key;
	struct strength peer; /* of its certificates */
	struct demands demands;
	bool exact_names;                /* no wildcards of certificates */
	char **permit;                   /* own copy of the profile's, or NULL: everybody */
	char *application;               /* own copy, or NULL */
	const struct keystore *keystore; /* borrowed, outlives us; NULL: nobody is known */
	struct reference_id *ids;        /* own copy of the profile's references */
	size_t id_count;
	char *sni;                               /* own copy, or NULL */
	const struct keyring *ring;              /* borrowed, outlives us */
	const struct cert *certs[CONTEXT_CERTS]; /* what we may present, each with another key */
	size_t cert_count;
	bool resumes;             /* client role: sessions are kept */
	struct resume resume;     /* these */
	size_t ticket_max;        /* likewise: bytes of the largest ticket that is kept */
	struct verified verified; /* peers' chains that need no second look for a while */
};

#endif
