/* SPDX-License-Identifier: GPL-3.0-or-later */
/* verb_map.c - map, altmap, delmap, listmap: certificate name filters */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/json_text.h"
#include "keyring/cli/verbs.h"
#include "keyring/heap.h"
#include "keyring/subject.h"

/* The filters, read leniently for changes too: what is broken must stay repairable. */
static void read_maps(struct map_filters *m, const char *dir, struct err_list *err)
{
	struct err_list problems;

	err_init(&problems);
	maps_read(m, dir, &problems);
	for (size_t i = 0; i < problems.count; i++)
		err_warn(err, "%s", problems.lines[i]);
	for (size_t i = 0; i < problems.warning_count; i++)
		err_warn(err, "%s", problems.warnings[i]);
	err_fini(&problems);
}

/* @text in the form in which names are compared; owned, NULL with a sentence. */
static char *normal_name(const char *text, struct err_list *err)
{
	X509_NAME *name = subject_parse(text, err);
	char *normal = name ? subject_text(name) : NULL;

	X509_NAME_free(name);
	return normal;
}

/* Where in the text of a name @part begins, at the begin of an attribute; NULL: nowhere */
static const char *find_part(const char *name, const char *part)
{
	for (const char *at = name; (at = strstr(at, part)); at++) {
		if (at == name || (at[-1] == ',' && (at - 1 == name || at[-2] != '\\')))
			return at;
	}
	return NULL;
}

/* A filter's name: as written, or with a model certificate its name, from @part on. */
static bool take_name(char **to, const char *part, const X509_NAME *model, struct err_list *err)
{
	char *whole, *normal;
	const char *at;

	if (!model) {
		*to = part ? normal_name(part, err) : NULL;
		return !part || *to;
	}
	whole = subject_text(model);
	normal = part ? normal_name(part, err) : NULL;
	at = normal ? find_part(whole, normal) : part ? NULL : whole;
	if (at && *at)
		*to = heap_copy(at);
	else if (part)
		err_add(err, "the model's name %s does not have %s", whole, part);
	free(normal);
	free(whole);
	return at != NULL;
}

/* With a model and no filter, both of its names count; with one filter, that one. */
static bool take_names(struct map_filter *f, const struct arguments *a, struct err_list *err)
{
	const char *path = a->values[ARG_CERT];
	const char *subject = a->values[ARG_SDNFILTER], *issuer = a->values[ARG_IDNFILTER];
	struct password none = {0};
	struct bundle b = {0};
	X509 *x;
	bool good;

	if (path && !bundle_read(&b, path, &none, err))
		return false;
	x = path ? sk_X509_value(b.certs, 0) : NULL;
	good = !path || x;
	if (!good)
		err_add(err, "%s: holds no certificate", path);
	if (good && (subject || !issuer))
		good = take_name(&f->subject, subject, x ? X509_get_subject_name(x) : NULL, err);
	if (good && (issuer || !subject))
		good = take_name(&f->issuer, issuer, x ? X509_get_issuer_name(x) : NULL, err);
	bundle_free(&b);
	return good;
}

static struct map_filter *find_map(
	const struct map_filters *all, const struct arguments *a, struct err_list *err)
{
	struct map_filter *f = maps_find(all, a->values[ARG_LABEL]);

	if (!f)
		err_add(err, "there is no filter %s", a->values[ARG_LABEL]);
	return f;
}

/* A change under the writers' lock, from looking to writing. */
typedef bool map_fn(struct store *s, const struct map_filters *all, const struct arguments *a,
	struct err_list *err);

static bool change_maps(const struct arguments *a, map_fn *change, struct err_list *err)
{
	struct store *s = store_open(a->dir, err);
	struct map_filters all;
	bool good;

	if (!s)
		return false;
	read_maps(&all, a->dir, err);
	good = change(s, &all, a, err);
	maps_free(&all);
	store_close(s);
	return good;
}

static bool make_map(struct store *s, const struct map_filters *all, const struct arguments *a,
	struct err_list *err)
{
	struct map_filter f = {
		.label = (char *)a->values[ARG_LABEL],
		.user = (char *)a->values[ARG_ID],
		.criteria = (char *)a->values[ARG_CRITERIA],
		.trust = !a->values[ARG_NOTRUST],
	};
	bool good = false;

