/* SPDX-License-Identifier: GPL-3.0-or-later */
/* initext.c - what the keyring's INI files have in common */
#include "keyring/initext.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keyring/files.h"
#include "keyring/heap.h"
#include "keyring/name.h"

struct ini *initext_load(const char *dir, const char *name, struct err_list *err)
{
	char *path = heap_format("%s/%s", dir, name);
	struct ini *ini = NULL;
	struct stat st;

	if (stat(path, &st) == 0)
		guard_file(path, &st, err);
	if (access(path, F_OK) == 0 || errno != ENOENT)
		ini = ini_load(path, err);
	free(path);
	return ini;
}

static bool is_known(const char *key, const char *const *keys)
{
	for (size_t i = 0; keys[i]; i++) {
		if (strcasecmp(key, keys[i]) == 0)
			return true;
	}
	return false;
}

bool initext_keys_known(const struct ini_section *s, const char *const *keys, struct err_list *err)
{
	bool good = true;

	for (size_t i = 0; i < s->entry_count; i++) {
		const char *key = s->entries[i].key, *near = ini_nearest(key, keys);

		if (is_known(key, keys))
			continue;
		ini_error(err, s, key, "unknown key%s%s%s", near ? "; did you mean " : "",
			near ? near : "", near ? "?" : "");
		good = false;
	}
	return good;
}

static bool needs_escape(unsigned char c)
{
	return c < 0x20 || c == 0x7f || c == '%' || c == '"';
}

/* In quotes wherever the INI syntax could mean something else by it. */
void initext_write(FILE *out, const char *key, const char *value)
{
	size_t len = strlen(value);
	bool quoted =
		len == 0 || strpbrk(value, ";#'\\") || value[0] == ' ' || value[len - 1] == ' ';

	fprintf(out, "%s = %s", key, quoted ? "\"" : "");
	for (; *value; value++)
		fprintf(out, needs_escape((unsigned char)*value) ? "%%%02X" : "%c",
			(unsigned char)*value);
	fputs(quoted ? "\"\n" : "\n", out);
}

char *initext_value(const struct ini_section *s, const char *key)
{
	const char *value = ini_get(s, key);
	char *text = value ? heap_copy(value) : NULL;

	if (text)
		name_unescape(text);
	return text;
}
