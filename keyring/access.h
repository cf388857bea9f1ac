/* SPDX-License-Identifier: GPL-3.0-or-later */
/* access.h - access.ini: which users may read rings that are not their own */
#ifndef ATTLS_KEYRING_ACCESS_H
#define ATTLS_KEYRING_ACCESS_H

#include <stdbool.h>

#include "base/err.h"
#include "base/ini.h"

/* The readers of one ring. Text is owned. */
struct access {
	char **users;
	size_t user_count;
	bool everyone;
};

/**
 * access_parse() - "[ring OWNER/NAME]" with "read = USER, USER" or "read = *"
 * @owner, @name: NAME_SIZE buffers for the ring's name
 * Return: false (and @err) if the section is not understood; @a is then empty.
 */
bool access_parse(struct access *a, const struct ini_section *s, char *owner, char *name,
	struct err_list *err);

/** access_allows() - whether @user is among the readers; NULL is a user nobody knows */
bool access_allows(const struct access *a, const char *user);

void access_fini(struct access *a);

#endif