	if (maps_find(all, f.label))
		err_add(err, "filter %s is there already: delete it first (delmap)", f.label);
	else if (!f.user == !a->values[ARG_MULTIID])
		err_add(err, "map needs --id USER, or --multiid with --criteria");
	else
		good = take_names(&f, a, err) && map_check(&f, err) && store_write_map(s, &f, err);
	free(f.subject);
	free(f.issuer);
	return good;
}

bool verb_map(const struct arguments *a, struct err_list *err)
{
	return change_maps(a, make_map, err);
}

static bool alter_map(struct store *s, const struct map_filters *all, const struct arguments *a,
	struct err_list *err)
{
	const char *label = a->values[ARG_NEWLABEL];
	const struct map_filter *old = find_map(all, a, err);
	struct map_filter f;

	if (!old)
		return false;
	if (label && maps_find(all, label)) {
		err_add(err, "filter %s is there already", label);
		return false;
	}
	f = *old;
	if (label)
		f.label = (char *)label;
	if (a->values[ARG_ID])
		f.user = (char *)a->values[ARG_ID];
	if (a->values[ARG_CRITERIA])
		f.criteria = (char *)a->values[ARG_CRITERIA];
	f.trust = a->values[ARG_TRUST] || (f.trust && !a->values[ARG_NOTRUST]);
	return map_check(&f, err) && store_write_map(s, &f, err) &&
	       (!label || store_remove_map(s, old->label, err));
}

bool verb_altmap(const struct arguments *a, struct err_list *err)
{
	return change_maps(a, alter_map, err);
}

static bool delete_map(struct store *s, const struct map_filters *all, const struct arguments *a,
	struct err_list *err)
{
	return find_map(all, a, err) && store_remove_map(s, a->values[ARG_LABEL], err);
}

bool verb_delmap(const struct arguments *a, struct err_list *err)
{
	return change_maps(a, delete_map, err);
}

static json_t *map_json(const struct map_filter *f)
{
	json_t *j = json_object();

	json_object_set_new(j, "label", json_text(f->label));
	json_object_set_new(j, "user", json_text(f->user));
	json_object_set_new(j, "criteria", json_text(f->criteria));
	json_object_set_new(j, "subject", json_text(f->subject));
	json_object_set_new(j, "issuer", json_text(f->issuer));
	json_object_set_new(j, "trust", json_string(f->trust ? "TRUST" : "NOTRUST"));
	return j;
}

static void map_row(struct columns *t, const struct map_filter *f)
{
	columns_add(t, f->label);
	columns_add(t, f->user ? f->user : "MULTIID");
	columns_add(t, f->trust ? "TRUST" : "NOTRUST");
	columns_add(t, f->subject);
	columns_add(t, f->issuer);
	columns_add(t, f->criteria);
}

static bool map_wanted(const struct arguments *a, const struct map_filter *f)
{
	const char *user = a->values[ARG_ID], *label = a->values[ARG_LABEL];

	return (!user || (f->user && strcasecmp(user, f->user) == 0)) &&
	       (!label || strcmp(label, f->label) == 0);
}

bool verb_listmap(const struct arguments *a, struct err_list *err)
{
	static const struct column heading[] = {{.header = "LABEL"}, {.header = "USER"},
		{.header = "STATUS"}, {.header = "SUBJECT"}, {.header = "ISSUER"},
		{.header = "CRITERIA"}};
	json_t *list = json_array();
	struct map_filters all;
	struct columns t;
	size_t count = 0;

	read_maps(&all, a->dir, err);
	columns_init(&t, heading, sizeof(heading) / sizeof(heading[0]));
	for (size_t i = 0; i < all.count; i++) {
		if (!map_wanted(a, &all.items[i]))
			continue;
		map_row(&t, &all.items[i]);
		json_array_append_new(list, map_json(&all.items[i]));
		count++;
	}
	maps_free(&all);
	if (!a->values[ARG_JSON])
		columns_print(&t, stdout);
	columns_fini(&t);
	if (a->values[ARG_JSON] && !json_print(json_incref(list), err))
		count = 0;
	json_decref(list);
	if (count == 0 && a->values[ARG_LABEL] && err->count == 0)
		err_add(err, "there is no filter %s", a->values[ARG_LABEL]);
	return err->count == 0;
}
