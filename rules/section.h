/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * section.h - sections made of others: what inherits, what is expanded, what is switched on
 *
 * Private to rules/. A made section holds entries of others, each with its origin, so that
 * complaints and policy show --effective name the place where a value was written.
 */
#ifndef ATTLS_RULES_SECTION_H
#define ATTLS_RULES_SECTION_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/ini.h"

/* What tells a file from every other, by whatever path. */
struct file_id {
	dev_t dev;
	ino_t ino;
};

/* All text that a policy was made of. */
struct sources {
	struct ini **files;
	struct file_id *ids; /* of each file */
	size_t file_count;
	struct ini_section **made;
	size_t made_count;
};

/** section_new() - an empty section [KIND NAME] that stands for @at; owned by @s */
struct ini_section *section_new(
	struct sources *s, const char *kind, const char *name, const struct ini_section *at);

/**
 * section_add() - to @to, the entries of @from whose keys it does not have yet
 * @skip: keys to leave out, NULL-terminated; NULL: none
 */
void section_add(struct ini_section *to, const struct ini_section *from, const char *const *skip);

/** section_put() - one entry, as if it had been written as @e in @from; @key and @value borrowed */
void section_put(struct ini_section *to, const struct ini_section *from, const struct ini_entry *e,
	const char *key, const char *value);

/* Where a value was written. */
struct origin {
	const struct ini_section *section;
	int line;
};

/** section_origin() - where @key of @written comes from; false: nowhere, so it has its default */
bool section_origin(const struct ini_section *written, const char *key, struct origin *origin);

void sources_free(struct sources *s);

#endif
