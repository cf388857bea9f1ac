/* SPDX-License-Identifier: GPL-3.0-or-later */
/* verb_list.c - list, listring: what is in the store */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/json_text.h"
#include "keyring/certfile.h"
#include "keyring/cli/listing.h"
#include "keyring/cli/verbs.h"

static bool cert_wanted(const struct arguments *a, const struct cert *c)
{
	const char *owner = arguments_owner(a), *label = a->values[ARG_LABEL];

	return (!owner || strcasecmp(owner, c->owner) == 0) &&
	       (!label || strcmp(label, c->label) == 0);
}

static void list_row(const struct desk *d, const struct cert *c, void *to)
{
	(void)d;
	describe_row(to, c);
}

static void list_json(const struct desk *d, const struct cert *c, void *to)
{
	json_array_append_new(to, describe_json(d, c));
}

static void list_lines(const struct desk *d, const struct cert *c, void *to)
{
	int *count = to;

	if ((*count)++ > 0)
		putchar('\n');
	describe_print(d, c);
}

/* Return: how many certificates were wanted. */
static size_t each_cert(const struct desk *d, const struct arguments *a,
	void (*visit)(const struct desk *, const struct cert *, void *), void *to)
{
	size_t certs, rings, count = 0;

	keystore_count(d->keys, &certs, &rings);
	for (size_t i = 0; i < certs; i++) {
		const struct cert *c = keystore_cert_at(d->keys, i);

		if (!cert_wanted(a, c))
			continue;
		visit(d, c, to);
		count++;
	}
	return count;
}

static size_t list_certs(const struct desk *d, const struct arguments *a, json_t *j)
{
	static const char *const heading[] = {
		"OWNER", "LABEL", "STATUS", "KEY", "VALID TO", "SUBJECT", NULL};
	struct listing t;
	size_t count;
	int printed = 0;

	if (j)
		return each_cert(d, a, list_json, j);
	if (a->values[ARG_LABEL])
		return each_cert(d, a, list_lines, &printed);
	listing_init(&t, heading);
	count = each_cert(d, a, list_row, &t);
	listing_print(&t);
	listing_fini(&t);
	return count;
}

bool verb_list(const struct arguments *a, struct err_list *err)
{
	json_t *j = a->values[ARG_JSON] ? json_array() : NULL;
	struct desk d;
	size_t count;

	if (!desk_open(&d, a, false, err)) {
		json_decref(j);
		return false;
	}
	count = list_certs(&d, a, j);
	desk_close(&d);
	if (j && !json_print(j, err))
		return false;
	if (count == 0 && a->values[ARG_LABEL])
		err_add(err, "there is no certificate with label %s", a->values[ARG_LABEL]);
	return count > 0 || !a->values[ARG_LABEL];
}

static void ring_rows(const struct keyring *r, struct listing *t)
{
	for (size_t i = 0; i < r->connection_count; i++) {
		const struct connection *c = &r->connections[i];
		const char *row[] = {r->owner, r->name, c->cert->owner, c->cert->label,
			cert_usage_name(c->usage), c->is_default ? "YES" : "NO",
			cert_trust_name(c->cert->trust), c->cert->key ? "yes" : "no"};

		listing_add(t, row);
	}
	if (r->connection_count == 0) {
		const char *row[] = {r->owner, r->name, "-", "-", "-", "-", "-", "-"};

		listing_add(t, row);
	}
}

static json_t *ring_json(const struct keyring *r)
{
	json_t *j = json_object(), *list = json_array();

	json_object_set_new(j, "owner", json_text(r->owner));
	json_object_set_new(j, "ring", json_text(r->name));
	for (size_t i = 0; i < r->connection_count; i++) {
		const struct connection *c = &r->connections[i];
		json_t *entry = json_object();

		json_object_set_new(entry, "owner", json_text(c->cert->owner));
		json_object_set_new(entry, "label", json_text(c->cert->label));
		json_object_set_new(entry, "usage", json_string(cert_usage_name(c->usage)));
		json_object_set_new(entry, "default", json_boolean(c->is_default));
		json_object_set_new(entry, "trust", json_string(cert_trust_name(c->cert->trust)));
		json_object_set_new(entry, "private_key", json_boolean(c->cert->key != NULL));
		json_array_append_new(list, entry);
	}
	json_object_set_new(j, "connections", list);
	return j;
}

static bool ring_wanted(const struct arguments *a, const struct keyring *r)
{
	const char *owner = a->values[ARG_ID], *name = a->operand;

	return (!owner || strcasecmp(owner, r->owner) == 0) &&
	       (!name || strcmp(name, "*") == 0 || strcasecmp(name, r->name) == 0);
}

/* Return: how many rings were wanted. */
static size_t list_rings(
	const struct desk *d, const struct arguments *a, struct listing *t, json_t *j)
{
	size_t certs, rings, count = 0;

	keystore_count(d->keys, &certs, &rings);
	for (size_t i = 0; i < rings; i++) {
		const struct keyring *r = keystore_ring_at(d->keys, i);

		if (!ring_wanted(a, r))
			continue;
		if (j)
			json_array_append_new(j, ring_json(r));
		else
			ring_rows(r, t);
		count++;
	}
	return count;
}

bool verb_listring(const struct arguments *a, struct err_list *err)
{
	static const char *const heading[] = {
		"RING OWNER", "RING", "OWNER", "LABEL", "USAGE", "DEFAULT", "STATUS", "KEY", NULL};
	json_t *j = a->values[ARG_JSON] ? json_array() : NULL;
	struct listing t;
	struct desk d;
	size_t count;

	if (!desk_open(&d, a, false, err)) {
		json_decref(j);
		return false;
	}
	listing_init(&t, heading);
	count = list_rings(&d, a, &t, j);
	if (!j)
		listing_print(&t);
	listing_fini(&t);
	desk_close(&d);
	if (j && !json_print(j, err))
		return false;
	if (count == 0 && a->operand)
		err_add(err, "there is no ring %s", a->operand);
	return count > 0 || !a->operand;
}
