/* SPDX-License-Identifier: GPL-3.0-or-later */
/* permit.c - the users whom a server lets in, by name, pattern and group */
#include <string.h>
#include <strings.h>

#include "base/account.h"
#include "rules/loader.h"

#define GROUP "group:"

static void user_add(void *arg, const char *user)
{
	struct reader_list *list = arg;

	list->items = reader_append(list->items, list->count, sizeof(*list->items));
	list->items[list->count++] = reader_strdup(user);
}

static void item_add(struct reader *r, const char *key, const char *item, struct reader_list *users)
{
	bool group = strncasecmp(item, GROUP, strlen(GROUP)) == 0;

	if (strpbrk(item, "?[]\\/\"'") || (group && strpbrk(item + strlen(GROUP), "*:")) ||
		(!group && strchr(item, ':')))
		ini_error(r->err, r->section, key,
			"\"%s\" is no user: write a name, in which * is a wildcard, or group:NAME",
			item);
	else if (!group)
		user_add(users, item);
	else if (!account_members(item + strlen(GROUP), user_add, users))
		ini_warn(r->err, r->section, key, "there is no group \"%s\" now",
			item + strlen(GROUP));
}

char **permit_read(struct reader *r, const char *key, const char *value)
{
	struct reader_list given, users = {0};

	if (!reader_list(r, key, value, &given))
		return NULL;
	for (size_t i = 0; i < given.count; i++)
		item_add(r, key, given.items[i], &users);
	reader_list_free(&given);
	users.items = reader_append(users.items, users.count, sizeof(*users.items));
	users.items[users.count] = NULL;
	return users.items;
}
