/* SPDX-License-Identifier: GPL-3.0-or-later */
/* wish.c - parameters of a profile that few have: what they make of a context, and are they met */
#include "gateway/tls/wish.h"

#include <openssl/core_names.h>
#include <openssl/x509_vfy.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/tls/context_private.h"
#include "gateway/tls/library.h"
#include "gateway/tls/verify.h"

enum { LIST_TEXT = 1024, RFC5280 = 3, DH_2048 = 2048 };

static bool signatures(struct context *c, const struct wish *w)
{
	char list[LIST_TEXT];

	return strength_sigalgs(w->text, list, sizeof(list)) &&
	       SSL_CTX_set1_sigalgs_list(c->ssl, list) == 1 &&
	       SSL_CTX_set1_client_sigalgs_list(c->ssl, list) == 1;
}

static bool cert_signatures(struct context *c, const struct wish *w)
{
	c->peer.signatures = strength_signatures(w->text);
	return c->peer.signatures != 0;
}

static bool peer_min_rsa(struct context *c, const struct wish *w)
{
	c->peer.rsa = (unsigned)w->number;
	return true;
}

static bool peer_min_dsa(struct context *c, const struct wish *w)
{
	c->peer.dsa = (unsigned)w->number;
	return true;
}

static bool peer_min_ecc(struct context *c, const struct wish *w)
{
	c->peer.ecc = (unsigned)w->number;
	return true;
}

static bool peer_min_cert_version(struct context *c, const struct wish *w)
{
	c->peer.version3 = w->number == 1;
	return true;
}

static bool cert_validation(struct context *c, const struct wish *w)
{
	X509_VERIFY_PARAM *param = SSL_CTX_get0_param(c->ssl);

	return w->number != RFC5280 ||
	       X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_X509_STRICT) == 1;
}

static bool peer_min_dh(struct context *c, const struct wish *w)
{
	c->demands.dh_bits = (int)w->number;
	return true;
}

/* One group of 2048 bits (RFC 7919), whatever the server's key. */
static bool present_dh_2048(struct context *c)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(library_get(), "DH", NULL);
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(
			OSSL_PKEY_PARAM_GROUP_NAME, (char *)"ffdhe2048", 0),
		OSSL_PARAM_construct_end(),
	};
	EVP_PKEY *group = NULL;
	bool done = ctx && EVP_PKEY_fromdata_init(ctx) == 1 &&
		    EVP_PKEY_fromdata(ctx, &group, EVP_PKEY_KEY_PARAMETERS, params) == 1 &&
		    SSL_CTX_set0_tmp_dh_pkey(c->ssl, group) == 1;

	if (!done)
		EVP_PKEY_free(group);
	EVP_PKEY_CTX_free(ctx);
	SSL_CTX_set_dh_auto(c->ssl, 0);
	return done;
}

static bool dh_group_size(struct context *c, const struct wish *w)
{
	if (w->number != 1)
		return true;
	if (c->role == TLS_ROLE_SERVER)
		return present_dh_2048(c);
	if (c->demands.dh_bits < DH_2048)
		c->demands.dh_bits = DH_2048;
	return true;
}

static bool middlebox_compat(struct context *c, const struct wish *w)
{
	if (w->number == WISH_OFF)
		SSL_CTX_clear_options(c->ssl, SSL_OP_ENABLE_MIDDLEBOX_COMPAT);
	return true;
}

static bool extended_master_secret(struct context *c, const struct wish *w)
{
	if (w->number == MASTER_SECRET_OFF)
		SSL_CTX_set_options(c->ssl, SSL_OP_NO_EXTENDED_MASTER_SECRET);
	c->demands.master_secret = w->number == MASTER_SECRET_REQUIRED;
	return true;
}

static bool reference_wildcards(struct context *c, const struct wish *w)
{
	c->exact_names = w->number == WISH_OFF;
	return true;
}

static bool max_fragment(struct context *c, const struct wish *w)
{
	c->demands.fragment = w->number == EXTENSION_REQUIRED;
	/* a server does what its clients ask for */
	return w->number == EXTENSION_OFF || c->role == TLS_ROLE_SERVER ||
	       SSL_CTX_set_tlsext_max_fragment_length(c->ssl, TLSEXT_max_fragment_length_512) == 1;
}

