/* SPDX-License-Identifier: GPL-3.0-or-later */
/* files.c - the files of a policy: those given, those they include, and the predefined ones */
#include "rules/files.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "rules/reader.h"

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_loaded(const struct sources *s, struct file_id id)
{
	for (size_t i = 0; i < s->file_count; i++) {
		if (s->ids[i].dev == id.dev && s->ids[i].ino == id.ino)
			return true;
	}
	return false;
}

/* Once, however often it is named: files may include each other. */
static void file_load(struct sources *s, const char *path, struct err_list *err)
{
	struct file_id id = {0};
	struct ini *ini = NULL;
	struct stat st;

	if (stat(path, &st) == 0)
		id = (struct file_id){st.st_dev, st.st_ino};
	if (!is_loaded(s, id))
		ini = ini_load(path, err);
	if (!ini)
		return;
	s->files = reader_append(s->files, s->file_count, sizeof(struct ini *));
	s->ids = reader_append(s->ids, s->file_count, sizeof(*s->ids));
	s->files[s->file_count] = ini;
	s->ids[s->file_count++] = id;
}

/* Every *.ini of a directory in order of name, without hidden ones (editors leave those). */
static void directory_load(struct sources *s, const char *path, DIR *dir, struct err_list *err)
{
	struct dirent *entry;
	char **names = NULL;
	size_t count = 0;

	while ((entry = readdir(dir))) {
		size_t len = strlen(entry->d_name);

		if (*entry->d_name == '.' || len < 5 ||
			strcmp(entry->d_name + len - 4, ".ini") != 0)
			continue;
		names = reader_append(names, count, sizeof(*names));
		if (asprintf(&names[count++], "%s/%s", path, entry->d_name) < 0)
			abort();
	}
	if (count)
		qsort(names, count, sizeof(*names), compare_names);
	else
		err_warn(err, "%s: there is no *.ini file in this directory", path);
	for (size_t i = 0; i < count; i++) {
		file_load(s, names[i], err);
		free(names[i]);
	}
	free(names);
}

void files_load(struct sources *s, const char *path, struct err_list *err)
{
	DIR *dir = opendir(path);

	if (dir) {
		directory_load(s, path, dir, err);
		closedir(dir);
	} else if (errno == ENOTDIR) {
		file_load(s, path, err);
	} else {
		err_add(err, "%s: cannot be read: %s", path, strerror(errno));
	}
}

/* @name as it is meant in @file; freed by the caller. */
static char *path_from(const char *file, const char *name)
{
	const char *slash = strrchr(file, '/');
	char *path;

	if (*name == '/' || !slash)
		return reader_strdup(name);
	if (asprintf(&path, "%.*s/%s", (int)(slash - file), file, name) < 0)
		abort();
	return path;
}

static void read_file(struct reader *r, const char *key, const char *value)
{
	struct reader_list list;

	if (!reader_list(r, key, value, &list))
		return;
	for (size_t i = 0; i < list.count; i++) {
		char *path = path_from(r->section->file, list.items[i]);
		struct stat st;

		if (stat(path, &st) == 0)
			files_load(r->context, path, r->err);
		else
			ini_error(r->err, r->section, key, "%s: cannot be read: %s", path,
				strerror(errno));
		free(path);
	}
	reader_list_free(&list);
}

void files_include(struct sources *s, struct err_list *err)
{
	static const struct reader_key keys[] = {{"file", read_file}};

	for (size_t i = 0; i < s->file_count; i++) {
		for (size_t j = 0; j < s->files[i]->section_count; j++) {
			const struct ini_section *section = &s->files[i]->sections[j];
			struct reader r = {.section = section, .err = err, .context = s};

			if (strcasecmp(section->kind, "include") != 0)
				continue;
			reader_keys(&r, keys, 1);
			reader_needs(&r, "file", "a list of files, or of directories");
		}
	}
}

const char *files_predefined(void)
{
	const char *path = secure_getenv("ATTLS_PREDEFINED");

	return path && *path ? path : ATTLS_DATADIR "/predefined";
}
