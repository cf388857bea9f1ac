/* SPDX-License-Identifier: GPL-3.0-or-later */
/* verb_ring.c - addring, delring, connect, remove: rings and what is connected to them */
#include <stdlib.h>
#include <string.h>

#include "keyring/certfile.h"
#include "keyring/cli/verbs.h"
#include "keyring/name.h"

bool verb_addring(const struct arguments *a, struct err_list *err)
{
	const char *owner = a->values[ARG_ID], *name = a->operand;
	struct ring_refs none = {0};
	struct desk d;
	char *path;
	bool good;

	if (!desk_open(&d, a, true, err))
		return false;
	path = store_ring_path(d.store, owner, name);
	if (path)
		err_add(err, "ring %s/%s is there already", owner, name);
	good = !path && store_write_ring(d.store, owner, name, &none, err);
	free(path);
	desk_close(&d);
	return good;
}

bool verb_delring(const struct arguments *a, struct err_list *err)
{
	const char *owner = a->values[ARG_ID], *name = a->operand;
	struct desk d;
	char *path;
	bool good;

	if (!desk_open(&d, a, true, err))
		return false;
	path = store_ring_path(d.store, owner, name);
	if (!path)
		err_add(err, "there is no ring %s/%s", owner, name);
	good = path && store_remove_ring(d.store, owner, name, err);
	free(path);
	desk_close(&d);
	return good;
}

/* The references of the ring that --id and --ring name. A file with errors is not rewritten. */
static bool read_ring(const struct desk *d, const struct arguments *a, struct ring_refs *refs,
	struct err_list *err)
{
	const char *owner = a->values[ARG_ID], *name = a->values[ARG_RING];
	char *path = store_ring_path(d->store, owner, name);
	size_t before = err->count;

	if (path)
		ringfile_read(refs, path, owner, err);
	else
		err_add(err, "there is no ring %s/%s: make it with addring", owner, name);
	free(path);
	return err->count == before;
}

/* Owner of the certificate: --owner, else the ring's. */
static const char *cert_owner(const struct arguments *a)
{
	return name_owner(a->values[ARG_OWNER] ? a->values[ARG_OWNER] : a->values[ARG_ID]);
}

static bool take_usage(const struct arguments *a, enum cert_usage *usage, struct err_list *err)
{
	const char *word = a->values[ARG_USAGE];

	if (!word || cert_usage_parse(word, usage))
		return true;
	err_add(err, "--usage %s: is none of personal, certauth, site", word);
	return false;
}

/* Connecting again changes usage and default; a new default takes the mark from the old one. */
static bool connect_cert(const struct desk *d, const struct arguments *a, struct ring_refs *refs,
	struct err_list *err)
{
	const struct cert *c = desk_cert(d, cert_owner(a), a->values[ARG_LABEL], err);
	struct ring_ref fresh, *ref;

	if (!c)
		return false;
	ref = refs_find(refs, c->owner, c->label);
	if (!ref) {
		fresh = (struct ring_ref){
			.owner = c->owner, .label = c->label, .usage = usage_of_owner(c->owner)};
		refs_add(refs, &fresh);
		ref = &refs->items[refs->count - 1];
	}
	if (!take_usage(a, &ref->usage, err))
		return false;
	for (size_t i = 0; a->values[ARG_DEFAULT] && i < refs->count; i++)
		refs->items[i].is_default = &refs->items[i] == ref;
	if (ref->usage == CERT_PERSONAL && !cert_key(c))
		err_warn(err, "%s/%s has no private key here, so it cannot be presented", c->owner,
			c->label);
	return true;
}

bool verb_connect(const struct arguments *a, struct err_list *err)
{
	struct ring_refs refs = {0};
	struct desk d;
	bool good;

	if (!desk_open(&d, a, true, err))
		return false;
	good = read_ring(&d, a, &refs, err) && connect_cert(&d, a, &refs, err) &&
	       store_write_ring(d.store, a->values[ARG_ID], a->values[ARG_RING], &refs, err);
	refs_free(&refs);
	desk_close(&d);
	return good;
}

static bool drop_cert(const struct arguments *a, struct ring_refs *refs, struct err_list *err)
{
	struct ring_ref *ref = refs_find(refs, cert_owner(a), a->values[ARG_LABEL]);

	if (ref)
		refs_drop(refs, ref);
	else
		err_add(err, "ring %s/%s has no certificate %s/%s", a->values[ARG_ID],
			a->values[ARG_RING], cert_owner(a), a->values[ARG_LABEL]);
	return ref != NULL;
}

bool verb_remove(const struct arguments *a, struct err_list *err)
{
	struct ring_refs refs = {0};
	struct desk d;
	bool good;

	if (!desk_open(&d, a, true, err))
		return false;
	good = read_ring(&d, a, &refs, err) && drop_cert(a, &refs, err) &&
	       store_write_ring(d.store, a->values[ARG_ID], a->values[ARG_RING], &refs, err);
	refs_free(&refs);
	desk_close(&d);
	return good;
}
