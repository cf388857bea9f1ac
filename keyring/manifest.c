/* SPDX-License-Identifier: GPL-3.0-or-later */
/* manifest.c - what files a keyring directory has, and which of them have changed since */
#include "keyring/manifest.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "keyring/files.h"
#include "keyring/heap.h"

enum { NAMES_SHOWN = 8 };

struct entry {
	char *name; /* from the keyring directory on */
	struct stat st;
};

struct manifest {
	struct entry *entries; /* sorted by name */
	size_t count;
	bool links;
};

enum kind { KIND_NEW, KIND_CHANGED, KIND_GONE, KINDS };

static void add(struct manifest *m, const char *dir, char *name)
{
	char *path = heap_format("%s/%s", dir, name);
	struct stat st;
	bool found = lstat(path, &st) == 0, is_link = found && S_ISLNK(st.st_mode);

	if (is_link ? stat(path, &st) == 0 : found) {
		m->links = m->links || is_link;
		m->entries = heap_append(m->entries, m->count, sizeof(*m->entries));
		m->entries[m->count++] = (struct entry){.name = name, .st = st};
	} else {
		free(name);
	}
	free(path);
}

/* What is in @folder of @dir, at @depth folders below it. */
static void walk(struct manifest *m, const char *dir, const char *folder, int depth)
{
	char *path = heap_format("%s/%s", dir, folder);
	struct names names;
	struct err_list err; /* what cannot be read is not there */

	err_init(&err);
	names_list(&names, path, &err);
	for (size_t i = 0; i < names.count; i++) {
		char *name = heap_format("%s/%s", folder, names.items[i]);

		if (depth > 0)
			walk(m, dir, name, depth - 1);
		if (depth > 0)
			free(name);
		else
			add(m, dir, name);
	}
	names_free(&names);
	err_fini(&err);
	free(path);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(((const struct entry *)a)->name, ((const struct entry *)b)->name);
}

struct manifest *manifest_read(const char *dir)
{
	struct manifest *m = heap_zero(sizeof(*m));

	walk(m, dir, "certs", 1);
	walk(m, dir, "rings", 1);
	walk(m, dir, "maps", 0);
	add(m, dir, heap_copy("access.ini"));
	add(m, dir, heap_copy("identity.ini"));
	if (m->count)
		qsort(m->entries, m->count, sizeof(*m->entries), compare_names);
	return m;
}

void manifest_free(struct manifest *m)
{
	if (!m)
		return;
	for (size_t i = 0; i < m->count; i++)
		free(m->entries[i].name);
	free(m->entries);
	free(m);
}

static bool same_time(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

/* Whatever is done to a file shows in its time of change or makes it another file. */
static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       same_time(a->st_mtim, b->st_mtim) && same_time(a->st_ctim, b->st_ctim);
}

/* Which of two entries comes first; what is past the end comes last. */
static int order_of(const struct manifest *from, size_t i, const struct manifest *to, size_t j)
{
	if (i == from->count)
		return 1;
	return j == to->count ? -1 : strcmp(from->entries[i].name, to->entries[j].name);
}

/* The next difference of two sorted lists, from @i and @j on. Return: NULL after the last. */
static const char *difference(const struct manifest *from, const struct manifest *to, size_t *i,
	size_t *j, enum kind *kind)
{
	while (*i < from->count || *j < to->count) {
		size_t was = *i, is = *j;
		int order = order_of(from, was, to, is);

		*i += order <= 0;
		*j += order >= 0;
		if (order == 0 && same_file(&from->entries[was].st, &to->entries[is].st))
			continue;
		*kind = order < 0 ? KIND_GONE : order > 0 ? KIND_NEW : KIND_CHANGED;
		return order < 0 ? from->entries[was].name : to->entries[is].name;
	}
	return NULL;
}

bool manifest_equal(const struct manifest *a, const struct manifest *b)
{
	size_t i = 0, j = 0;
	enum kind kind;

	return difference(a, b, &i, &j, &kind) == NULL;
}

bool manifest_has_links(const struct manifest *m)
{
	return m->links;
}

static void print_kind(FILE *out, const struct manifest *from, const struct manifest *to,
	enum kind wanted, const char *head)
{
	size_t i = 0, j = 0, count = 0;
	enum kind kind;

	for (const char *name; (name = difference(from, to, &i, &j, &kind));) {
		if (kind == wanted && count++ < NAMES_SHOWN)
			fprintf(out, "%s%s", count == 1 ? head : ", ", name);
	}
	if (count > NAMES_SHOWN)
		fprintf(out, " and %zu more", count - NAMES_SHOWN);
}

char *manifest_changes(const struct manifest *from, const struct manifest *to)
{
	static const char *const heads[] = {
		[KIND_NEW] = "new: ", [KIND_CHANGED] = "changed: ", [KIND_GONE] = "gone: "};
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		abort();
	for (int kind = 0; kind < KINDS; kind++) {
		bool first = (fflush(out), size == 0);
		char *head = heap_format("%s%s", first ? "" : "; ", heads[kind]);

		print_kind(out, from, to, (enum kind)kind, head);
		free(head);
	}
	if (fclose(out) != 0)
		abort();
	return text;
}
