/* SPDX-License-Identifier: GPL-3.0-or-later */
/* verify.c - is the peer who it must be: its chain, then its names */
#include "gateway/tls/verify.h"

#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>

#include "gateway/tls/client_auth.h"
#include "gateway/tls/context_private.h"
#include "gateway/tls/strength.h"
#include "keyring/subject.h"

enum { NAMES_SHOWN = 512 };

/* AT-TLS: an end-entity certificate connected with usage SITE passes without further checks. */
static bool site_trusts(const struct keyring *ring, const X509 *leaf)
{
	for (size_t i = 0; i < ring->connection_count; i++) {
		const struct connection *c = &ring->connections[i];

		if (c->usage == CERT_SITE && c->cert->trust != CERT_NOTRUST &&
			X509_cmp(c->cert->x509, leaf) == 0)
			return true;
	}
	return false;
}

static bool is_short_key(int error)
{
	return error == X509_V_ERR_EE_KEY_TOO_SMALL || error == X509_V_ERR_CA_KEY_TOO_SMALL;
}

/* Which key is too short, and what may be said about it. */
static char *short_key_reason(X509_STORE_CTX *store, X509 *bad, unsigned min_key)
{
	char *subject = subject_text(X509_get_subject_name(bad)), *text;
	int n = asprintf(&text,
		"certificate verify failed: the key of the %s certificate %s has %d bits, which is "
		"too short (min_key in the level, for RSA: %u)",
		X509_STORE_CTX_get_error_depth(store) > 0 ? "issuer" : "peer",
		subject ? subject : "?", EVP_PKEY_get_bits(X509_get0_pubkey(bad)), min_key);

	free(subject);
	return n < 0 ? NULL : text;
}

/* What the operator can do about a chain that ends nowhere; "" for other errors. */
static const char *chain_hint(int error)
{
	switch (error) {
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN: return ", which no trusted certificate of ring ";
	default: return "";
	}
}

static char *chain_reason(X509_STORE_CTX *store, const struct context *c)
{
	const struct keyring *ring = c->ring;
	int error = X509_STORE_CTX_get_error(store);
	X509 *bad = X509_STORE_CTX_get_current_cert(store);
	const char *hint = chain_hint(error);
	char *subject, *issuer, *text;
	int n;

	if (!bad)
		bad = X509_STORE_CTX_get0_cert(store);
	if (is_short_key(error))
		return short_key_reason(store, bad, c->min_key);
	subject = subject_text(X509_get_subject_name(bad));
	issuer = subject_text(X509_get_issuer_name(bad));
	n = asprintf(&text,
		"certificate verify failed: %s (%s certificate %s, issued by %s%s%s%s%s%s)",
		X509_verify_cert_error_string(error),
		X509_STORE_CTX_get_error_depth(store) > 0 ? "issuer" : "peer",
		subject ? subject : "?", issuer ? issuer : "?", hint, *hint ? ring->owner : "",
		*hint ? "/" : "", *hint ? ring->name : "", *hint ? " vouches for" : "");
	free(subject);
	free(issuer);
	return n < 0 ? NULL : text;
}

static bool address_named(X509 *leaf, const struct addr *a)
{
	return X509_check_ip(leaf, a->bytes, a->family == 4 ? 4 : 16, 0) == 1;
}

static bool reference_proved(const struct verification *v, const struct reference_id *r, X509 *leaf)
{
	switch (r->kind) {
	case REFERENCE_ANY: return true;
	case REFERENCE_ADDR: return address_named(leaf, &r->addr);
	case REFERENCE_REMOTE_IP: return address_named(leaf, &v->remote);
	case REFERENCE_DNS:
		return X509_check_host(leaf, r->name, strlen(r->name),
			       X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS, NULL) == 1;
	}
	return false;
}

static void print_reference(FILE *f, const struct verification *v, const struct reference_id *r)
{
	char text[ADDR_TEXT];

	if (r->kind == REFERENCE_DNS)
		fputs(r->name, f);
	else if (r->kind == REFERENCE_ADDR)
		fputs(addr_format(&r->addr, text), f);
	else
		fprintf(f, "%s (the remote address)", addr_format(&v->remote, text));
}

/* What the certificate names, so that the operator sees what to write or what to issue. */
static void print_names(FILE *f, const X509 *leaf)
{
	char *names = altnames_text(leaf, ", ");
	char *subject = subject_text(X509_get_subject_name(leaf));

	if (names && *names)
		fprintf(f, "%.*s%s", NAMES_SHOWN, names,
			strlen(names) > NAMES_SHOWN ? " and more" : "");
	else
		fprintf(f, "nothing but its subject %s", subject ? subject : "?");
	free(subject);
	free(names);
}

static char *names_reason(const struct verification *v, X509 *leaf)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;
	fputs("the peer's certificate does not name any of: ", f);
	for (size_t i = 0; i < v->ctx->id_count; i++) {
		fputs(i ? ", " : "", f);
		print_reference(f, v, &v->ctx->ids[i]);
	}
	fputs("; it names: ", f);
	print_names(f, leaf);
	fclose(f);
	return text;
}

static bool names_proved(const struct verification *v, X509 *leaf)
{
	for (size_t i = 0; i < v->ctx->id_count; i++) {
		if (reference_proved(v, &v->ctx->ids[i], leaf))
			return true;
	}
	return false;
}

/* OpenSSL's @error decides which alert the peer gets; @reason is taken over. */
static int refuse_peer(X509_STORE_CTX *store, struct verification *v, int error, char *reason)
{
	X509_STORE_CTX_set_error(store, error);
	free(v->reason);
	v->reason = reason;
	return 0;
}

int verify_peer(X509_STORE_CTX *store, void *unused)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct verification *v = SSL_get_app_data(ssl);
	X509 *leaf = X509_STORE_CTX_get0_cert(store);
	char *refusal;

	(void)unused;
	/* what OpenSSL would find too short, strength_verify() finds, and min_key with it */
	X509_VERIFY_PARAM_set_auth_level(X509_STORE_CTX_get0_param(store), strength_of(0));
	if (!site_trusts(v->ctx->ring, leaf) &&
		!verified_chain(&v->ctx->verified, store, time(NULL)))
		return refuse_peer(
			store, v, X509_STORE_CTX_get_error(store), chain_reason(store, v->ctx));
	if (v->ctx->role == TLS_ROLE_CLIENT && !names_proved(v, leaf))
		return refuse_peer(store, v, X509_V_ERR_HOSTNAME_MISMATCH, names_reason(v, leaf));
	refusal = client_auth_refusal(v->ctx, leaf);
	if (refusal)
		return refuse_peer(store, v, X509_V_ERR_CERT_REJECTED, refusal);
	X509_STORE_CTX_set_error(store, X509_V_OK);
	return 1;
}
