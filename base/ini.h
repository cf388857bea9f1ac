/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ini.h - INI files with line numbers, original case and no surprises (iniparser inside)
 *
 * The only user of iniparser. Its edges are dealt with here: comments after a section header, lost
 * case, silent duplicates, keys before the first section, quotes, long lines, a byte order mark,
 * ':' in section names, and look-ups that are linear in the size of the whole file.
 */
#ifndef ATTLS_BASE_INI_H
#define ATTLS_BASE_INI_H

#include "base/err.h"

struct ini_entry {
	char *key;   /* as written; lower case is not forced */
	char *value; /* trimmed, unquoted, continuation lines joined */
	int line;    /* of the key, from 1 */
	/* the section that it was written in, where entries were put together; NULL: this one */
	const struct ini_section *origin;
};

/* "[KIND NAME]" or "[KIND]" */
struct ini_section {
	char *kind; /* first word, as written */
	char *name; /* the rest, "" without one */
	char *file; /* path as given; owned by the struct ini */
	int line;
	struct ini_entry *entries;
	size_t entry_count;
};

struct ini {
	struct ini_section *sections; /* in file order */
	size_t section_count;
	char *path;
};

/**
 * ini_load() - read one file whole
 * @err: receives every problem as "FILE:LINE: [section] key: sentence"
 * Return: NULL if the file cannot be read; otherwise what could be understood, even with errors.
 */
struct ini *ini_load(const char *path, struct err_list *err);

/** ini_load_text() - the same from memory; @path is only for messages */
struct ini *ini_load_text(const char *path, const char *text, size_t len, struct err_list *err);

void ini_free(struct ini *ini);

/** ini_get() - value of @key (compared without case) in @s, or NULL */
const char *ini_get(const struct ini_section *s, const char *key);

/**
 * ini_error() - append "FILE:LINE: [kind name] key: sentence" about an entry
 * @key: NULL for a problem of the section itself
 */
void ini_error(struct err_list *err, const struct ini_section *s, const char *key, const char *fmt,
	...) __attribute__((format(printf, 4, 5)));

/** ini_warn() - the same as a warning */
void ini_warn(struct err_list *err, const struct ini_section *s, const char *key, const char *fmt,
	...) __attribute__((format(printf, 4, 5)));

/** ini_nearest() - the one of @words (NULL-terminated) nearest to @word; NULL if none is near */
const char *ini_nearest(const char *word, const char *const *words);

#endif
