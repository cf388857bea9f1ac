/* SPDX-License-Identifier: GPL-3.0-or-later */
/* verify.c - is the peer who it must be: its chain, then its names */
#include "gateway/tls/verify.h"

#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

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

static const char *role_of(X509_STORE_CTX *store)
{
	return X509_STORE_CTX_get_error_depth(store) > 0 ? "issuer" : "peer";
}

/* Which key is too short, and what may be said about it. */
static char *short_key_reason(X509_STORE_CTX *store, X509 *bad, const struct context *c)
{
	const EVP_PKEY *key = X509_get0_pubkey(bad);
	char *subject = subject_text(X509_get_subject_name(bad)), *text;
	const char *word = "";
	unsigned limit = key ? strength_limit(c, key, &word) : 0;
	int n = asprintf(&text,
		"certificate verify failed: the key of the %s certificate %s has %d bits, which is "
		"too short (%s in the level: %u)",
		role_of(store), subject ? subject : "?", key ? EVP_PKEY_get_bits(key) : 0, word,
		limit);

	free(subject);
	return n < 0 ? NULL : text;
}

/* A certificate that somebody else would take. */
static char *kind_reason(X509_STORE_CTX *store, const X509 *bad, const char *what)
{
	char *subject = subject_text(X509_get_subject_name(bad)), *text;
	int n = asprintf(&text, "certificate verify failed: the %s certificate %s %s",
		role_of(store), subject ? subject : "?", what);

	free(subject);
	return n < 0 ? NULL : text;
}

static char *signature_reason(X509_STORE_CTX *store, const X509 *bad)
{
	char what[128];

	snprintf(what, sizeof(what),
		"is signed with %s, which is too weak or not in cert_signatures",
		OBJ_nid2ln(X509_get_signature_nid(bad)));
	return kind_reason(store, bad, what);
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
	switch (error) {
	case X509_V_ERR_EE_KEY_TOO_SMALL:
	case X509_V_ERR_CA_KEY_TOO_SMALL: return short_key_reason(store, bad, c);
	case X509_V_ERR_CERT_REJECTED:
		return kind_reason(
			store, bad, "is not of X.509 version 3, which peer_min_cert_version wants");
	case X509_V_ERR_CA_MD_TOO_WEAK: return signature_reason(store, bad);
	default: break;
	}
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

/* RFC 6125 6.4.4, but only where a rule asks for it. */
static bool common_name_is(const X509 *leaf, const char *name)
{
	const X509_NAME *subject = X509_get_subject_name(leaf);
	int at = -1;

	while ((at = X509_NAME_get_index_by_NID(subject, NID_commonName, at)) >= 0) {
		const X509_NAME_ENTRY *entry = X509_NAME_get_entry(subject, at);
		unsigned char *text = NULL;
		int len = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(entry));
		bool same = len >= 0 && (size_t)len == strlen(name) &&
			    strncasecmp((char *)text, name, (size_t)len) == 0;

		OPENSSL_free(text);
		if (same)
			return true;
	}
	return false;
}

static bool host_named(const struct context *c, X509 *leaf, const char *name)
{
	/* the CN names a host only where a rule says so: reference_id_cn */
	unsigned flags = X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT;

	if (c->exact_names)
		flags |= X509_CHECK_FLAG_NO_WILDCARDS;
	return X509_check_host(leaf, name, strlen(name), flags, NULL) == 1;
}

static bool reference_proved(const struct verification *v, const struct reference_id *r, X509 *leaf)
{
	switch (r->kind) {
	case REFERENCE_ANY: return true;
	case REFERENCE_ADDR: return address_named(leaf, &r->addr);
	case REFERENCE_REMOTE_IP: return address_named(leaf, &v->remote);
	case REFERENCE_DNS: return host_named(v->ctx, leaf, r->name);
	case REFERENCE_CN: return common_name_is(leaf, r->name);
	}
	return false;
}

static void print_reference(FILE *f, const struct verification *v, const struct reference_id *r)
{
	char text[ADDR_TEXT];

	if (r->kind == REFERENCE_DNS)
		fputs(r->name, f);
	else if (r->kind == REFERENCE_CN)
		fprintf(f, "CN=%s", r->name);
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
