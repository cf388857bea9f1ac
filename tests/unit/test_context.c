/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_context.c - what a ring and a profile must have to become a context */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/tls1.h>

#include "gateway/tls/context.h"
#include "gateway/tls/context_private.h"
#include "unit/make_cert.h"

static struct cert ca, middle, leaf, keyless, hidden;

static int make_all(void **state)
{
	struct issue ca_wish = {.subject = "CN=CA", .usage = ISSUE_CERTSIGN};
	struct issue middle_wish = {.subject = "CN=Middle", .usage = ISSUE_CERTSIGN};
	struct issue wish = {.subject = "CN=leaf", .usage = ISSUE_HANDSHAKE};

	(void)state;
	ca = make_cert("ca", &ca_wish, NULL);
	middle = make_cert("middle", &middle_wish, &ca);
	leaf = make_cert("leaf", &wish, &middle);
	keyless = leaf;
	keyless.label = (char *)"keyless";
	keyless.key = NULL;
	hidden = leaf;
	hidden.label = (char *)"hidden";
	hidden.trust = CERT_NOTRUST;
	return 0;
}

static int free_all(void **state)
{
	(void)state;
	make_free(&ca);
	make_free(&middle);
	make_free(&leaf);
	return 0;
}

static struct reference_id any = {.kind = REFERENCE_ANY};

static struct profile profile_of(enum tls_role role)
{
	return (struct profile){
		.role = role,
		.min_version = TLS1_2_VERSION,
		.max_version = TLS1_3_VERSION,
		.references = &any,
		.reference_count = 1,
	};
}

static struct keyring ring_of(struct connection *connections, size_t count)
{
	return (struct keyring){
		.owner = (char *)"root",
		.name = (char *)"r",
		.connections = connections,
		.connection_count = count,
	};
}

/* No context, and a sentence with @part. */
static void assert_refused(
	const struct profile *p, const struct keyring *ring, const char *label, const char *part)
{
	struct err_list err;
	struct ring_view view = {.ring = ring, .user = "root", .right = RIGHT_CONTROL};

	err_init(&err);
	assert_null(context_new(p, &view, label, &err));
	assert_int_equal(err.count, 1);
	if (!strstr(err.lines[0], part))
		fail_msg("\"%s\" is not in \"%s\"", part, err.lines[0]);
	assert_non_null(strstr(err.lines[0], "root/r"));
	err_fini(&err);
}

static struct context *made(const struct profile *p, const struct keyring *ring, const char *label)
{
	struct ring_view view = {.ring = ring, .user = "root", .right = RIGHT_CONTROL};
	struct err_list err;
	struct context *c;

	err_init(&err);
	c = context_new(p, &view, label, &err);
	assert_int_equal(err.count, 0);
	assert_non_null(c);
	err_fini(&err);
	return c;
}

static void test_server_needs_key(void **state)
{
	struct profile p = profile_of(TLS_ROLE_SERVER);
	struct connection c[] = {
		{.cert = &keyless, .usage = CERT_PERSONAL, .is_default = true},
		{.cert = &hidden, .usage = CERT_PERSONAL},
		{.cert = &leaf, .usage = CERT_SITE},
	};
	struct keyring ring = ring_of(c, 3);

	(void)state;
	assert_refused(&p, &ring, NULL, "no default certificate with a private key");
	assert_refused(&p, &ring, "keyless", "no usable certificate \"keyless\"");
	assert_refused(&p, &ring, "hidden", "no usable certificate \"hidden\"");
	assert_refused(&p, &ring, "leaf", "no usable certificate \"leaf\"");
	assert_refused(&p, &ring, "none", "no usable certificate \"none\"");
}

static void test_client_needs_anchor(void **state)
{
	struct profile p = profile_of(TLS_ROLE_CLIENT);
	struct connection c[] = {
		{.cert = &leaf, .usage = CERT_PERSONAL, .is_default = true},
		{.cert = &hidden, .usage = CERT_CERTAUTH},
	};
	struct keyring ring = ring_of(c, 2);

	(void)state;
	assert_refused(&p, &ring, NULL, "no trusted certificate of usage CERTAUTH or SITE");
}

static void test_bad_words(void **state)
{
	struct profile p = profile_of(TLS_ROLE_CLIENT);
	struct connection c[] = {{.cert = &ca, .usage = CERT_CERTAUTH}};
	struct keyring ring = ring_of(c, 1);

	(void)state;
	p.ciphers12 = (char *)"NO-SUCH-CIPHER";
	assert_refused(&p, &ring, NULL, "ciphers NO-SUCH-CIPHER");
	p = profile_of(TLS_ROLE_CLIENT);
	p.ciphers13 = (char *)"TLS_NO_SUCH";
	assert_refused(&p, &ring, NULL, "ciphers TLS_NO_SUCH");
	p = profile_of(TLS_ROLE_CLIENT);
	p.groups = (char *)"P-1";
	assert_refused(&p, &ring, NULL, "groups P-1");
}

