/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ini_internal.h - what the files of the INI reader share: lines first, then values
 *
 * ini_read.c goes over the lines and finds sections, keys and raw values (still quoted);
 * ini_value.c has iniparser turn raw values into values, one well-formed section at a time.
 */
#ifndef ATTLS_BASE_INI_INTERNAL_H
#define ATTLS_BASE_INI_INTERNAL_H

#include "base/ini.h"

/* ini_read() - fill @ini with the sections of @text; values are raw: as written, with quotes */
void ini_read(struct ini *ini, const char *text, size_t len, struct err_list *err);

/*
 * ini_values() - replace the raw values of all sections by what iniparser reads in them
 * Return: false (and @err) if iniparser could not be used; values are then still raw.
 */
bool ini_values(struct ini *ini, struct err_list *err);

/* ini_complain() - "FILE:LINE: [kind name] key: sentence"; @s and @key may be NULL */
void ini_complain(struct err_list *err, const char *file, int line, const struct ini_section *s,
	const char *key, const char *sentence);

/* Memory for configuration: never NULL, as there is no sensible way on without it. */
void *ini_alloc(void *old, size_t size);
char *ini_strndup(const char *text, size_t len);

#endif
