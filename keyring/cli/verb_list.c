/* SPDX-License-Identifier: GPL-3.0-or-later */
/* verb_list.c - list, listring: what is in the store */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/columns.h"
#include "base/json_text.h"
#include "keyring/certfile.h"
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

/* Warn of what is wrong with @c. Return: whether it can be described at all. */
static bool can_describe(const struct cert *c, bool with_key, struct err_list *err)
{
	struct err_list bad;

	err_init(&bad);
	if (with_key || !cert_x509(c))
		cert_check(c, &bad);
	for (size_t i = 0; i < bad.count; i++)
		err_warn(err, "%s", bad.lines[i]);
	err_fini(&bad);
	return cert_x509(c) != NULL;
}

/* Return: how many certificates were wanted. */
static size_t each_cert(const struct desk *d, const struct arguments *a,
	void (*visit)(const struct desk *, const struct cert *, void *), void *to,
	struct err_list *err)
{
	size_t count = 0;
	const struct cert *c;

	for (size_t i = 0; (c = keystore_cert_at(d->keys, i)); i++) {
		if (!cert_wanted(a, c))
			continue;
		if (visit == list_row || can_describe(c, a->values[ARG_LABEL], err))
			visit(d, c, to);
		count++;
	}
	return count;
}

static size_t list_certs(
	const struct desk *d, const struct arguments *a, json_t *j, struct err_list *err)
{
	struct columns t;
	size_t count;
	int printed = 0;

	if (j)
		return each_cert(d, a, list_json, j, err);
	if (a->values[ARG_LABEL])
		return each_cert(d, a, list_lines, &printed, err);
	columns_init(&t, describe_columns, DESCRIBE_COLUMNS);
	count = each_cert(d, a, list_row, &t, err);
	columns_print(&t, stdout);
	columns_fini(&t);
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
	count = list_certs(&d, a, j, err);
	desk_close(&d);
	if (j && !json_print(j, err))
		return false;
	if (count == 0 && a->values[ARG_LABEL])
		err_add(err, "there is no certificate with label %s", a->values[ARG_LABEL]);
	return count > 0 || !a->values[ARG_LABEL];
}

static void ring_row(struct columns *t, const struct keyring *r, const struct connection *c)
{
	columns_add(t, r->owner);
	columns_add(t, r->name);
	columns_add(t, c ? c->cert->owner : NULL);
	columns_add(t, c ? c->cert->label : NULL);
	columns_add(t, c ? cert_usage_name(c->usage) : NULL);
	columns_add(t, !c ? NULL : c->is_default ? "YES" : "NO");
	columns_add(t, c ? cert_trust_name(c->cert->trust) : NULL);
	columns_add(t, c ? describe_key(c->cert) : NULL);
}

static void ring_rows(const struct keyring *r, struct columns *t)
{
	for (size_t i = 0; i < r->connection_count; i++)
		ring_row(t, r, &r->connections[i]);
	if (r->connection_count == 0)
		ring_row(t, r, NULL);
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
		json_object_set_new(entry, "private_key", json_boolean(cert_has_key(c->cert)));
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
	const struct desk *d, const struct arguments *a, struct columns *t, json_t *j)
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
	static const struct column heading[] = {{.header = "RING OWNER"}, {.header = "RING"},
		{.header = "OWNER"}, {.header = "LABEL"}, {.header = "USAGE"},
		{.header = "DEFAULT"}, {.header = "STATUS"}, {.header = "KEY"}};
	json_t *j = a->values[ARG_JSON] ? json_array() : NULL;
	struct columns t;
	struct desk d;
	size_t count;

	if (!desk_open(&d, a, false, err)) {
		json_decref(j);
		return false;
	}
	columns_init(&t, heading, sizeof(heading) / sizeof(heading[0]));
	count = list_rings(&d, a, &t, j);
	if (!j)
		columns_print(&t, stdout);
	columns_fini(&t);
	desk_close(&d);
	if (j && !json_print(j, err))
		return false;
	if (count == 0 && a->operand)
		err_add(err, "there is no ring %s", a->operand);
	return count > 0 || !a->operand;
}
