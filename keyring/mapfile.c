/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mapfile.c - certificate name filters, maps/LABEL.map */
#include "keyring/mapfile.h"

#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "keyring/files.h"
#include "keyring/heap.h"
#include "keyring/initext.h"
#include "keyring/name.h"
#include "keyring/subject.h"

static const char *const keys[] = {"user", "criteria", "subject", "issuer", "trust", NULL};

static void filter_fini(struct map_filter *f)
{
	free(f->label);
	free(f->user);
	free(f->criteria);
	free(f->subject);
	free(f->issuer);
}

/* Names are compared as text, so they are brought into the one form that there is. */
static char *take_name(const struct ini_section *s, const char *key, struct err_list *err)
{
	char *given = initext_value(s, key), *text;
	X509_NAME *name = given ? subject_parse(given, err) : NULL;

	text = name ? subject_text(name) : NULL;
	if (given && !name)
		ini_error(err, s, key, "is no name, as in OU=Sales,O=Example,C=DE");
	X509_NAME_free(name);
	free(given);
	return text;
}

static bool take_trust(const struct ini_section *s, bool *trust, struct err_list *err)
{
	const char *word = ini_get(s, "trust");

	*trust = !word || strcasecmp(word, "trust") == 0;
	if (*trust || strcasecmp(word, "notrust") == 0)
		return true;
	ini_error(err, s, "trust", "\"%s\" is neither trust nor notrust", word);
	return false;
}

bool map_check(const struct map_filter *f, struct err_list *err)
{
	if (!f->subject && !f->issuer)
		err_add(err, "filter %s: has neither subject nor issuer", f->label);
	else if (!f->user == !f->criteria)
		err_add(err, "filter %s: has either a user or criteria", f->label);
	else
		return true;
	return false;
}

static bool take_filter(struct map_filter *f, const struct ini_section *s, struct err_list *err)
{
	size_t before = err->count;

	if (strcasecmp(s->kind, "map") != 0 || *s->name) {
		ini_error(err, s, NULL, "unknown section: only [map] is known here");
		return false;
	}
	initext_keys_known(s, keys, err);
	f->user = initext_value(s, "user");
	f->criteria = initext_value(s, "criteria");
	f->subject = take_name(s, "subject", err);
	f->issuer = take_name(s, "issuer", err);
	return take_trust(s, &f->trust, err) && err->count == before && map_check(f, err);
}

static void read_map(
	struct map_filters *m, const char *folder, const char *file, struct err_list *err)
{
	char *path = heap_format("%s/%s", folder, file);
	struct map_filter f = {0};
	char label[NAME_SIZE];
	struct ini *ini = NULL;
	struct stat st;

	if (!name_from_file(file, ".map", label))
		err_warn(err, "%s: is no .map file: ignored", path);
	else
		ini = ini_load(path, err);
	if (ini && stat(path, &st) == 0)
		guard_file(path, &st, err);
	if (ini && ini->section_count != 1)
		err_add(err, "%s: has not one section [map] but %zu", path, ini->section_count);
	f.label = heap_copy(label);
	if (ini && ini->section_count == 1 && take_filter(&f, &ini->sections[0], err)) {
		m->items = heap_append(m->items, m->count, sizeof(*m->items));
		m->items[m->count++] = f;
	} else {
		filter_fini(&f);
	}
	ini_free(ini);
	free(path);
}

void maps_read(struct map_filters *m, const char *dir, struct err_list *err)
{
	char *folder = heap_format("%s/maps", dir);
	struct names files;

	*m = (struct map_filters){0};
	guard_directory(folder, err);
	names_list(&files, folder, err);
	for (size_t i = 0; i < files.count; i++)
		read_map(m, folder, files.items[i], err);
	names_free(&files);
	free(folder);
}

void maps_free(struct map_filters *m)
{
	for (size_t i = 0; i < m->count; i++)
		filter_fini(&m->items[i]);
	free(m->items);
	*m = (struct map_filters){0};
}

struct map_filter *maps_find(const struct map_filters *m, const char *label)
{
	for (size_t i = 0; i < m->count; i++) {
		if (strcmp(m->items[i].label, label) == 0)
			return &m->items[i];
	}
	return NULL;
}

char *mapfile_text(const struct map_filter *f)
{
	const char *const values[] = {
		f->user, f->criteria, f->subject, f->issuer, f->trust ? "trust" : "notrust"};
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		abort();
	fputs("# a certificate name filter, written by attls-keyring\n[map]\n", out);
	for (size_t i = 0; keys[i]; i++) {
		if (values[i])
			initext_write(out, keys[i], values[i]);
	}
	if (fclose(out) != 0)
		abort();
	return text;
}
