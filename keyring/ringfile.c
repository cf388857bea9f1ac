/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ringfile.c - a ring's file: INI sections of references, not yet resolved */
#include "keyring/ringfile.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "keyring/certfile.h"
#include "keyring/files.h"
#include "keyring/heap.h"
#include "keyring/initext.h"
#include "keyring/name.h"

static const char heading[] = "# a key ring: references to certificates, written by attls-keyring";
static const char *const keys[] = {"owner", "label", "usage", "default", NULL};

enum cert_usage usage_of_owner(const char *owner)
{
	if (strcasecmp(owner, "CERTAUTH") == 0)
		return CERT_CERTAUTH;
	return strcasecmp(owner, "SITE") == 0 ? CERT_SITE : CERT_PERSONAL;
}

static bool take_default(const struct ini_section *s, bool *is_default, struct err_list *err)
{
	const char *word = ini_get(s, "default");

	*is_default = word && strcasecmp(word, "yes") == 0;
	if (!word || *is_default || strcasecmp(word, "no") == 0)
		return true;
	ini_error(err, s, "default", "\"%s\" is neither yes nor no", word);
	return false;
}

static bool take_usage(const struct ini_section *s, struct ring_ref *ref, struct err_list *err)
{
	const char *word = ini_get(s, "usage");

	ref->usage = usage_of_owner(ref->owner);
	if (!word || cert_usage_parse(word, &ref->usage))
		return true;
	ini_error(err, s, "usage", "\"%s\" is none of personal, certauth, site", word);
	return false;
}

/* @owner and @label are NAME_SIZE buffers that @ref will point to. */
static bool take_names(const struct ini_section *s, const char *ring_owner, char *owner,
	char *label, struct err_list *err)
{
	const char *owner_word = ini_get(s, "owner"), *label_word = ini_get(s, "label");

	if (!label_word) {
		ini_error(err, s, NULL, "has no label: write the label of the certificate");
		return false;
	}
	if (!name_decode(label_word, label)) {
		ini_error(err, s, "label", "is no label: 1 to %d bytes", NAME_MAX_LEN);
		return false;
	}
	if (!name_decode(owner_word ? owner_word : ring_owner, owner) || !name_owner_ok(owner)) {
		ini_error(err, s, "owner", "is no owner: a user, CERTAUTH or SITE");
		return false;
	}
	return true;
}

static void take_connection(struct ring_refs *refs, const struct ini_section *s,
	const char *ring_owner, struct err_list *err)
{
	char owner[NAME_SIZE], label[NAME_SIZE];
	struct ring_ref ref = {.owner = owner, .label = label, .line = s->line};

	initext_keys_known(s, keys, err);
	if (!take_names(s, ring_owner, owner, label, err))
		return;
	ref.owner = (char *)name_owner(owner);
	if (!take_usage(s, &ref, err) || !take_default(s, &ref.is_default, err))
		return;
	refs_add(refs, &ref);
}

static int compare_refs(const void *a, const void *b)
{
	const struct ring_ref *x = *(const struct ring_ref *const *)a;
	const struct ring_ref *y = *(const struct ring_ref *const *)b;
	int c = strcasecmp(x->owner, y->owner);

	if (c == 0)
		c = strcmp(x->label, y->label);
	return c ? c : x->line - y->line;
}

static bool same_cert(const struct ring_ref *x, const struct ring_ref *y)
{
	return strcasecmp(x->owner, y->owner) == 0 && strcmp(x->label, y->label) == 0;
}

static void refuse_twice_connected(
	const struct ring_refs *refs, const char *path, struct err_list *err)
{
	struct ring_ref **sorted = heap_zero(refs->count * sizeof(struct ring_ref *));

	for (size_t i = 0; i < refs->count; i++)
		sorted[i] = &refs->items[i];
	qsort(sorted, refs->count, sizeof(struct ring_ref *), compare_refs);
	for (size_t i = 1; i < refs->count; i++) {
		const struct ring_ref *r = sorted[i];

		if (same_cert(sorted[i - 1], r))
			err_add(err,
				"%s:%d: %s/%s is connected already, in line %d: remove one section",
				path, r->line, r->owner, r->label, sorted[i - 1]->line);
	}
	free(sorted);
}

static void refuse_two_defaults(
	const struct ring_refs *refs, const char *path, struct err_list *err)
{
	const struct ring_ref *first = NULL;

	for (size_t i = 0; i < refs->count; i++) {
		const struct ring_ref *r = &refs->items[i];

		if (r->is_default && first)
			err_add(err,
				"%s:%d: a second default, after that in line %d: only one can be",
				path, r->line, first->line);
		else if (r->is_default)
			first = r;
	}
}

/* A line "KEY = VALUE" that means to the INI reader what stands there. Return: VALUE or NULL. */
static char *plain_value(char *line, const char *key)
{
	size_t len = strlen(key);
	char *value;

	if (!line || strncmp(line, key, len) != 0 || strncmp(line + len, " = ", 3) != 0)
		return NULL;
	value = line + len + strlen(" = ");
	if (!*value || strpbrk(value, ";#'\"\\\t\r") || *value == ' ' ||
		value[strlen(value) - 1] == ' ')
		return NULL;
	return value;
}

