/* SPDX-License-Identifier: GPL-3.0-or-later */
/* context.c - a profile and a ring made into an OpenSSL context */
#include "gateway/tls/context.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/tls/client_auth.h"
#include "gateway/tls/context_private.h"
#include "gateway/tls/library.h"
#include "gateway/tls/result.h"
#include "gateway/tls/strength.h"
#include "gateway/tls/ticket.h"
#include "gateway/tls/verify.h"

enum { CHAIN_MAX = 16 };

static bool refuse(
	const struct context *c, struct err_list *err, const char *what, const char *value)
{
	err_add(err, "ring %s/%s: %s%s%s: %s", c->ring->owner, c->ring->name, what,
		*value ? " " : "", value, result_text());
	return false;
}

/* Bits of the shortest RSA key that counts at either end. */
static unsigned least_key(const struct context *c, const struct profile *p)
{
	const struct wish *peer = &p->wishes[WISH_PEER_MIN_RSA];

	return peer->text && peer->number < c->min_key ? (unsigned)peer->number : c->min_key;
}

static bool set_strength(struct context *c, const struct profile *p, struct err_list *err)
{
	const char *ciphers12 = p->ciphers12 ? p->ciphers12 : PROFILE_CIPHERS12;
	const char *ciphers13 = p->ciphers13 ? p->ciphers13 : PROFILE_CIPHERS13;
	const char *groups = p->groups ? p->groups : PROFILE_GROUPS;

	const char *refused;

	SSL_CTX_set_security_level(c->ssl, strength_of(least_key(c, p)));
	SSL_CTX_set_options(c->ssl,
		SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
	SSL_CTX_set_dh_auto(c->ssl, 1); /* a server's suites with DHE need it */
	SSL_CTX_set_mode(c->ssl, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
					 SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
					 SSL_MODE_NO_AUTO_CHAIN);
	if (!SSL_CTX_set_min_proto_version(c->ssl, p->min_version) ||
		!SSL_CTX_set_max_proto_version(c->ssl, p->max_version))
		return refuse(c, err, "TLS versions", "");
	if (!SSL_CTX_set_cipher_list(c->ssl, ciphers12))
		return refuse(c, err, "ciphers", ciphers12);
	if (!SSL_CTX_set_ciphersuites(c->ssl, ciphers13))
		return refuse(c, err, "ciphers", ciphers13);
	if (!SSL_CTX_set1_groups_list(c->ssl, groups))
		return refuse(c, err, "groups", groups);
	/* a lower security level, for the peer's old RSA keys, is no leave for short DH groups */
	c->demands.dh_bits = c->min_key < PROFILE_MIN_KEY ? 0 : PROFILE_MIN_KEY;
	refused = wish_apply(c, p);
	return !refused || refuse(c, err, "parameter", refused);
}

/* A client keeps what it may resume. Called for each ticket (TLS 1.3) or handshake (TLS 1.2). */
static int keep_session(SSL *ssl, SSL_SESSION *session)
{
	struct verification *v = SSL_get_app_data(ssl);
	const unsigned char *ticket;
	size_t len = 0;

	SSL_SESSION_get0_ticket(session, &ticket, &len);
	if (v->share_len == 0 || len > v->ctx->ticket_max)
		return 0;
	resume_keep(&v->ctx->resume, span_of(v->share, v->share_len), session);
	return 1;
}

static void hash_text(EVP_MD_CTX *hash, const char *text)
{
	EVP_DigestUpdate(hash, text ? text : "", text ? strlen(text) + 1 : 1);
}

static bool presents(const struct context *c, const struct cert *cert)
{
	for (size_t i = 0; i < c->cert_count; i++) {
		if (c->certs[i] == cert)
			return true;
	}
	return false;
}

/*
 * What a ticket's holder has proved, and to whom: whatever decides about a handshake. Contexts that
 * agree in all of it take each other's tickets.
 */
static bool ticket_scope(const struct context *c, const struct profile *p, uint8_t *scope)
{
	EVP_MD_CTX *hash = EVP_MD_CTX_new();
	int numbers[] = {p->min_version, p->max_version, (int)p->client_auth, (int)c->min_key};
	uint8_t print[EVP_MAX_MD_SIZE];
	unsigned len;
	bool done = hash && EVP_DigestInit_ex(hash, EVP_sha256(), NULL);

	if (done) {
		EVP_DigestUpdate(hash, numbers, sizeof(numbers));
		hash_text(hash, p->ciphers12);
		hash_text(hash, p->ciphers13);
		hash_text(hash, p->groups);
		hash_text(hash, c->ring->owner);
		hash_text(hash, c->ring->name);
	}
	for (size_t i = 0; done && i < WISHES; i++)
		hash_text(hash, p->wishes[i].text);
	for (size_t i = 0; done && i < c->ring->connection_count; i++) {
		const struct connection *n = &c->ring->connections[i];
		int marks[] = {presents(c, n->cert), (int)n->usage, (int)n->cert->trust};

		done = X509_digest(n->cert->x509, EVP_sha256(), print, &len) == 1;
		EVP_DigestUpdate(hash, marks, sizeof(marks));
		EVP_DigestUpdate(hash, print, len);
	}
	done = done && EVP_DigestFinal_ex(hash, scope, &len) == 1;
	EVP_MD_CTX_free(hash);
	return done;
}

static void set_client_resumption(struct context *c, const struct profile *p)
{
	const struct wish *size = &p->wishes[WISH_CLIENT_TICKET_SIZE],
			  *cache = &p->wishes[WISH_CLIENT_TICKET_CACHE];

	c->ticket_max = size->text ? (size_t)size->number : SIZE_MAX;
	c->resume.most = cache->text ? (size_t)cache->number : RESUME_SESSIONS;
	SSL_CTX_set_session_cache_mode(c->ssl, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_set_timeout(c->ssl, (long)p->session_timeout);
	SSL_CTX_sess_set_new_cb(c->ssl, keep_session);
}

/* Servers keep nothing: what a client may resume travels in its ticket. */
static bool set_server_resumption(struct context *c, const struct profile *p, unsigned lifetime)
{
	const struct wish *count = &p->wishes[WISH_SERVER_TICKET_COUNT],
			  *algorithm = &p->wishes[WISH_SERVER_TICKET_ALGORITHM];
	const struct ticket_wish wish = {
		.lifetime = lifetime,
		.count = count->text ? (unsigned)count->number : 1,
		.cipher = algorithm->text && algorithm->number == 0 ? "AES-128-CBC" : "AES-256-CBC",
	};
	uint8_t scope[TICKET_SCOPE];

	return ticket_scope(c, p, scope) &&
	       SSL_CTX_set_session_id_context(c->ssl, scope, SSL_MAX_SID_CTX_LENGTH) == 1 &&
	       ticket_install(c->ssl, scope, &wish);
}

/* For how long, in seconds, a session may be resumed; 0: never. */
static unsigned lifetime_of(const struct profile *p)
{
	bool server = p->role == TLS_ROLE_SERVER;
	const struct wish *timeout = &p->wishes[WISH_SERVER_TICKET_TIMEOUT];

	if (p->wishes[server ? WISH_SERVER_TICKETS : WISH_CLIENT_TICKETS].number == WISH_OFF)
		return 0;
	return server && timeout->text ? (unsigned)(timeout->number / 1000) : p->session_timeout;
}

static bool set_resumption(struct context *c, const struct profile *p, struct err_list *err)
{
	unsigned lifetime = lifetime_of(p);

	SSL_CTX_set_session_cache_mode(c->ssl, SSL_SESS_CACHE_OFF);
	if (lifetime == 0) {
		SSL_CTX_set_options(c->ssl, SSL_OP_NO_TICKET);
		SSL_CTX_set_num_tickets(c->ssl, 0);
		return true;
	}
	if (c->role == TLS_ROLE_CLIENT) {
		c->resumes = true;
		set_client_resumption(c, p);
		return true;
	}
	return set_server_resumption(c, p, lifetime) || refuse(c, err, "session tickets", "");
}

static bool connection_vouches(const struct connection *n)
{
	return n->usage != CERT_PERSONAL && n->cert->trust != CERT_NOTRUST;
}

static bool set_trust(struct context *c, struct err_list *err)
{
	X509_STORE *store = SSL_CTX_get_cert_store(c->ssl);
	size_t anchors = 0;

	for (size_t i = 0; i < c->ring->connection_count; i++) {
		const struct connection *n = &c->ring->connections[i];

		if (!connection_vouches(n))
			continue;
		if (!cert_x509(n->cert) || !X509_STORE_add_cert(store, cert_x509(n->cert)))
			return refuse(c, err, "certificate", n->cert->label);
		anchors++;
	}
	if (anchors == 0) {
		err_add(err,
			"ring %s/%s has no trusted certificate of usage CERTAUTH or SITE, so no "
			"%s can be verified: connect the CA's certificate",
			c->ring->owner, c->ring->name,
			c->role == TLS_ROLE_SERVER ? "client" : "server");
		return false;
	}
	/* an intermediate CA or a single peer in the ring is trusted without its root */
	X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
	SSL_CTX_set_verify(c->ssl, SSL_VERIFY_PEER, strength_verify);
	SSL_CTX_set_cert_verify_callback(c->ssl, verify_peer, NULL);
	return true;
}

/* Whom to believe: a client every server's certificate, a server its clients' if it asks. */
static bool set_peer(struct context *c, struct err_list *err)
{
	bool believes = c->role == TLS_ROLE_CLIENT || c->client_auth >= CLIENT_AUTH_FULL;

	if (believes && !set_trust(c, err))
		return false;
	return client_auth_install(c) || refuse(c, err, "client certificates", "");
}

static bool is_current(const X509 *x)
{
	return X509_cmp_current_time(X509_get0_notBefore(x)) < 0 &&
	       X509_cmp_current_time(X509_get0_notAfter(x)) > 0;
}

/* Of the ring's certificates that could have issued @x, one that is valid today if there is any. */
static X509 *find_issuer(const struct keyring *ring, X509 *x)
{
	X509 *found = NULL;

	for (size_t i = 0; i < ring->connection_count; i++) {
		const struct cert *c = ring->connections[i].cert;

		if (c->trust == CERT_NOTRUST || !cert_x509(c) ||
			X509_check_issued(cert_x509(c), x) != X509_V_OK)
			continue;
		if (is_current(cert_x509(c)))
			return cert_x509(c);
		if (!found)
			found = cert_x509(c);
	}
	return found;
}

/* Send the intermediates, not the root: whoever does not have the root cannot trust it. */
static bool set_chain(struct context *c, const struct cert *cert)
{
	X509 *x = cert_x509(cert);

	for (int depth = 0; depth < CHAIN_MAX && !X509_self_signed(x, 0); depth++) {
		x = find_issuer(c->ring, x);
		if (!x || X509_self_signed(x, 0))
			return true;
		if (!SSL_CTX_add1_chain_cert(c->ssl, x))
			return false;
	}
	return true;
}

/* Runs on a client when the server asks for its certificate, on a server for each handshake. */
static int note_presented(SSL *ssl, void *unused)
{
	struct verification *v = SSL_get_app_data(ssl);

	(void)unused;
	v->presented = true;
	return 1;
}

/* A client without a key to use presents none; it should be known why. */
static bool refuse_key(const struct context *c, const struct ring_view *view,
	enum ring_right needed, bool fatal, struct err_list *err)
{
	const char *user = view->user ? view->user : "(not known)",
		   *right = ring_right_name(needed);

	if (fatal)
		err_add(err,
			"ring %s/%s: user %s may not use the private key: it takes %s on the ring "
			"(access.ini)",
			c->ring->owner, c->ring->name, user, right);
	else
		err_warn(err,
			"ring %s/%s: user %s may not use the private key, so no certificate is "
			"presented: it takes %s on the ring (access.ini)",
			c->ring->owner, c->ring->name, user, right);
	return !fatal;
}

static bool is_long_enough(const struct context *c, const struct cert *cert, struct err_list *err)
{
	const EVP_PKEY *key = X509_get0_pubkey(cert_x509(cert));

	if (strength_enough(key, c->min_key))
		return true;
	err_add(err,
		"ring %s/%s: the key of certificate \"%s\" has %d bits, which is too short: renew "
		"it, or permit that with min_key in the level (RSA; it is %u)",
		c->ring->owner, c->ring->name, cert->label, EVP_PKEY_get_bits(key), c->min_key);
	return false;
}

/* OpenSSL chooses by kind of key, so there is one certificate for each. */
static bool is_other_kind(const struct context *c, const struct cert *cert, struct err_list *err)
{
	int kind = EVP_PKEY_get_base_id(X509_get0_pubkey(cert_x509(cert)));

	for (size_t i = 0; i < c->cert_count; i++) {
		if (EVP_PKEY_get_base_id(X509_get0_pubkey(cert_x509(c->certs[i]))) != kind)
			continue;
		err_add(err,
			"ring %s/%s: certificates \"%s\" and \"%s\" have the same kind of key, so "
			"there is nothing to choose by: name one of them in label",
			c->ring->owner, c->ring->name, c->certs[i]->label, cert->label);
		return false;
	}
	return c->cert_count < CONTEXT_CERTS;
}

static bool present(struct context *c, const struct cert *cert, struct err_list *err)
{
	if (!is_long_enough(c, cert, err) || !is_other_kind(c, cert, err))
		return false;
	if (!SSL_CTX_use_certificate(c->ssl, cert_x509(cert)) ||
		!SSL_CTX_use_PrivateKey(c->ssl, cert_key(cert)) || !set_chain(c, cert))
		return refuse(c, err, "certificate", cert->label);
	c->certs[c->cert_count++] = cert;
	SSL_CTX_set_cert_cb(c->ssl, note_presented, NULL);
	return true;
}

static bool present_default(struct context *c, const struct ring_view *view, struct err_list *err)
{
	bool is_server = c->role == TLS_ROLE_SERVER;
	enum ring_right needed;
	const struct cert *cert = keyring_certificate(view, NULL, &needed);

	if (needed != RIGHT_NONE)
		return refuse_key(c, view, needed, is_server, err);
	if (cert)
		return present(c, cert, err);
	if (is_server)
		err_add(err,
			"ring %s/%s has no default certificate with a private key, which a server "
			"needs: connect one with --default, or name it with label",
			c->ring->owner, c->ring->name);
	return !is_server;
}

static bool present_named(
	struct context *c, const struct ring_view *view, const char *label, struct err_list *err)
{
	enum ring_right needed;
	const struct cert *cert = keyring_certificate(view, label, &needed);

	if (needed != RIGHT_NONE)
		return refuse_key(c, view, needed, true, err);
	if (cert)
		return present(c, cert, err);
	err_add(err,
		"ring %s/%s has no usable certificate \"%s\": it must be connected with usage "
		"PERSONAL, be trusted and have its private key",
		c->ring->owner, c->ring->name, label);
	return false;
}

static bool set_credentials(
	struct context *c, const struct ring_view *view, const char *labels, struct err_list *err)
{
	char label[NAME_SIZE];

	if (!labels)
		return present_default(c, view, err);
	while (name_next(&labels, label)) {
		if (!present_named(c, view, label, err))
			return false;
	}
	return true;
}

static bool copy_permit(struct context *c, char *const *permit)
{
	size_t count = 0;

	while (permit[count])
		count++;
	c->permit = calloc(count + 1, sizeof(*c->permit));
	for (size_t i = 0; c->permit && i < count; i++) {
		c->permit[i] = strdup(permit[i]);
		if (!c->permit[i])
			return false;
	}
	return c->permit != NULL;
}

/* Profiles may go with their policy while sessions live on, so what they need is copied. */
static bool copy_names(struct context *c, const struct profile *p)
{
	if (p->sni && !(c->sni = strdup(p->sni)))
		return false;
	if (p->application && !(c->application = strdup(p->application)))
		return false;
	if (p->permit && !copy_permit(c, p->permit))
		return false;
	c->ids = calloc(p->reference_count ? p->reference_count : 1, sizeof(*c->ids));
	if (!c->ids)
		return false;
	for (size_t i = 0; i < p->reference_count; i++) {
		/* a name that counts has to keep to the name constraints of its authorities */
		if (p->references[i].kind == REFERENCE_CN)
			X509_VERIFY_PARAM_set_hostflags(
				SSL_CTX_get0_param(c->ssl), X509_CHECK_FLAG_ALWAYS_CHECK_SUBJECT);
	}
	for (; c->id_count < p->reference_count; c->id_count++) {
		struct reference_id *id = &c->ids[c->id_count];

		*id = p->references[c->id_count];
		if (id->name && !(id->name = strdup(id->name)))
			return false;
	}
	return true;
}

struct context *context_new(const struct profile *profile, const struct ring_view *view,
	const char *labels, struct err_list *err)
{
	const struct keyring *ring = view->ring;
	struct context *c = calloc(1, sizeof(*c));
	bool is_server = profile->role == TLS_ROLE_SERVER;

	if (!c) {
		err_add(err, "ring %s/%s: out of memory", ring->owner, ring->name);
		return NULL;
	}
	c->references = 1;
	c->role = profile->role;
	c->client_auth = profile->client_auth;
	c->min_key = profile->min_key ? profile->min_key : PROFILE_MIN_KEY;
	c->ring = ring;
	c->keystore = view->keystore;
	ERR_clear_error();
	c->ssl = SSL_CTX_new_ex(
		library_get(), NULL, is_server ? TLS_server_method() : TLS_client_method());
	if (!c->ssl || !copy_names(c, profile)) {
		refuse(c, err, "no TLS context", "");
		context_put(c);
		return NULL;
	}
	if (!set_strength(c, profile, err) || !set_peer(c, err) ||
		!set_credentials(c, view, labels, err) || !set_resumption(c, profile, err)) {
		context_put(c);
		return NULL;
	}
	return c;
}

struct context *context_get(struct context *c)
{
	c->references++;
	return c;
}

void context_put(struct context *c)
{
	if (!c || --c->references > 0)
		return;
	for (size_t i = 0; i < c->id_count; i++)
		free(c->ids[i].name);
	for (char **user = c->permit; user && *user; user++)
		free(*user);
	free(c->permit);
	free(c->application);
	free(c->ids);
	free(c->sni);
	resume_fini(&c->resume);
	SSL_CTX_free(c->ssl);
	free(c);
}
