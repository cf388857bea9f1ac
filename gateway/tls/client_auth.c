/* SPDX-License-Identifier: GPL-3.0-or-later */
/* client_auth.c - what a server asks of its client's certificate (AT-TLS ClientAuthType) */
#include "gateway/tls/client_auth.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/tls/context_private.h"
#include "gateway/tls/strength.h"
#include "gateway/tls/verify.h"
#include "keyring/certuser.h"
#include "keyring/subject.h"

/* More names of authorities than this are not told: clients limit what they read. */
enum { AUTHORITIES_MAX = 8192 };

/* CLIENT_AUTH_PASSTHRU: whatever it is, somebody else judges it. */
static int accept_peer(X509_STORE_CTX *store, void *unused)
{
	(void)unused;
	X509_STORE_CTX_set_error(store, X509_V_OK);
	return 1;
}

/* The name that a client looks for in the issuers of its certificates. */
static const X509_NAME *authority_of(const struct connection *n)
{
	const X509 *x = cert_x509(n->cert);

	if (n->usage == CERT_PERSONAL || n->cert->trust == CERT_NOTRUST)
		return NULL;
	return n->usage == CERT_SITE ? X509_get_issuer_name(x) : X509_get_subject_name(x);
}

/* Whose certificates will do (RFC 8446 4.2.4); an empty list means any. */
static bool tell_authorities(struct context *c)
{
	STACK_OF(X509_NAME) *names = sk_X509_NAME_new_null();
	size_t size = 0, len;

	for (size_t i = 0; names && i < c->ring->connection_count; i++) {
		const X509_NAME *name = authority_of(&c->ring->connections[i]);
		X509_NAME *copy = name ? X509_NAME_dup(name) : NULL;

		if (!name || (copy && X509_NAME_get0_der(copy, NULL, &len) &&
				     sk_X509_NAME_push(names, copy))) {
			size += name ? len : 0;
			continue;
		}
		X509_NAME_free(copy);
		sk_X509_NAME_pop_free(names, X509_NAME_free);
		return false;
	}
	if (size > AUTHORITIES_MAX) {
		sk_X509_NAME_pop_free(names, X509_NAME_free);
		return true;
	}
	SSL_CTX_set0_CA_list(c->ssl, names);
	return names != NULL;
}

void client_auth_user(const struct context *c, const X509 *leaf, char user[NAME_SIZE])
{
	*user = '\0';
	if (c->role == TLS_ROLE_SERVER && c->client_auth >= CLIENT_AUTH_FULL && c->keystore)
		(void)certuser_find(c->keystore, leaf, c->application, user);
}

static char *nobody(const X509 *leaf)
{
	char *subject = subject_text(X509_get_subject_name(leaf));
	char *issuer = subject_text(X509_get_issuer_name(leaf));
	char *text;
	int n = asprintf(&text,
		"the client's certificate %s, issued by %s, stands for no user: store it under "
		"one, or make a filter (attls-keyring map)",
		subject ? subject : "?", issuer ? issuer : "?");

	free(subject);
	free(issuer);
	return n < 0 ? strdup("out of memory") : text;
}

/* Users compare without case, as owners do. */
static bool is_permitted(const struct context *c, const char *user)
{
	for (char **pattern = c->permit; *pattern; pattern++) {
		if (fnmatch(*pattern, user, FNM_CASEFOLD | FNM_NOESCAPE) == 0)
			return true;
	}
	return false;
}

char *client_auth_refusal(const struct context *c, const X509 *leaf)
{
	char user[NAME_SIZE], *text;

	if (c->client_auth < CLIENT_AUTH_SAFCHECK)
		return NULL;
	client_auth_user(c, leaf, user);
	if (!*user)
		return nobody(leaf);
	if (!c->permit || is_permitted(c, user))
		return NULL;
	if (asprintf(&text, "user %s, for whom the client's certificate stands, is not in permit",
		    user) < 0)
		return strdup("out of memory");
	return text;
}

static bool has_refusal(const struct context *c, const X509 *leaf)
{
	char *text = client_auth_refusal(c, leaf);

	free(text);
	return text != NULL;
}

static bool is_current(const X509 *leaf)
{
	return X509_cmp_current_time(X509_get0_notBefore(leaf)) < 0 &&
	       X509_cmp_current_time(X509_get0_notAfter(leaf)) > 0;
}

/* Whether the certificate of an earlier handshake would do now; the ring is that of the ticket. */
static bool still_good(const struct context *c, const X509 *leaf)
{
	if (!leaf)
		return c->client_auth <= CLIENT_AUTH_FULL;
	return c->client_auth == CLIENT_AUTH_PASSTHRU ||
	       (is_current(leaf) && !has_refusal(c, leaf));
}

static SSL_TICKET_RETURN judge_ticket(SSL *ssl, SSL_SESSION *session, const unsigned char *name,
	size_t name_len, SSL_TICKET_STATUS status, void *unused)
{
	const struct verification *v = SSL_get_app_data(ssl);

	(void)name;
	(void)name_len;
	(void)unused;
	if (status != SSL_TICKET_SUCCESS && status != SSL_TICKET_SUCCESS_RENEW)
		return SSL_TICKET_RETURN_IGNORE_RENEW;
	if (!still_good(v->ctx, SSL_SESSION_get0_peer(session)))
		return SSL_TICKET_RETURN_IGNORE_RENEW;
	return status == SSL_TICKET_SUCCESS ? SSL_TICKET_RETURN_USE : SSL_TICKET_RETURN_USE_RENEW;
}

bool client_auth_install(struct context *c)
{
	int verify = SSL_VERIFY_PEER;

	if (c->role == TLS_ROLE_CLIENT || c->client_auth == CLIENT_AUTH_NONE)
		return true;
	if (c->client_auth >= CLIENT_AUTH_REQUIRED)
		verify |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
	SSL_CTX_set_verify(c->ssl, verify, strength_verify);
	if (c->client_auth == CLIENT_AUTH_PASSTHRU)
		SSL_CTX_set_cert_verify_callback(c->ssl, accept_peer, NULL);
	return SSL_CTX_set_session_ticket_cb(c->ssl, NULL, judge_ticket, NULL) == 1 &&
	       (c->client_auth == CLIENT_AUTH_PASSTHRU || tell_authorities(c));
}