/* The five lines of ringfile_text() for one connection, the first being @head. */
static bool plain_connection(struct ring_refs *refs, const char *head, char **rest, int line)
{
	char *words[4], title[48], owner[NAME_SIZE], label[NAME_SIZE];
	struct ring_ref ref = {.label = label, .line = line};

	snprintf(title, sizeof(title), "[connection %zu]", refs->count + 1);
	if (strcmp(head, title) != 0)
		return false;
	for (size_t i = 0; i < 4; i++) {
		words[i] = plain_value(strsep(rest, "\n"), keys[i]);
		if (!words[i])
			return false;
	}
	ref.is_default = strcmp(words[3], "yes") == 0;
	if (!name_decode(words[0], owner) || !name_owner_ok(owner) ||
		!name_decode(words[1], label) || !cert_usage_parse(words[2], &ref.usage) ||
		(!ref.is_default && strcmp(words[3], "no") != 0))
		return false;
	ref.owner = (char *)name_owner(owner);
	refs_add(refs, &ref);
	return true;
}

/*
 * Nearly all rings are as we write them; the reader of INI files costs ten times as much, and
 * whatever is not quite so is left to it. @text is changed.
 */
static bool read_plain(struct ring_refs *refs, char *text)
{
	char *line = strsep(&text, "\n");
	int number = 1;

	if (!line || strcmp(line, heading) != 0)
		return false;
	while ((line = strsep(&text, "\n"))) {
		number++;
		if (!*line)
			continue;
		if (!plain_connection(refs, line, &text, number)) {
			refs_free(refs);
			return false;
		}
		number += 4;
	}
	return true;
}

static void read_ini(struct ring_refs *refs, const char *path, const char *text, size_t len,
	const char *ring_owner, struct err_list *err)
{
	struct ini *ini = ini_load_text(path, text, len, err);

	for (size_t i = 0; ini && i < ini->section_count; i++) {
		const struct ini_section *s = &ini->sections[i];

		if (strcasecmp(s->kind, "connection") == 0)
			take_connection(refs, s, ring_owner, err);
		else
			ini_error(err, s, NULL,
				"unknown section: a ring holds [connection 1], "
				"[connection 2] and so on");
	}
	ini_free(ini);
}

void ringfile_read(
	struct ring_refs *refs, const char *path, const char *ring_owner, struct err_list *err)
{
	struct stat st;
	size_t len;
	char *text = file_read(path, &st, &len), *copy;

	*refs = (struct ring_refs){0};
	if (!text) {
		err_add(err, "%s: cannot be read: %s", path, strerror(errno));
		return;
	}
	guard_file(path, &st, err);
	copy = heap_copy(text);
	if (strlen(copy) != len || !read_plain(refs, copy))
		read_ini(refs, path, text, len, ring_owner, err);
	free(copy);
	file_free(text, len);
	refuse_twice_connected(refs, path, err);
	refuse_two_defaults(refs, path, err);
}

char *ringfile_text(const struct ring_refs *refs)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		abort();
	fprintf(f, "%s\n", heading);
	for (size_t i = 0; i < refs->count; i++) {
		const struct ring_ref *r = &refs->items[i];

		fprintf(f, "\n[connection %zu]\n", i + 1);
		initext_write(f, "owner", r->owner);
		initext_write(f, "label", r->label);
		fprintf(f, "usage = %s\n", cert_usage_name(r->usage));
		fprintf(f, "default = %s\n", r->is_default ? "yes" : "no");
	}
	if (fclose(f) != 0)
		abort();
	return text;
}

struct ring_ref *refs_find(const struct ring_refs *refs, const char *owner, const char *label)
{
	for (size_t i = 0; i < refs->count; i++) {
		struct ring_ref *r = &refs->items[i];

		if (strcasecmp(r->owner, owner) == 0 && strcmp(r->label, label) == 0)
			return r;
	}
	return NULL;
}

void refs_add(struct ring_refs *refs, const struct ring_ref *ref)
{
	struct ring_ref *r;

	refs->items = heap_append(refs->items, refs->count, sizeof(*refs->items));
	r = &refs->items[refs->count++];
	*r = *ref;
	r->owner = heap_copy(ref->owner);
	r->label = heap_copy(ref->label);
}

void refs_drop(struct ring_refs *refs, struct ring_ref *ref)
{
	size_t at = (size_t)(ref - refs->items);

	free(ref->owner);
	free(ref->label);
	memmove(ref, ref + 1, (refs->count - at - 1) * sizeof(*ref));
	refs->count--;
}

void refs_free(struct ring_refs *refs)
{
	for (size_t i = 0; i < refs->count; i++) {
		free(refs->items[i].owner);
		free(refs->items[i].label);
	}
	free(refs->items);
	*refs = (struct ring_refs){0};
}
