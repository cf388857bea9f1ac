/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * keystore_read.c - from the keyring directory to a snapshot of it
 *
 * Certificates first, sorted by owner and label; then rings, whose references are looked up among
 * them; then access.ini, whose sections are looked up among the rings. So ten thousand certificates
 * load in the time it takes to read and decode them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "keyring/certfile.h"
#include "keyring/heap.h"
#include "keyring/initext.h"
#include "keyring/keystore_internal.h"
#include "keyring/name.h"
#include "keyring/ringfile.h"

/* ---- certificates ---- */

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

static void read_certs(struct keystore *k, const char *dir, struct err_list *err)
{
	each_owner(k, dir, "certs", read_cert_folder, err);
	keystore_sort_certs(k, err);
}

/* ---- rings ---- */

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
	keystore_connect(r, &(struct connection){
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
	keystore_sort_rings(k, err);
}

/* ---- access ---- */

static void take_access(struct keystore *k, const struct ini_section *s, struct err_list *err)
{
	char owner[NAME_SIZE], name[NAME_SIZE];
	struct ring_entry *e;
	struct access a;

	if (!access_parse(&a, s, owner, name, err))
		return;
	e = keystore_find_ring(k, owner, name);
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

/* ---- all of it ---- */

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
	keystore_sort_serials(k, err);
	keystore_add_virtuals(k);
	read_access(k, dir, err);
	keystore_add_users(k);
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
