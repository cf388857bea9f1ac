/* SPDX-License-Identifier: GPL-3.0-or-later */
/* initext.h - what the keyring's INI files have in common */
#ifndef ATTLS_KEYRING_INITEXT_H
#define ATTLS_KEYRING_INITEXT_H

#include <stdio.h>

#include "base/err.h"
#include "base/ini.h"

/**
 * initext_load() - the file @name of the keyring directory @dir, which need not be there
 * One that just anybody can change is refused with a sentence, as guard_file() does.
 * Return: for ini_free(); NULL without the file, or where it cannot be read.
 */
struct ini *initext_load(const char *dir, const char *name, struct err_list *err);

/** initext_keys_known() - a sentence for each key of @s that is not in @keys, which NULL ends */
bool initext_keys_known(const struct ini_section *s, const char *const *keys, struct err_list *err);

/**
 * initext_write() - "KEY = VALUE", so that initext_value() reads it back whatever it holds
 * Percent signs, double quotes and control characters are written as %XX.
 */
void initext_write(FILE *out, const char *key, const char *value);

/** initext_value() - the value of @key, %XX decoded; owned, NULL without */
char *initext_value(const struct ini_section *s, const char *key);

#endif
