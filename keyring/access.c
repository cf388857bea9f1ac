/* SPDX-License-Identifier: GPL-3.0-or-later */
/* access.c - access.ini: which users may read rings that are not their own */
#include "keyring/access.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "keyring/heap.h"
#include "keyring/name.h"

static const char *const keys[] = {"read", NULL};

static bool take_ring_name(
	const struct ini_section *s, char *owner, char *name, struct err_list *err)
{
	const char *slash = strchr(s->name, '/');
	char *front;
	bool good;

	if (strcasecmp(s->kind, "ring") != 0) {
		ini_error(err, s, NULL, "unknown section: only [ring OWNER/NAME] is known here");
		return false;
	}
	front = heap_format("%.*s", slash ? (int)(slash - s->name) : 0, s->name);
	good = name_decode(front, owner) && name_owner_ok(owner) && name_decode(slash + 1, name);
	free(front);
	if (!good)
		ini_error(err, s, NULL, "names no ring: write [ring OWNER/NAME]");
	return good;
}

static void take_users(struct access *a, const char *list)
{
	char *copy = heap_copy(list), *rest = NULL;

	for (char *w = strtok_r(copy, ", \t", &rest); w; w = strtok_r(NULL, ", \t", &rest)) {
		if (strcmp(w, "*") == 0) {
			a->everyone = true;
			continue;
		}
		a->users = heap_append(a->users, a->user_count, sizeof(*a->users));
		a->users[a->user_count++] = heap_copy(w);
	}
	free(copy);
}

bool access_parse(struct access *a, const struct ini_section *s, char *owner, char *name,
	struct err_list *err)
{
	const char *list = ini_get(s, "read");

	*a = (struct access){0};
	if (!take_ring_name(s, owner, name, err))
		return false;
	for (size_t i = 0; i < s->entry_count; i++) {
		const char *key = s->entries[i].key, *near = ini_nearest(key, keys);

		if (strcasecmp(key, "read") != 0)
			ini_error(err, s, key, "unknown key%s%s%s", near ? "; did you mean " : "",
				near ? near : "", near ? "?" : "");
	}
	if (!list) {
		ini_error(err, s, NULL, "has no read: write read = USER, USER or read = *");
		return false;
	}
	take_users(a, list);
	return true;
}

bool access_allows(const struct access *a, const char *user)
{
	for (size_t i = 0; user && i < a->user_count; i++) {
		if (strcasecmp(a->users[i], user) == 0)
			return true;
	}
	return a->everyone;
}

void access_fini(struct access *a)
{
	for (size_t i = 0; i < a->user_count; i++)
		free(a->users[i]);
	free(a->users);
	*a = (struct access){0};
}
