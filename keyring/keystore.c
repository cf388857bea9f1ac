/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * keystore.c - the keyring directory as an immutable snapshot in memory: what is in it
 *
 * Every look-up is a binary search.
 */
#include "keyring/keystore_internal.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "keyring/heap.h"
#include "keyring/name.h"
#include "keyring/ringfile.h"

/* ---- sorted ---- */

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

/* Labels differ within a folder, but two folders may spell one owner. */
void keystore_sort_certs(struct keystore *k, struct err_list *err)
{
	if (k->cert_count)
		qsort(k->certs, k->cert_count, sizeof(*k->certs), compare_certs);
	for (size_t i = 1; i < k->cert_count; i++) {
		if (compare_certs(&k->certs[i - 1], &k->certs[i]) == 0)
			err_add(err, "%s: is also %s (owners compare without case): remove one",
				k->certs[i]->path, k->certs[i - 1]->path);
	}
}

void keystore_sort_rings(struct keystore *k, struct err_list *err)
{
	if (k->ring_count)
		qsort(k->rings, k->ring_count, sizeof(*k->rings), compare_rings);
	for (size_t i = 1; i < k->ring_count; i++) {
		if (compare_rings(&k->rings[i - 1], &k->rings[i]) == 0)
			err_add(err, "%s: is also %s (rings compare without case): remove one",
				k->rings[i]->ring.path, k->rings[i - 1]->ring.path);
	}
}

/* Written by hand, perhaps, or left by a crash between two steps of a change of label. */
void keystore_sort_serials(struct keystore *k, struct err_list *err)
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

/* ---- what follows ---- */

void keystore_connect(struct keyring *r, const struct connection *c)
{
	r->connections = heap_append(r->connections, r->connection_count, sizeof(*r->connections));
	r->connections[r->connection_count++] = *c;
}

void keystore_add_virtuals(struct keystore *k)
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
		keystore_connect(&e->ring,
			&(struct connection){.cert = c, .usage = usage_of_owner(c->owner)});
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
void keystore_add_users(struct keystore *k)
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

/* ---- life ---- */

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

/* ---- look-ups ---- */

struct ring_entry *keystore_find_ring(const struct keystore *k, const char *owner, const char *name)
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

const struct keyring *keystore_ring(const struct keystore *k, const char *owner, const char *name)
{
	const struct ring_entry *e = keystore_find_ring(k, owner, name);

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
	const struct ring_entry *e = keystore_find_ring(k, r->owner, r->name);
	enum ring_right granted = e ? access_right(&e->access, user) : RIGHT_NONE;

	if (granted == RIGHT_NONE && user && strcasecmp(user, r->owner) == 0)
		return RIGHT_READ;
	return granted;
}
