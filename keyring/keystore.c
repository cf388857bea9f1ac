/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * keystore.c - the keyring directory as an immutable snapshot in memory
 *
 * Certificates first, sorted by owner and label; then rings, whose references are looked up among
 * them; then access.ini, whose sections are looked up among the rings. Every look-up is a binary
 * search, so ten thousand certificates load in the time it takes to read and decode them.
 */
#include "keyring/keyring.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "keyring/access.h"
#include "keyring/certfile.h"
#include "keyring/files.h"
#include "keyring/heap.h"
#include "keyring/name.h"
#include "keyring/ringfile.h"

struct ring_entry {
	struct keyring ring;
	struct access access;
	char *path;
};

struct keystore {
	atomic_uint references;
	struct guard guard;
	struct cert **certs; /* sorted by owner without case, then label */
	size_t cert_count;
	struct ring_entry **rings; /* sorted by owner and name without case */
	size_t ring_count;
};

static int compare_keys(const char *owner_a, const char *owner_b, int names)
{
	int c = strcasecmp(owner_a, owner_b);

	return c ? c : names;
}

static int compare_certs(const void *a, const void *b)
{
	const struct cert *x = *(struct cert *const *)a, *y = *(struct cert *const *)b;

	return compare_keys(x->owner, y->owner, strcmp(x->label, y->label));
}

static int compare_rings(const void *a, const void *b)
{
	const struct keyring *x = &(*(struct ring_entry *const *)a)->ring;
	const struct keyring *y = &(*(struct ring_entry *const *)b)->ring;

	return compare_keys(x->owner, y->owner, strcasecmp(x->name, y->name));
}

/* What to do with one owner's folder. */
typedef void folder_fn(
	struct keystore *k, const char *path, const char *owner, struct err_list *err);

/* Go through the owners below @top ("certs" or "rings"). */
static void each_owner(struct keystore *k, const char *dir, const char *top, folder_fn *visit,
	struct err_list *err)
{
	char *path = heap_format("%s/%s", dir, top);
	struct names owners;

	guard_directory(path, err);
	names_list(&owners, path, err);
	for (size_t i = 0; i < owners.count; i++) {
		char *folder = heap_format("%s/%s", path, owners.items[i]);
		char owner[NAME_SIZE];

		guard_directory(folder, err);
		if (name_from_file(owners.items[i], "", owner) && name_owner_ok(owner))
			visit(k, folder, name_owner(owner), err);
		else
			err_add(err, "%s: is not how an owner is written (%%XX): rename it",
				folder);
		free(folder);
	}
	names_free(&owners);
	free(path);
}

/* A .key or .meta whose .pem is missing, or a file that is none of ours. */
static void warn_stray(
	const struct names *files, const char *folder, const char *file, struct err_list *err)
{
	const char *dot = strrchr(file, '.');
	char pem[NAME_SIZE + 8];
	char *want = pem;

	if (!dot || (strcmp(dot, ".key") != 0 && strcmp(dot, ".meta") != 0)) {
		err_warn(err, "%s/%s: is no .pem, .key or .meta file: ignored", folder, file);
		return;
	}
	snprintf(pem, sizeof(pem), "%.*s.pem", (int)(dot - file), file);
	for (size_t low = 0, high = files->count; low < high;) {
		size_t middle = (low + high) / 2;
		int c = strcmp(want, files->items[middle]);

		if (c == 0)
			return;
		if (c < 0)
			high = middle;
		else
			low = middle + 1;
	}
	err_warn(err, "%s/%s: has no certificate %s beside it: ignored", folder, file, pem);
}

static void read_cert_folder(
	struct keystore *k, const char *folder, const char *owner, struct err_list *err)
{
	struct names files;

	names_list(&files, folder, err);
	for (size_t i = 0; i < files.count; i++) {
		struct cert *c;

		if (!name_has_suffix(files.items[i], ".pem")) {
			warn_stray(&files, folder, files.items[i], err);
			continue;
		}
		c = certfile_read(&k->guard, folder, owner, files.items[i], err);
		if (!c)
			continue;
		k->certs = heap_append(k->certs, k->cert_count, sizeof(*k->certs));
		k->certs[k->cert_count++] = c;
	}
	names_free(&files);
}

