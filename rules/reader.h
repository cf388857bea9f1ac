/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * reader.h - from a section of an INI file to a struct: keys from a table, values with a sentence
 *
 * Every function that takes a value appends its complaint to the reader's list, naming file, line,
 * section and key, and returns false; nothing here stops at the first problem.
 */
#ifndef ATTLS_RULES_READER_H
#define ATTLS_RULES_READER_H

#include <stdint.h>

#include "base/clock.h"
#include "base/ini.h"

struct reader;

/* Keys that are not in the table of a kind of section, but in one that several kinds share. */
struct reader_more {
	const char *const *names; /* NULL-terminated; NULL: none */
	void (*read)(struct reader *r, const char *key, const char *value);
};

/* One section on its way into @object. */
struct reader {
	const struct ini_section *section;
	struct err_list *err;
	void *object;  /* what the section describes; the type is the key table's affair */
	void *context; /* where names are looked up; likewise */
	struct reader_more more;
};

/* A key that a kind of section may hold. */
struct reader_key {
	const char *name;
	void (*read)(struct reader *r, const char *key, const char *value);
};

/** reader_keys() - call the function of each key; complain of those unknown or empty */
void reader_keys(struct reader *r, const struct reader_key *keys, size_t count);

/** read_nothing() - the reader of a key that has had its effect before */
void read_nothing(struct reader *r, const char *key, const char *value);

/** reader_needs() - complain if @key is not there, with @what to write. Return: whether it is */
bool reader_needs(struct reader *r, const char *key, const char *what);

/** reader_number() - decimal digits, @min to @max */
bool reader_number(struct reader *r, const char *key, const char *value, uint64_t min, uint64_t max,
	uint64_t *number);

/** reader_size() - bytes, with K, M or G for powers of 1024 */
bool reader_size(struct reader *r, const char *key, const char *value, size_t *bytes);

/** reader_duration() - a number with ms, s, m, h or d, from @min to @max */
bool reader_duration(struct reader *r, const char *key, const char *value, usec_t min, usec_t max,
	usec_t *duration);

/** reader_word() - one of @words (NULL-terminated), without case; @index is its place */
bool reader_word(struct reader *r, const char *key, const char *value, const char *const *words,
	size_t *index);

/* The items of a comma-separated value, trimmed. */
struct reader_list {
	char **items; /* NULL-terminated */
	size_t count;
};

/** reader_list() - false (and nothing to free) if an item is empty */
bool reader_list(struct reader *r, const char *key, const char *value, struct reader_list *list);

void reader_list_free(struct reader_list *list);

/** reader_hint() - "; did you mean X?" into @buf of READER_HINT bytes, or "". Return: @buf */
enum { READER_HINT = 128 };
const char *reader_hint(const char *word, const char *const *words, char *buf);

/* Memory for configuration: never NULL, as there is no sensible way on without it. */
void *reader_alloc(void *old, size_t size);
char *reader_strdup(const char *text);

/** reader_append() - room for one more item at the end of an array of @count. Return: the array */
void *reader_append(void *array, size_t count, size_t item_size);

#endif
