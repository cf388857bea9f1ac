/* SPDX-License-Identifier: GPL-3.0-or-later */
/* section.c - sections made of others: what inherits, what is expanded, what is switched on */
#include "rules/section.h"

#include <stdlib.h>
#include <strings.h>

#include "rules/reader.h"

struct ini_section *section_new(
	struct sources *s, const char *kind, const char *name, const struct ini_section *at)
{
	struct ini_section *made = reader_alloc(NULL, sizeof(*made));

	*made = (struct ini_section){.kind = reader_strdup(kind),
		.name = reader_strdup(name),
		.file = at->file,
		.line = at->line};
	s->made = reader_append(s->made, s->made_count, sizeof(struct ini_section *));
	s->made[s->made_count++] = made;
	return made;
}

void section_put(struct ini_section *to, const struct ini_section *from, const struct ini_entry *e,
	const char *key, const char *value)
{
	to->entries = reader_append(to->entries, to->entry_count, sizeof(*to->entries));
	to->entries[to->entry_count++] = (struct ini_entry){
		.key = (char *)key,
		.value = (char *)value,
		.line = e->line,
		.origin = e->origin ? e->origin : from,
	};
}

static bool is_skipped(const char *key, const char *const *skip)
{
	for (; skip && *skip; skip++) {
		if (strcasecmp(*skip, key) == 0)
			return true;
	}
	return false;
}

void section_add(struct ini_section *to, const struct ini_section *from, const char *const *skip)
{
	for (size_t i = 0; i < from->entry_count; i++) {
		const struct ini_entry *e = &from->entries[i];

		if (!ini_get(to, e->key) && !is_skipped(e->key, skip))
			section_put(to, from, e, e->key, e->value);
	}
}

bool section_origin(const struct ini_section *written, const char *key, struct origin *origin)
{
	for (size_t i = 0; written && i < written->entry_count; i++) {
		const struct ini_entry *e = &written->entries[i];

		if (strcasecmp(e->key, key) != 0)
			continue;
		*origin = (struct origin){e->origin ? e->origin : written, e->line};
		return true;
	}
	return false;
}

void sources_free(struct sources *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->made_count; i++) {
		free(s->made[i]->entries);
		free(s->made[i]->kind);
		free(s->made[i]->name);
		free(s->made[i]);
	}
	for (size_t i = 0; i < s->file_count; i++)
		ini_free(s->files[i]);
	free(s->made);
	free(s->files);
	free(s->ids);
	free(s);
}