/* Labels differ within a folder, but two folders may spell one owner. */
static void read_certs(struct keystore *k, const char *dir, struct err_list *err)
{
	each_owner(k, dir, "certs", read_cert_folder, err);
	if (k->cert_count)
		qsort(k->certs, k->cert_count, sizeof(*k->certs), compare_certs);
	for (size_t i = 1; i < k->cert_count; i++) {
		if (compare_certs(&k->certs[i - 1], &k->certs[i]) == 0)
			err_add(err, "%s: is also %s (owners compare without case): remove one",
				k->certs[i]->path, k->certs[i - 1]->path);
	}
}

static void resolve(
	struct keystore *k, struct ring_entry *e, const struct ring_ref *ref, struct err_list *err)
{
	const struct cert *c = keystore_cert(k, ref->owner, ref->label);
	struct keyring *r = &e->ring;

	if (!c) {
		err_add(err,
			"%s:%d: there is no certificate %s/%s: add it, or take it out with "
			"attls-keyring remove",
			e->path, ref->line, ref->owner, ref->label);
		return;
	}
	if (!c->x509)
		return; /* there, but broken: already said */
	r->connections = heap_append(r->connections, r->connection_count, sizeof(*r->connections));
	r->connections[r->connection_count++] =
		(struct connection){.cert = c, .usage = ref->usage, .is_default = ref->is_default};
}

static void read_ring(struct keystore *k, const char *folder, const char *owner, const char *file,
	struct err_list *err)
{
	struct ring_entry *e;
	struct ring_refs refs;
	char name[NAME_SIZE];

	if (!name_has_suffix(file, ".ring")) {
		err_warn(err, "%s/%s: is no .ring file: ignored", folder, file);
		return;
	}
	if (!name_from_file(file, ".ring", name)) {
		err_add(err, "%s/%s: is not how a ring is written (%%XX): rename it", folder, file);
		return;
	}
	e = heap_zero(sizeof(*e));
	e->path = heap_format("%s/%s", folder, file);
	e->ring.owner = heap_copy(owner);
	e->ring.name = heap_copy(name);
	ringfile_read(&refs, e->path, owner, err);
	for (size_t i = 0; i < refs.count; i++)
		resolve(k, e, &refs.items[i], err);
	refs_free(&refs);
	k->rings = heap_append(k->rings, k->ring_count, sizeof(*k->rings));
	k->rings[k->ring_count++] = e;
}

static void read_ring_folder(
	struct keystore *k, const char *folder, const char *owner, struct err_list *err)
{
	struct names files;

	if (name_is_reserved(owner))
		err_add(err, "%s: rings belong to users, not to %s: move them", folder, owner);
	names_list(&files, folder, err);
	for (size_t i = 0; i < files.count; i++)
		read_ring(k, folder, owner, files.items[i], err);
	names_free(&files);
}

static void read_rings(struct keystore *k, const char *dir, struct err_list *err)
{
	each_owner(k, dir, "rings", read_ring_folder, err);
	if (k->ring_count)
		qsort(k->rings, k->ring_count, sizeof(*k->rings), compare_rings);
	for (size_t i = 1; i < k->ring_count; i++) {
		if (compare_rings(&k->rings[i - 1], &k->rings[i]) == 0)
			err_add(err, "%s: is also %s (rings compare without case): remove one",
				k->rings[i]->path, k->rings[i - 1]->path);
	}
}

static struct ring_entry *find_ring(const struct keystore *k, const char *owner, const char *name)
{
	struct ring_entry wanted = {.ring = {.owner = (char *)owner, .name = (char *)name}};
	struct ring_entry *key = &wanted, **found;

	if (!k->ring_count)
		return NULL;
	found = bsearch(&key, k->rings, k->ring_count, sizeof(*k->rings), compare_rings);
	return found ? *found : NULL;
}

static void take_access(struct keystore *k, const struct ini_section *s, struct err_list *err)
{
	char owner[NAME_SIZE], name[NAME_SIZE];
	struct ring_entry *e;
	struct access a;

	if (!access_parse(&a, s, owner, name, err))
		return;
	e = find_ring(k, owner, name);
	if (e && !e->access.everyone && !e->access.user_count) {
		e->access = a;
		return;
	}
	if (e)
		ini_error(err, s, NULL, "this ring was named before (names compare without case)");
	else
		err_warn(err, "%s:%d: [ring %s]: there is no such ring", s->file, s->line, s->name);
	access_fini(&a);
}

