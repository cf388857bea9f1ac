/* SPDX-License-Identifier: GPL-3.0-or-later */
/* verb_alter.c - alter, delete, rollover: certificates that are in the store and in rings */
#include <openssl/x509v3.h>
#include <string.h>

#include "keyring/cli/links.h"
#include "keyring/cli/module.h"
#include "keyring/cli/verbs.h"

static struct cert_id wanted(const struct arguments *a)
{
	return (struct cert_id){.owner = arguments_owner(a), .label = a->values[ARG_LABEL]};
}

/*
 * The new label is written first and the old one removed last, and rings change between. So what a
 * crash leaves is whole, and the same command finishes it.
 */
static bool relabel(
	const struct desk *d, const struct cert *c, const char *label, struct err_list *err)
{
	struct cert_id from = {.owner = c->owner, .label = c->label};
	const struct cert *there = keystore_cert(d->keys, c->owner, label);
	bool in_file = cert_has_key(c) && !cert_in_token(c);
	unsigned parts = STORE_CERT | STORE_META | (in_file ? STORE_KEY : 0);
	struct cert to = {
		.owner = c->owner,
		.label = (char *)label,
		.trust = c->trust,
		.notes = c->notes,
		.x509 = cert_x509(c),
		.key = in_file ? cert_key(c) : NULL,
		.key_source = c->key_source,
	};

	if (there && (there == c || !facts_same(&there->facts, &c->facts))) {
		err_add(err, "%s/%s is there already: take another label", there->owner,
			there->label);
		return false;
	}
	return store_write_cert(d->store, &to, parts, err) &&
	       links_change(d, &from, link_rename, &to, err) &&
	       store_remove_cert(d->store, from.owner, from.label, STORE_ALL, err);
}

static bool alter(const struct desk *d, const struct arguments *a, struct err_list *err)
{
	struct cert_id id = wanted(a);
	const struct cert *c = desk_cert(d, id.owner, id.label, err);
	const char *label = a->values[ARG_NEWLABEL];
	struct cert changed;

	if (!c)
		return false;
	changed = *c;
	if (!arguments_trust(a, c->owner, c->trust, &changed.trust, err))
		return false;
	if (label)
		return relabel(d, &changed, label, err);
	return store_write_cert(d->store, &changed, STORE_META, err);
}

bool verb_alter(const struct arguments *a, struct err_list *err)
{
	struct desk d;
	bool good;

	if (!a->values[ARG_NEWLABEL] && !a->values[ARG_TRUST] && !a->values[ARG_NOTRUST] &&
		!a->values[ARG_HIGHTRUST]) {
		err_add(err, "alter needs a status or --newlabel");
		return false;
	}
	if (!desk_open(&d, a, true, err))
		return false;
	good = alter(&d, a, err);
	desk_close(&d);
	return good;
}

bool verb_delete(const struct arguments *a, struct err_list *err)
{
	struct cert_id id = wanted(a);
	const struct cert *c;
	struct desk d;
	bool good;

	if (!desk_open(&d, a, true, err))
		return false;
	good = store_has_cert(d.store, id.owner, id.label);
	if (!good)
		err_add(err, "there is no certificate %s/%s", id.owner, id.label);
	good = good && links_change(&d, &id, link_drop, NULL, err) &&
	       store_remove_cert(d.store, id.owner, id.label, STORE_ALL, err);
	c = good ? keystore_cert(d.keys, id.owner, id.label) : NULL;
	if (c)
		module_left(c, err);
	desk_close(&d);
	return good;
}

static bool may_retire(
	const struct cert *old, const struct cert *new, bool force, struct err_list *err)
{
	if (old == new)
		err_add(err, "--newlabel %s: is the old label", new->label);
	else if (!cert_has_key(new))
		err_add(err, "%s/%s has no private key here, so it cannot take over", new->owner,
			new->label);
	else if (!cert_has_key(old) && !force)
		err_add(err, "%s/%s has no private key to retire: say --force to change the rings",
			old->owner, old->label);
	else if (X509_self_signed(cert_x509(new), 0) == 1 &&
		 X509_self_signed(cert_x509(old), 0) != 1 && !force)
		err_add(err,
			"%s/%s is signed by itself and the old one was not: have it signed first "
			"(genreq), or say --force",
			new->owner, new->label);
	else
		return true;
	return false;
}

static bool retire(struct desk *d, const struct cert *old, struct err_list *err)
{
	struct cert without = *old;

	if (!cert_in_token(old))
		return store_remove_cert(d->store, old->owner, old->label, STORE_KEY, err);
	without.key_source = NULL;
	module_left(old, err);
	return store_write_cert(d->store, &without, STORE_META, err);
}

bool verb_rollover(const struct arguments *a, struct err_list *err)
{
	struct cert_id id = wanted(a);
	const struct cert *old, *new;
	struct desk d;
	bool good;

	if (!desk_open(&d, a, true, err))
		return false;
	old = desk_cert(&d, id.owner, id.label, err);
	new = old ? desk_cert(&d, id.owner, a->values[ARG_NEWLABEL], err) : NULL;
	good = new &&may_retire(old, new, a->values[ARG_FORCE], err) &&
	       links_change(&d, &id, link_rollover, new, err) && retire(&d, old, err);
	desk_close(&d);
	return good;
}
