/* SPDX-License-Identifier: GPL-3.0-or-later */
/* reader.c - sections of INI files to structs: keys from a table, values with a sentence */
#include "rules/reader.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void *reader_alloc(void *old, size_t size)
{
	void *p = realloc(old, size ? size : 1);

	if (!p)
		abort();
	return p;
}

char *reader_strdup(const char *text)
{
	size_t size = strlen(text) + 1;

	return memcpy(reader_alloc(NULL, size), text, size);
}

void *reader_append(void *array, size_t count, size_t item_size)
{
	if (count & (count - 1)) /* full at each power of two */
		return array;
	return reader_alloc(array, (count ? 2 * count : 1) * item_size);
}

const char *reader_hint(const char *word, const char *const *words, char *buf)
{
	const char *nearest = ini_nearest(word, words);

	*buf = '\0';
	if (nearest)
		snprintf(buf, READER_HINT, "; did you mean %s?", nearest);
	return buf;
}

/* "a, b, c" of NULL-terminated @words; freed by the caller. */
static char *joined(const char *const *words)
{
	size_t size = 1;
	char *text, *end;

	for (const char *const *w = words; *w; w++)
		size += strlen(*w) + 2;
	text = end = reader_alloc(NULL, size);
	*end = '\0';
	for (const char *const *w = words; *w; w++)
		end = stpcpy(stpcpy(end, w == words ? "" : ", "), *w);
	return text;
}

static void refuse_unknown_key(
	struct reader *r, const char *key, const struct reader_key *keys, size_t count)
{
	size_t more = 0, n = 0;
	const char **names;
	char hint[READER_HINT];
	char *all;

	while (r->more.names && r->more.names[more])
		more++;
	names = reader_alloc(NULL, (count + more + 1) * sizeof(*names));
	for (size_t i = 0; i < count; i++)
		names[n++] = keys[i].name;
	names[n] = NULL;
	all = joined(names);
	for (size_t i = 0; i < more; i++)
		names[n++] = r->more.names[i];
	names[n] = NULL;
	if (*reader_hint(key, names, hint))
		ini_error(r->err, r->section, key, "unknown key%s", hint);
	else
		ini_error(r->err, r->section, key, "unknown key; [%s] has %s%s", r->section->kind,
			all, more ? ", and what docs/rules.md lists" : "");
	free(all);
	free(names);
}

static bool is_more(const struct reader *r, const char *key)
{
	for (size_t i = 0; r->more.names && r->more.names[i]; i++) {
		if (strcasecmp(r->more.names[i], key) == 0)
			return true;
	}
	return false;
}

void reader_keys(struct reader *r, const struct reader_key *keys, size_t count)
{
	for (size_t i = 0; i < r->section->entry_count; i++) {
		const struct ini_entry *e = &r->section->entries[i];
		size_t k = 0;

		while (k < count && strcasecmp(keys[k].name, e->key) != 0)
			k++;
		if (k == count && !is_more(r, e->key))
			refuse_unknown_key(r, e->key, keys, count);
		else if (!*e->value)
			ini_error(r->err, r->section, e->key, "needs a value");
		else if (k == count)
			r->more.read(r, e->key, e->value);
		else
			keys[k].read(r, keys[k].name, e->value);
	}
}

void read_nothing(struct reader *r, const char *key, const char *value)
{
	(void)r;
	(void)key;
	(void)value;
}

bool reader_needs(struct reader *r, const char *key, const char *what)
{
	if (ini_get(r->section, key))
		return true;
	ini_error(r->err, r->section, key, "is missing: %s", what);
	return false;
}

/* Digits at @text; false without any, or beyond 64 bits. */
static bool digits(const char *text, uint64_t *number, const char **end)
{
	*number = 0;
	for (*end = text; **end >= '0' && **end <= '9'; (*end)++) {
		if (__builtin_mul_overflow(*number, 10, number) ||
			__builtin_add_overflow(*number, (uint64_t)(**end - '0'), number))
			return false;
	}
	return *end > text;
}

bool reader_number(struct reader *r, const char *key, const char *value, uint64_t min, uint64_t max,
	uint64_t *number)
{
	const char *end;

	if (digits(value, number, &end) && !*end && *number >= min && *number <= max)
		return true;
	ini_error(r->err, r->section, key, "\"%s\" is not a number from %llu to %llu", value,
		(unsigned long long)min, (unsigned long long)max);
	return false;
}

bool reader_size(struct reader *r, const char *key, const char *value, size_t *bytes)
{
	static const char units[] = "KMG";
	const char *end, *unit;
	uint64_t number;
	unsigned shift = 0;

	if (!digits(value, &number, &end))
		end = "?";
	if (*end && (unit = strchr(units, toupper((unsigned char)*end)))) {
		shift = 10 * (unsigned)(unit - units + 1);
		end++;
	}
	if (!*end && number <= SIZE_MAX >> shift) {
		*bytes = (size_t)number << shift;
		return true;
	}
	ini_error(
		r->err, r->section, key, "\"%s\" is no size: write bytes, or 64K, 512M, 2G", value);
	return false;
}

bool reader_duration(struct reader *r, const char *key, const char *value, usec_t min, usec_t max,
	usec_t *duration)
{
	static const struct {
		const char *name;
		usec_t length;
	} units[] = {
		{"ms", USEC_MSEC},
		{"s", USEC_SEC},
		{"m", 60 * USEC_SEC},
		{"h", 3600 * USEC_SEC},
		{"d", 86400 * USEC_SEC},
	};
	const char *end;
	uint64_t number;

	if (!digits(value, &number, &end) || number > INT32_MAX)
		end = "?";
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(end, units[i].name) != 0)
			continue;
		*duration = (usec_t)number * units[i].length;
		if (*duration >= min && *duration <= max)
			return true;
		ini_error(r->err, r->section, key, "\"%s\" is not between %lld ms and %lld s",
			value, (long long)(min / USEC_MSEC), (long long)(max / USEC_SEC));
		return false;
	}
	ini_error(r->err, r->section, key,
		"\"%s\" is no duration: write a number and ms, s, m, h or d, such as 10s", value);
	return false;
}

bool reader_word(struct reader *r, const char *key, const char *value, const char *const *words,
	size_t *index)
{
	char hint[READER_HINT];
	char *all;

	for (*index = 0; words[*index]; (*index)++) {
		if (strcasecmp(words[*index], value) == 0)
			return true;
	}
	all = joined(words);
	ini_error(r->err, r->section, key, "\"%s\" is none of %s%s", value, all,
		reader_hint(value, words, hint));
	free(all);
	return false;
}

bool reader_list(struct reader *r, const char *key, const char *value, struct reader_list *list)
{
	char *copy = reader_strdup(value), *rest = copy, *item;
	bool good = true;

	*list = (struct reader_list){0};
	while ((item = strsep(&rest, ","))) {
		size_t len;

		item += strspn(item, " \t");
		len = strlen(item);
		while (len && strchr(" \t", item[len - 1]))
			item[--len] = '\0';
		good = good && len;
		list->items = reader_append(list->items, list->count, sizeof(*list->items));
		list->items[list->count++] = reader_strdup(item);
	}
	free(copy);
	list->items = reader_alloc(list->items, (list->count + 1) * sizeof(*list->items));
	list->items[list->count] = NULL;
	if (good)
		return true;
	ini_error(r->err, r->section, key, "there is nothing between two commas or at an end");
	reader_list_free(list);
	return false;
}

void reader_list_free(struct reader_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i]);
	free(list->items);
}