static bool max_fragment_length(struct context *c, const struct wish *w)
{
	/* RFC 6066 4 counts from 1 */
	return SSL_CTX_set_tlsext_max_fragment_length(c->ssl, (uint8_t)(w->number + 1)) == 1;
}

static bool sni_match(struct context *c, const struct wish *w)
{
	c->demands.name = w->number == 1;
	return true;
}

/* OpenSSL calls this for each ClientHello, with a name or without. */
static int need_name(SSL *ssl, int *alert, void *unused)
{
	struct verification *v = SSL_get_app_data(ssl);

	(void)unused;
	if (SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name))
		return SSL_TLSEXT_ERR_OK;
	free(v->reason);
	v->reason = strdup("the client sent no server name, and server_sni wants one");
	*alert = SSL_AD_MISSING_EXTENSION;
	return SSL_TLSEXT_ERR_ALERT_FATAL;
}

static bool server_sni(struct context *c, const struct wish *w)
{
	return w->number != EXTENSION_REQUIRED ||
	       SSL_CTX_set_tlsext_servername_callback(c->ssl, need_name) == 1;
}

static const struct {
	enum wish_kind kind;
	bool (*apply)(struct context *c, const struct wish *w);
} rows[] = {
	{WISH_SIGNATURES, signatures},
	{WISH_CERT_SIGNATURES, cert_signatures},
	{WISH_PEER_MIN_RSA, peer_min_rsa},
	{WISH_PEER_MIN_DSA, peer_min_dsa},
	{WISH_PEER_MIN_ECC, peer_min_ecc},
	{WISH_PEER_MIN_CERT_VERSION, peer_min_cert_version},
	{WISH_CERT_VALIDATION, cert_validation},
	{WISH_PEER_MIN_DH, peer_min_dh},
	{WISH_DH_GROUP_SIZE, dh_group_size},
	{WISH_MIDDLEBOX_COMPAT, middlebox_compat},
	{WISH_EXTENDED_MASTER_SECRET, extended_master_secret},
	{WISH_REFERENCE_WILDCARDS, reference_wildcards},
	{WISH_MAX_FRAGMENT, max_fragment},
	{WISH_MAX_FRAGMENT_LENGTH, max_fragment_length},
	{WISH_SNI_MATCH, sni_match},
	{WISH_SERVER_SNI, server_sni},
};

const char *wish_apply(struct context *c, const struct profile *p)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct wish *w = &p->wishes[rows[i].kind];

		if (w->text && !rows[i].apply(c, w))
			return w->text;
	}
	return NULL;
}

/* Whether the server's ephemeral key is a Diffie-Hellman key of less than @bits. */
static bool has_short_dh(SSL *ssl, int bits)
{
	EVP_PKEY *key = NULL;
	bool is_short;

	if (bits == 0 || SSL_is_server(ssl) || SSL_get_peer_tmp_key(ssl, &key) != 1)
		return false;
	is_short = EVP_PKEY_get_base_id(key) == EVP_PKEY_DH && EVP_PKEY_get_bits(key) < bits;
	EVP_PKEY_free(key);
	return is_short;
}

const char *wish_unmet(const struct context *c, SSL *ssl)
{
	const SSL_SESSION *session = SSL_get_session(ssl);

	if (c->demands.master_secret && SSL_version(ssl) < TLS1_3_VERSION &&
		SSL_get_extms_support(ssl) != 1)
		return "the peer does not know the extended master secret (RFC 7627), and "
		       "extended_master_secret requires it";
	if (has_short_dh(ssl, c->demands.dh_bits))
		return "the server's Diffie-Hellman key is shorter than peer_min_dh_key or "
		       "dh_group_size permits";
	if (c->demands.fragment &&
		SSL_SESSION_get_max_fragment_length(session) == TLSEXT_max_fragment_length_DISABLED)
		return "the peer did not agree to short records (RFC 6066), and max_fragment "
		       "requires them";
	if (c->demands.name && !SSL_SESSION_get0_hostname(session))
		return "the server did not acknowledge the server name (RFC 6066), and sni_match "
		       "requires that";
	return NULL;
}
