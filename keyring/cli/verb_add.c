/* SPDX-License-Identifier: GPL-3.0-or-later */
/* verb_add.c - add: certificates from files into the store */
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "keyring/cli/bundle.h"
#include "keyring/cli/verbs.h"
#include "keyring/name.h"
#include "keyring/remote.h"
#include "keyring/token_uri.h"

/* RACDCERT's default label: LABEL and a number that is free. */
static void free_label(const struct desk *d, const char *owner, char *label)
{
	unsigned number = 0;

	do
		snprintf(label, NAME_SIZE, "LABEL%08u", ++number);
	while (keystore_cert(d->keys, owner, label));
}

/* --key is where a token has it. */
static bool names_token(const struct arguments *a)
{
	return a->values[ARG_KEY] && token_uri_is(a->values[ARG_KEY]);
}

static bool read_input(struct bundle *b, const struct arguments *a, struct err_list *err)
{
	struct password password = arguments_password(a);
	struct bundle apart;

	if (!bundle_read(b, a->values[ARG_CERT], &password, err))
		return false;
	if (sk_X509_num(b->certs) <= 0) {
		err_add(err, "%s: holds no certificate", a->values[ARG_CERT]);
		return false;
	}
	if (!a->values[ARG_KEY])
		return true;
	if (names_token(a)) {
		EVP_PKEY_free(b->key); /* of two, the one that was asked for */
		b->key = NULL;
		return token_uri_check(a->values[ARG_KEY], err);
	}
	if (!bundle_read(&apart, a->values[ARG_KEY], &password, err))
		return false;
	EVP_PKEY_free(b->key);
	b->key = apart.key;
	apart.key = NULL;
	bundle_free(&apart);
	if (!b->key)
		err_add(err, "%s: holds no private key", a->values[ARG_KEY]);
	return b->key != NULL;
}

static bool has_issued(X509 *x, STACK_OF(X509) * certs)
{
	for (int i = 0; i < sk_X509_num(certs); i++) {
		X509 *other = sk_X509_value(certs, i);

		if (other != x && X509_check_issued(x, other) == X509_V_OK)
			return true;
	}
	return false;
}

/* Which one the label is for: the key's, else the first that issued none of the others. */
static int find_main(const struct bundle *b, EVP_PKEY *key)
{
	for (int i = 0; i < sk_X509_num(b->certs); i++) {
		X509 *x = sk_X509_value(b->certs, i);

		if (key ? X509_check_private_key(x, key) == 1 : !has_issued(x, b->certs))
			return i;
	}
	return key ? -1 : 0;
}

/* It, taken out of the bundle. */
static X509 *take_main(struct bundle *b, EVP_PKEY *key, struct err_list *err)
{
	int i = find_main(b, key);

	ERR_clear_error();
	if (i >= 0)
		return sk_X509_delete(b->certs, i);
	err_add(err, "the private key belongs to no certificate in the file");
	return NULL;
}

static bool same_public_key(const struct cert *a, const X509 *x)
{
	unsigned char *der;
	struct facts f;
	bool same = desk_facts(x, &f, &der) && span_equal(a->facts.public_key, f.public_key);

	OPENSSL_free(der);
	return same;
}

/* What @owner has for the key of @x with the private key: its request, or its last edition. */
static const struct cert *find_predecessor(const struct desk *d, const char *owner, const X509 *x)
{
	const struct cert *c;

	for (size_t i = 0; (c = keystore_cert_at(d->keys, i)); i++) {
		if (strcasecmp(c->owner, owner) == 0 && cert_has_key(c) && same_public_key(c, x))
			return c;
	}
	return NULL;
}

/*
 * Certificate and key are replaced together by way of a key file that has both keys; with a token
 * there is no such step, and a crash could leave a certificate with a key that does not fit.
 */
static bool may_replace(const struct cert *old, const struct cert *c, struct err_list *err)
{
	if (!cert_in_token(c) && (!cert_in_token(old) || !c->key))
		return true;
	err_add(err,
		"%s/%s is there already with another key, and one of the two is in a token: store "
		"this one under another label, then rollover",
		c->owner, c->label);
	return false;
}

/* A certificate is stored once; a renewal (same key) takes the place of the old one. */
static bool may_store(
	const struct desk *d, const struct cert *c, bool replace, struct err_list *err)
{
	const struct cert *same = desk_same(d, cert_x509(c));
	const struct cert *old = keystore_cert(d->keys, c->owner, c->label);
	const struct cert *before = find_predecessor(d, c->owner, cert_x509(c));

	if (same && same != old)
		err_add(err, "this certificate is stored already, as %s/%s", same->owner,
			same->label);
	else if (old && !replace && !same_public_key(old, cert_x509(c)))
		err_add(err,
			"%s/%s is there already, with another key: say --replace, or take another "
			"label",
			c->owner, c->label);
	else if (before && !old)
		err_add(err,
			"the private key of this certificate is stored as %s/%s: leave --label out "
			"to renew that one, and change its label with alter --newlabel",
			before->owner, before->label);
	else
		return !old || same_public_key(old, cert_x509(c)) || may_replace(old, c, err);
	return false;
}