static void read_access(struct keystore *k, const char *dir, struct err_list *err)
{
	char *path = heap_format("%s/access.ini", dir);
	struct ini *ini = NULL;
	struct stat st;

	if (stat(path, &st) == 0)
		guard_file(path, &st, err);
	if (access(path, F_OK) == 0 || errno != ENOENT)
		ini = ini_load(path, err);
	for (size_t i = 0; ini && i < ini->section_count; i++)
		take_access(k, &ini->sections[i], err);
	ini_free(ini);
	free(path);
}

/* What could not be read was kept only so that references to it are not called dangling. */
static void drop_broken(struct keystore *k)
{
	size_t kept = 0;

	for (size_t i = 0; i < k->cert_count; i++) {
		if (k->certs[i]->x509)
			k->certs[kept++] = k->certs[i];
		else
			cert_free(k->certs[i]);
	}
	k->cert_count = kept;
}

struct keystore *keystore_read(const char *dir, struct err_list *err)
{
	struct keystore *k;
	struct stat st;

	if (stat(dir, &st) < 0) {
		err_add(err, "%s: the keyring directory cannot be read: %s", dir, strerror(errno));
		return NULL;
	}
	if (!S_ISDIR(st.st_mode)) {
		err_add(err, "%s: the keyring is a directory, and this is none", dir);
		return NULL;
	}
	k = heap_zero(sizeof(*k));
	atomic_init(&k->references, 1);
	k->guard = (struct guard){.uid = st.st_uid, .gid = st.st_gid};
	guard_directory(dir, err);
	read_certs(k, dir, err);
	read_rings(k, dir, err);
	read_access(k, dir, err);
	drop_broken(k);
	return k;
}

struct keystore *keystore_load(const char *dir, struct err_list *err)
{
	size_t before = err->count;
	struct keystore *k = keystore_read(dir, err);

	if (err->count == before)
		return k;
	keystore_put(k);
	return NULL;
}

struct keystore *keystore_get(struct keystore *k)
{
	atomic_fetch_add(&k->references, 1);
	return k;
}

static void ring_entry_free(struct ring_entry *e)
{
	free(e->ring.owner);
	free(e->ring.name);
	free(e->ring.connections);
	access_fini(&e->access);
	free(e->path);
	free(e);
}

void keystore_put(struct keystore *k)
{
	if (!k || atomic_fetch_sub(&k->references, 1) > 1)
		return;
	for (size_t i = 0; i < k->ring_count; i++)
		ring_entry_free(k->rings[i]);
	for (size_t i = 0; i < k->cert_count; i++)
		cert_free(k->certs[i]);
	free(k->rings);
	free(k->certs);
	free(k);
}

const struct keyring *keystore_ring(const struct keystore *k, const char *owner, const char *name)
{
	const struct ring_entry *e = find_ring(k, owner, name);

	return e ? &e->ring : NULL;
}

const struct cert *keystore_cert(const struct keystore *k, const char *owner, const char *label)
{
	struct cert wanted = {.owner = (char *)owner, .label = (char *)label};
	struct cert *key = &wanted, **found;

	if (!k->cert_count)
		return NULL;
	found = bsearch(&key, k->certs, k->cert_count, sizeof(*k->certs), compare_certs);
	return found ? *found : NULL;
}

void keystore_count(const struct keystore *k, size_t *certs, size_t *rings)
{
	*certs = k->cert_count;
	*rings = k->ring_count;
}

const struct cert *keystore_cert_at(const struct keystore *k, size_t i)
{
	return i < k->cert_count ? k->certs[i] : NULL;
}

const struct keyring *keystore_ring_at(const struct keystore *k, size_t i)
{
	return i < k->ring_count ? &k->rings[i]->ring : NULL;
}

const struct cert *keyring_certificate(const struct keyring *r, const char *label)
{
	for (size_t i = 0; i < r->connection_count; i++) {
		const struct connection *c = &r->connections[i];

		if (c->usage != CERT_PERSONAL || c->cert->trust == CERT_NOTRUST || !c->cert->key)
			continue;
		if (label ? strcmp(c->cert->label, label) == 0 : c->is_default)
			return c->cert;
	}
	return NULL;
}

bool keystore_may_read(const struct keystore *k, const char *user, const struct keyring *r)
{
	const struct ring_entry *e = find_ring(k, r->owner, r->name);

	if (user && strcasecmp(user, r->owner) == 0)
		return true;
	return e && access_allows(&e->access, user);
}