static void test_own_certificate(void **state)
{
	struct profile client = profile_of(TLS_ROLE_CLIENT);
	struct connection c[] = {
		{.cert = &ca, .usage = CERT_CERTAUTH},
		{.cert = &leaf, .usage = CERT_PERSONAL},
	};
	struct keyring ring = ring_of(c, 2);
	struct context *made_one;

	(void)state;
	made_one = made(&client, &ring, NULL);
	assert_null(made_one->certs[0]); /* a client without default presents none */
	context_put(made_one);
	made_one = made(&client, &ring, "leaf");
	assert_ptr_equal(made_one->certs[0], &leaf);
	context_put(made_one);
	c[1].is_default = true;
	made_one = made(&client, &ring, NULL);
	assert_ptr_equal(made_one->certs[0], &leaf);
	context_put(made_one);
}

/* Intermediates of the ring are sent, in order, and the self-signed root is not. */
static void test_chain(void **state)
{
	struct profile p = profile_of(TLS_ROLE_SERVER);
	struct connection c[] = {
		{.cert = &ca, .usage = CERT_CERTAUTH},
		{.cert = &middle, .usage = CERT_CERTAUTH},
		{.cert = &leaf, .usage = CERT_PERSONAL, .is_default = true},
	};
	struct keyring ring = ring_of(c, 3);
	struct context *made_one = made(&p, &ring, NULL);
	STACK_OF(X509) *chain = NULL;

	(void)state;
	SSL_CTX_get0_chain_certs(made_one->ssl, &chain);
	assert_int_equal(sk_X509_num(chain), 1);
	assert_ptr_equal(sk_X509_value(chain, 0), middle.x509);
	context_put(made_one);
}

/* Safe without being asked: the settings that nobody writes in a rule. */
static void test_defaults(void **state)
{
	struct profile p = profile_of(TLS_ROLE_CLIENT);
	struct connection c[] = {{.cert = &ca, .usage = CERT_CERTAUTH}};
	struct keyring ring = ring_of(c, 1);
	struct context *made_one = made(&p, &ring, NULL);
	STACK_OF(SSL_CIPHER) *ciphers = SSL_CTX_get_ciphers(made_one->ssl);

	(void)state;
	for (int i = 0; i < sk_SSL_CIPHER_num(ciphers); i++) {
		const SSL_CIPHER *cipher = sk_SSL_CIPHER_value(ciphers, i);
		int kx = SSL_CIPHER_get_kx_nid(cipher);

		assert_true(SSL_CIPHER_is_aead(cipher));
		assert_true(kx == NID_kx_ecdhe || kx == NID_kx_any);
	}
	assert_int_equal(SSL_CTX_get_verify_mode(made_one->ssl), SSL_VERIFY_PEER);
	assert_int_equal(SSL_CTX_get_security_level(made_one->ssl), 2);
	assert_true(SSL_CTX_get_options(made_one->ssl) & SSL_OP_NO_RENEGOTIATION);
	assert_true(SSL_CTX_get_options(made_one->ssl) & SSL_OP_NO_COMPRESSION);
	context_put(made_one);
}

/* The profile may go while the context lives; references count. */
static void test_life(void **state)
{
	char *name = strdup("db.example");
	struct reference_id *ids = calloc(1, sizeof(*ids));
	struct profile p = profile_of(TLS_ROLE_CLIENT);
	struct connection c[] = {{.cert = &ca, .usage = CERT_CERTAUTH}};
	struct keyring ring = ring_of(c, 1);
	struct context *made_one;

	(void)state;
	ids->kind = REFERENCE_DNS;
	ids->name = name;
	p.references = ids;
	p.sni = name;
	made_one = made(&p, &ring, NULL);
	free(name);
	free(ids);
	assert_ptr_equal(context_get(made_one), made_one);
	context_put(made_one);
	assert_string_equal(made_one->ids[0].name, "db.example");
	assert_string_equal(made_one->sni, "db.example");
	context_put(made_one);
}

