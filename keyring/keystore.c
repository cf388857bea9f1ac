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
#include "keyring/initext.h"
#include "keyring/name.h"
#include "keyring/ringfile.h"
#include "keyring/usermap.h"

struct ring_entry {
	struct keyring ring;
	struct access access;
};

struct keystore {
	atomic_uint references;
	struct guard guard;
	struct cert **certs; /* sorted by owner without case, then label */
	size_t cert_count;
	struct cert **by_serial;   /* the same, sorted by issuer and serial number */
	struct ring_entry **rings; /* stored ones, sorted by owner and name without case */
	size_t ring_count;
	struct ring_entry **virtuals; /* one for each owner of certificates, sorted alike */
	size_t virtual_count;
	struct usermap usermap;
	char **users; /* sorted without case */
	size_t user_count;
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

static int compare_spans(struct span a, struct span b)
{
	int c = memcmp(a.ptr, b.ptr, a.len < b.len ? a.len : b.len);

	return c ? c : (a.len > b.len) - (a.len < b.len);
}

static int compare_serials(const void *a, const void *b)
{
	const struct facts *x = &(*(struct cert *const *)a)->facts;
	const struct facts *y = &(*(struct cert *const *)b)->facts;
	int c = compare_spans(x->serial, y->serial);

	return c ? c : compare_spans(x->issuer, y->issuer);
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

static bool has_file(const struct names *files, const char *stem, const char *suffix)
{
	char *name = heap_format("%s%s", stem, suffix);
	bool found = bsearch(&name, files->items, files->count, sizeof(*files->items),
			     names_compare) != NULL;

	free(name);
	return found;
}

/* A .key or .meta whose .pem is missing, or a file that is none of ours. */
static void warn_stray(
	const struct names *files, const char *folder, const char *file, struct err_list *err)
{
	const char *dot = strrchr(file, '.');
	char *stem;

	if (!dot || (strcmp(dot, ".key") != 0 && strcmp(dot, ".meta") != 0)) {
		err_warn(err, "%s/%s: is no .pem, .key or .meta file: ignored", folder, file);
		return;
	}
	stem = heap_format("%.*s", (int)(dot - file), file);
	if (!has_file(files, stem, ".pem"))
		err_warn(err, "%s/%s: has no certificate %s.pem beside it: ignored", folder, file,
			stem);
	free(stem);
}

static void read_cert(struct keystore *k, const struct cert_place *place, const struct names *files,
	struct err_list *err)
{
	size_t cut = strlen(place->file) - strlen(".pem");
	char *stem = heap_format("%.*s", (int)cut, place->file);
	struct cert *c = certfile_read(
		place, has_file(files, stem, ".key"), has_file(files, stem, ".meta"), err);

	free(stem);
	if (!c)
		return;
	k->certs = heap_append(k->certs, k->cert_count, sizeof(struct cert *));
	k->certs[k->cert_count++] = c;
}

static void read_cert_folder(
	struct keystore *k, const char *folder, const char *owner, struct err_list *err)
{
	struct cert_place place = {.guard = &k->guard, .folder = folder, .owner = owner};
	struct names files;

	names_list(&files, folder, err);
	for (size_t i = 0; i < files.count; i++) {
		place.file = files.items[i];
		if (name_has_suffix(place.file, ".pem"))
			read_cert(k, &place, &files, err);
		else
			warn_stray(&files, folder, place.file, err);
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

static void ring_append(struct keyring *r, const struct connection *c)
{
	r->connections = heap_append(r->connections, r->connection_count, sizeof(*r->connections));
	r->connections[r->connection_count++] = *c;
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
			e->ring.path, ref->line, ref->owner, ref->label);
		return;
	}
	if (!c->der)
		return; /* there, but broken: already said */
	ring_append(r, &(struct connection){
			       .cert = c, .usage = ref->usage, .is_default = ref->is_default});
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
	if (!name_from_file(file, ".ring", name) || !name_ring_ok(name)) {
		err_add(err, "%s/%s: is not how a ring is written (%%XX): rename it", folder, file);
		return;
	}
	e = heap_zero(sizeof(*e));
	e->ring.path = heap_format("%s/%s", folder, file);
	e->ring.owner = heap_copy(owner);
	e->ring.name = heap_copy(name);
	ringfile_read(&refs, e->ring.path, owner, err);
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
				k->rings[i]->ring.path, k->rings[i - 1]->ring.path);
	}
}

static struct ring_entry *find_ring(const struct keystore *k, const char *owner, const char *name)
{
	struct ring_entry wanted = {
		.ring = {.owner = (char *)name_owner(owner), .name = (char *)name}};
	struct ring_entry *key = &wanted, **found;
	bool is_virtual = strcmp(name, VIRTUAL_RING) == 0;
	size_t count = is_virtual ? k->virtual_count : k->ring_count;

	if (!count)
		return NULL;
	found = bsearch(
		&key, is_virtual ? k->virtuals : k->rings, count, sizeof(key), compare_rings);
	return found ? *found : NULL;
}

/* Each owner's certificates once more, as the ring that need not be stored. */
static void make_virtuals(struct keystore *k)
{
	struct ring_entry *e = NULL;

	for (size_t i = 0; i < k->cert_count; i++) {
		const struct cert *c = k->certs[i];

		if (!e || strcasecmp(e->ring.owner, c->owner) != 0) {
			e = heap_zero(sizeof(*e));
			e->ring.owner = heap_copy(c->owner);
			e->ring.name = heap_copy(VIRTUAL_RING);
			k->virtuals = heap_append(k->virtuals, k->virtual_count, sizeof(e));
			k->virtuals[k->virtual_count++] = e;
		}
		ring_append(&e->ring,
			&(struct connection){.cert = c, .usage = usage_of_owner(c->owner)});
	}
}