/* Where there is a module, the key must be there and fit. */
static bool token_has_key(const struct cert *c, struct err_list *err)
{
	size_t before = err->warning_count;

	if (!remote_answers()) {
		err_warn(err, "%s: this key was not looked for: that takes --pkcs11-module",
			c->key_source);
		return true;
	}
	if (!cert_check(c, err))
		return false;
	if (err->warning_count == before)
		return true;
	err_add(err, "nothing is stored, since the key cannot be used");
	return false;
}

static bool store_main(struct desk *d, const struct cert *c, struct err_list *err)
{
	const struct cert *old = keystore_cert(d->keys, c->owner, c->label);
	unsigned parts = STORE_CERT;

	/* with another key and without a private one, the old private key is of no use */
	if (old && !cert_has_key(c) && !same_public_key(old, cert_x509(c)) &&
		!store_remove_cert(d->store, c->owner, c->label, STORE_KEY, err))
		return false;
	if (c->key && !cert_in_token(c))
		parts |= STORE_KEY;
	if (!old || old->trust != c->trust || cert_in_token(old) || cert_in_token(c))
		parts |= STORE_META;
	return store_write_cert(d->store, c, parts, err) &&
	       (!cert_in_token(c) ||
		       store_remove_cert(d->store, c->owner, c->label, STORE_KEY, err));
}

static void say_stored(const struct cert *c)
{
	print_clean(c->owner);
	putchar('/');
	print_clean(c->label);
	putchar('\n');
}

/* The rest of a bundle is its chain: CA certificates, which belong to CERTAUTH. */
static bool store_chain(struct desk *d, const struct arguments *a, struct bundle *b,
	enum cert_trust trust, struct err_list *err)
{
	for (int i = 0; i < sk_X509_num(b->certs); i++) {
		char label[NAME_SIZE];
		struct cert c = {
			.owner = (char *)"CERTAUTH",
			.label = label,
			.trust = trust,
			.x509 = sk_X509_value(b->certs, i),
		};

		if (desk_same(d, c.x509))
			continue;
		if (X509_check_ca(c.x509) == 0) {
			err_warn(err, "certificate %d of the file is not of a CA: left out", i + 2);
			continue;
		}
		free_label(d, c.owner, label);
		if (!store_write_cert(d->store, &c, STORE_CERT | STORE_META, err) ||
			!desk_read_again(d, a))
			return false;
		say_stored(&c);
	}
	return true;
}

/* What to store under which label; where none was given, the predecessor's, else a new one. */
static bool take_identity(struct cert *c, const struct desk *d, const struct arguments *a,
	char *label, struct err_list *err)
{
	const struct cert *old = NULL;

	if (!c->label)
		old = find_predecessor(d, c->owner, cert_x509(c));
	if (old)
		snprintf(label, NAME_SIZE, "%s", old->label);
	else if (!c->label)
		free_label(d, c->owner, label);
	c->label = c->label ? c->label : label;
	old = keystore_cert(d->keys, c->owner, c->label);
	c->notes = old ? old->notes : NULL;
	if (old && !cert_has_key(c) && same_public_key(old, cert_x509(c)))
		c->key_source = old->key_source;
	return arguments_trust(a, c->owner, old ? old->trust : CERT_TRUST, &c->trust, err);
}

static bool add(struct desk *d, const struct arguments *a, struct bundle *b, struct err_list *err)
{
	char label[NAME_SIZE];
	struct cert c = {
		.owner = (char *)arguments_owner(a),
		.label = (char *)a->values[ARG_LABEL],
		.path = (char *)a->values[ARG_CERT],
		.key = b->key,
	};
	bool good;

	b->key = NULL;
	if (names_token(a))
		c.key_source = (char *)a->values[ARG_KEY];
	c.x509 = take_main(b, c.key, err);
	good = c.x509 && take_identity(&c, d, a, label, err) &&
	       may_store(d, &c, a->values[ARG_REPLACE], err) &&
	       (!names_token(a) || token_has_key(&c, err)) && store_main(d, &c, err);
	if (good)
		say_stored(&c);
	X509_free(c.x509);
	EVP_PKEY_free(c.key);
	return good && desk_read_again(d, a) && store_chain(d, a, b, c.trust, err);
}

bool verb_add(const struct arguments *a, struct err_list *err)
{
	struct bundle b;
	struct desk d;
	bool good;

	if (!read_input(&b, a, err)) {
		bundle_free(&b);
		return false;
	}
	good = desk_open(&d, a, true, err);
	if (good) {
		good = add(&d, a, &b, err);
		desk_close(&d);
	}
	bundle_free(&b);
	return good;
}