/* RSA of 1024 bits can be stored, as RACDCERT makes it; presented only where the level says so. */
static void test_weak_key(void **state)
{
	struct profile p = profile_of(TLS_ROLE_SERVER);
	struct issue wish = {.subject = "CN=weak", .usage = ISSUE_HANDSHAKE};
	struct cert weak = {.owner = (char *)"root", .label = (char *)"weak", .trust = CERT_TRUST};
	struct connection c[] = {{.cert = &weak, .usage = CERT_PERSONAL, .is_default = true}};
	struct keyring ring = ring_of(c, 1);
	struct err_list err;

	(void)state;
	err_init(&err);
	wish.not_after = time(NULL) + MAKE_HOUR;
	weak.key = issue_key("rsa", 1024, &err);
	weak.x509 = issue_certificate(&wish, weak.key, &err);
	assert_int_equal(err.count, 0);
	err_fini(&err);
	assert_refused(&p, &ring, NULL, "certificate \"weak\" has 1024 bits, which is too short");
	p.min_key = 1024;
	context_put(made(&p, &ring, NULL));
	make_free(&weak);
}

/* Several labels are several kinds of key, each with its chain; one kind twice is a mistake. */
static void test_labels(void **state)
{
	struct profile p = profile_of(TLS_ROLE_SERVER);
	struct issue wish = {.subject = "CN=leaf", .usage = ISSUE_HANDSHAKE};
	struct cert other = {.owner = (char *)"root", .label = (char *)"a,b", .trust = CERT_TRUST};
	struct cert twin = make_cert("twin", &wish, NULL);
	struct connection c[] = {
		{.cert = &leaf, .usage = CERT_PERSONAL},
		{.cert = &other, .usage = CERT_PERSONAL},
		{.cert = &twin, .usage = CERT_PERSONAL},
		{.cert = &hidden, .usage = CERT_PERSONAL},
	};
	struct keyring ring = ring_of(c, 4);
	struct context *made_one;
	struct err_list err;

	(void)state;
	err_init(&err);
	wish.not_after = time(NULL) + MAKE_HOUR;
	other.key = issue_key("ed25519", 0, &err);
	other.x509 = issue_certificate(&wish, other.key, &err);
	assert_int_equal(err.count, 0);
	err_fini(&err);
	made_one = made(&p, &ring, " leaf , a\\,b");
	assert_int_equal(made_one->cert_count, 2);
	assert_ptr_equal(made_one->certs[0], &leaf);
	assert_ptr_equal(made_one->certs[1], &other);
	context_put(made_one);
	assert_refused(&p, &ring, "leaf, a\\,b, twin",
		"certificates \"leaf\" and \"twin\" have the same kind of key");
	assert_refused(&p, &ring, "leaf, hidden", "no usable certificate \"hidden\"");
	assert_refused(&p, &ring, "leaf, a, b", "no usable certificate \"a\"");
	make_free(&other);
	make_free(&twin);
}

/* Without the right to the key a server is refused; a client goes on without, and it is told. */
static void test_right_to_key(void **state)
{
	struct profile server = profile_of(TLS_ROLE_SERVER), client = profile_of(TLS_ROLE_CLIENT);
	struct connection c[] = {{.cert = &leaf, .usage = CERT_PERSONAL, .is_default = true},
		{.cert = &ca, .usage = CERT_CERTAUTH}};
	struct keyring ring = ring_of(c, 2);
	struct ring_view view = {.ring = &ring, .user = "alice", .right = RIGHT_READ};
	struct context *made_one;
	struct err_list err;

	(void)state;
	err_init(&err);
	assert_null(context_new(&server, &view, NULL, &err));
	assert_null(context_new(&client, &view, "leaf", &err));
	/* the same sentence for both */
	assert_int_equal(err.said, 2);
	assert_int_equal(err.count, 1);
	assert_non_null(
		strstr(err.lines[0], "user alice may not use the private key: it takes UPDATE"));
	assert_int_equal(err.warning_count, 0);
	made_one = context_new(&client, &view, NULL, &err);
	assert_non_null(made_one);
	assert_null(made_one->certs[0]);
	assert_int_equal(err.warning_count, 1);
	context_put(made_one);
	view.right = RIGHT_UPDATE;
	made_one = context_new(&server, &view, NULL, &err);
	assert_non_null(made_one);
	assert_ptr_equal(made_one->certs[0], &leaf);
	context_put(made_one);
	err_fini(&err);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_server_needs_key),
		cmocka_unit_test(test_client_needs_anchor),
		cmocka_unit_test(test_bad_words),
		cmocka_unit_test(test_own_certificate),
		cmocka_unit_test(test_chain),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_life),
		cmocka_unit_test(test_weak_key),
		cmocka_unit_test(test_labels),
		cmocka_unit_test(test_right_to_key),
	};

	return cmocka_run_group_tests_name("context", tests, make_all, free_all);
}