static void take_access(struct keystore *k, const struct ini_section *s, struct err_list *err)
{
	char owner[NAME_SIZE], name[NAME_SIZE];
	struct ring_entry *e;
	struct access a;

	if (!access_parse(&a, s, owner, name, err))
		return;
	e = find_ring(k, owner, name);
	if (e && !e->access.given) {
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
	struct ini *ini = initext_load(dir, "access.ini", err);

	for (size_t i = 0; ini && i < ini->section_count; i++)
		take_access(k, &ini->sections[i], err);
	ini_free(ini);
}

/* What could not be read was kept only so that references to it are not called dangling. */
static void drop_broken(struct keystore *k)
{
	size_t kept = 0;

	for (size_t i = 0; i < k->cert_count; i++) {
		if (k->certs[i]->der)
			k->certs[kept++] = k->certs[i];
		else
			cert_free(k->certs[i]);
	}
	k->cert_count = kept;
}

/* Written by hand, perhaps, or left by a crash between two steps of a change of label. */
static void warn_same(struct keystore *k, struct err_list *err)
{
	k->by_serial = heap_zero(k->cert_count * sizeof(*k->by_serial));
	if (!k->cert_count)
		return;
	memcpy(k->by_serial, k->certs, k->cert_count * sizeof(*k->by_serial));
	qsort(k->by_serial, k->cert_count, sizeof(*k->by_serial), compare_serials);
	for (size_t i = 1; i < k->cert_count; i++) {
		const struct cert *a = k->by_serial[i - 1], *b = k->by_serial[i];

		if (facts_same(&a->facts, &b->facts))
			err_warn(err, "%s: is the same certificate as %s: delete one", b->path,
				a->path);
	}
}

static void add_user(struct keystore *k, const char *user)
{
	if (name_is_reserved(user))
		return;
	k->users = heap_append(k->users, k->user_count, sizeof(*k->users));
	k->users[k->user_count++] = (char *)user;
}

static void add_ring_users(struct keystore *k, const struct ring_entry *e)
{
	add_user(k, e->ring.owner);
	for (size_t i = 0; i < e->access.grant_count; i++)
		add_user(k, e->access.grants[i].user);
}

static int compare_users(const void *a, const void *b)
{
	return strcasecmp(*(char *const *)a, *(char *const *)b);
}

/* The texts are those of rings and access lists; each user once. */
static void collect_users(struct keystore *k)
{
	size_t kept = 0;

	for (size_t i = 0; i < k->ring_count; i++)
		add_ring_users(k, k->rings[i]);
	for (size_t i = 0; i < k->virtual_count; i++)
		add_ring_users(k, k->virtuals[i]);
	if (k->user_count)
		qsort(k->users, k->user_count, sizeof(*k->users), compare_users);
	for (size_t i = 0; i < k->user_count; i++) {
		if (kept == 0 || strcasecmp(k->users[kept - 1], k->users[i]) != 0)
			k->users[kept++] = k->users[i];
	}
	k->user_count = kept;
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
	drop_broken(k);
	warn_same(k, err);
	make_virtuals(k);
	read_access(k, dir, err);
	collect_users(k);
	return k;
}

struct keystore *keystore_load(const char *dir, struct err_list *err)
{
	size_t before = err->count;
	struct keystore *k = keystore_read(dir, err);

	if (k)
		usermap_read(&k->usermap, dir, err);
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
	free(e->ring.path);
	free(e->ring.connections);
	access_fini(&e->access);
	free(e);
}

void keystore_put(struct keystore *k)
{
	if (!k || atomic_fetch_sub(&k->references, 1) > 1)
		return;
	for (size_t i = 0; i < k->ring_count; i++)
		ring_entry_free(k->rings[i]);
	for (size_t i = 0; i < k->virtual_count; i++)
		ring_entry_free(k->virtuals[i]);
	for (size_t i = 0; i < k->cert_count; i++)
		cert_free(k->certs[i]);
	free(k->rings);
	free(k->virtuals);
	usermap_fini(&k->usermap);
	free(k->certs);
	free(k->by_serial);
	free(k->users);
	free(k);
}

const struct keyring *keystore_ring(const struct keystore *k, const char *owner, const char *name)
{
	const struct ring_entry *e = find_ring(k, owner, name);

	return e ? &e->ring : NULL;
}

static const struct cert *search(const struct keystore *k, struct cert *const *sorted,
	const struct cert *wanted, int (*compare)(const void *, const void *))
{
	struct cert *const *found = NULL;

	if (k->cert_count)
		found = bsearch(&wanted, sorted, k->cert_count, sizeof(*sorted), compare);
	return found ? *found : NULL;
}

const struct cert *keystore_cert(const struct keystore *k, const char *owner, const char *label)
{
	struct cert wanted = {.owner = (char *)name_owner(owner), .label = (char *)label};

	return search(k, k->certs, &wanted, compare_certs);
}

const struct cert *keystore_same(const struct keystore *k, const struct facts *f)
{
	struct cert wanted = {.facts = *f};

	return search(k, k->by_serial, &wanted, compare_serials);
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

const struct usermap *keystore_usermap(const struct keystore *k)
{
	return &k->usermap;
}

const char *keystore_user_at(const struct keystore *k, size_t i)
{
	return i < k->user_count ? k->users[i] : NULL;
}

enum ring_right keystore_right(const struct keystore *k, const char *user, const struct keyring *r)
{
	const struct ring_entry *e = find_ring(k, r->owner, r->name);
	enum ring_right granted = e ? access_right(&e->access, user) : RIGHT_NONE;

	if (granted == RIGHT_NONE && user && strcasecmp(user, r->owner) == 0)
		return RIGHT_READ;
	return granted;
}
