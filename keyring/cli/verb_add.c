/* SPDX-License-Identifier: GPL-3.0-or-later */
/* verb_add.c - add, delete: certificates from files into the store, and out of it */
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keyring/cli/bundle.h"
#include "keyring/cli/verbs.h"
#include "keyring/name.h"

/* RACDCERT's default label: LABEL and a number that is free. */
static void free_label(const struct desk *d, const char *owner, char *label)
{
	unsigned number = 0;

	do
		snprintf(label, NAME_SIZE, "LABEL%08u", ++number);
	while (keystore_cert(d->keys, owner, label));
}

static bool read_input(struct bundle *b, const struct arguments *a, struct err_list *err)
{
	struct bundle apart;
	const char *password_file = a->values[ARG_PASSWORD_FILE];

	if (!bundle_read(b, a->values[ARG_CERT], password_file, err))
		return false;
	if (sk_X509_num(b->certs) <= 0) {
		err_add(err, "%s: holds no certificate", a->values[ARG_CERT]);
		return false;
	}
	if (!a->values[ARG_KEY])
		return true;
	if (!bundle_read(&apart, a->values[ARG_KEY], password_file, err))
		return false;
	EVP_PKEY_free(b->key);
	b->key = apart.key;
	apart.key = NULL;
	bundle_free(&apart);
	if (!b->key)
		err_add(err, "%s: holds no private key", a->values[ARG_KEY]);
	return b->key != NULL;
}

/* The certificate that the label is for: the key's, or the first; taken out of the bundle. */
static X509 *take_main(struct bundle *b, struct err_list *err)
{
	for (int i = 0; b->key && i < sk_X509_num(b->certs); i++) {
		if (X509_check_private_key(sk_X509_value(b->certs, i), b->key) == 1) {
			ERR_clear_error();
			return sk_X509_delete(b->certs, i);
		}
	}
	ERR_clear_error();
	if (!b->key)
		return sk_X509_shift(b->certs);
	err_add(err, "the private key belongs to no certificate in the file");
	return NULL;
}

static bool same_public_key(const X509 *a, const X509 *b)
{
	const EVP_PKEY *x = X509_get0_pubkey(a), *y = X509_get0_pubkey(b);

	return x && y && EVP_PKEY_eq(x, y) == 1;
}

/* A certificate is stored once; a renewal (same key) takes the place of the old one. */
static bool may_store(const struct desk *d, const struct cert *c, struct err_list *err)
{
	const struct cert *same = desk_same(d, cert_x509(c));
	const struct cert *old = keystore_cert(d->keys, c->owner, c->label);

	if (same && same != old) {
		err_add(err, "this certificate is stored already, as %s/%s", same->owner,
			same->label);
		return false;
	}
	if (old && !same_public_key(cert_x509(old), cert_x509(c))) {
		err_add(err,
			"%s/%s is there already, with another key: delete it first, or take "
			"another label",
			c->owner, c->label);
		return false;
	}
	return true;
}

static bool store_main(struct desk *d, const struct cert *c, struct err_list *err)
{
	const struct cert *old = keystore_cert(d->keys, c->owner, c->label);
	unsigned parts = STORE_CERT;

	if (cert_key(c))
		parts |= STORE_KEY;
	if (!old || old->trust != c->trust)
		parts |= STORE_META;
	return store_write_cert(d->store, c, parts, err);
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

static bool add(struct desk *d, const struct arguments *a, struct bundle *b, struct err_list *err)
{
	char label[NAME_SIZE];
	struct cert c = {
		.owner = (char *)arguments_owner(a),
		.label = (char *)a->values[ARG_LABEL],
		.key = b->key,
	};
	const struct cert *old;
	bool good;

	if (!c.label) {
		free_label(d, c.owner, label);
		c.label = label;
	}
	old = keystore_cert(d->keys, c.owner, c.label);
	if (!arguments_trust(a, c.owner, old ? old->trust : CERT_TRUST, &c.trust, err))
		return false;
	c.x509 = take_main(b, err);
	good = c.x509 && may_store(d, &c, err) && store_main(d, &c, err);
	if (good)
		say_stored(&c);
	X509_free(c.x509);
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

/* Take references to a certificate out of each ring that has one. */
static bool disconnect(struct desk *d, const char *owner, const char *label, struct err_list *err)
{
	size_t certs, rings;
	bool good = true;

	keystore_count(d->keys, &certs, &rings);
	for (size_t i = 0; i < rings && good; i++) {
		const struct keyring *r = keystore_ring_at(d->keys, i);
		char *path = store_ring_path(d->store, r->owner, r->name);
		struct ring_refs refs = {0};
		struct ring_ref *ref;
		size_t before = err->count;

		if (path)
			ringfile_read(&refs, path, r->owner, err);
		ref = refs_find(&refs, owner, label);
		if (ref && err->count == before) {
			refs_drop(&refs, ref);
			good = store_write_ring(d->store, r->owner, r->name, &refs, err);
		}
		good = good && err->count == before;
		refs_free(&refs);
		free(path);
	}
	return good;
}

bool verb_delete(const struct arguments *a, struct err_list *err)
{
	const char *owner = arguments_owner(a), *label = a->values[ARG_LABEL];
	struct desk d;
	bool good;

	if (!desk_open(&d, a, true, err))
		return false;
	good = store_has_cert(d.store, owner, label);
	if (!good)
		err_add(err, "there is no certificate %s/%s", owner, label);
	good = good && disconnect(&d, owner, label, err) &&
	       store_remove_cert(d.store, owner, label, STORE_ALL, err);
	desk_close(&d);
	return good;
}
