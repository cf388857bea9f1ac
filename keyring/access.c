/* SPDX-License-Identifier: GPL-3.0-or-later */
/* access.c - access.ini: what users may do with rings that are not their own */
#include "keyring/access.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/account.h"
#include "keyring/heap.h"
#include "keyring/initext.h"
#include "keyring/name.h"

#define GROUP_PREFIX "group:"

static const char *const keys[] = {"read", "update", "control", NULL};
static const char *const rights[RIGHTS] = {
	[RIGHT_NONE] = "NONE",
	[RIGHT_READ] = "READ",
	[RIGHT_UPDATE] = "UPDATE",
	[RIGHT_CONTROL] = "CONTROL",
};

const char *ring_right_name(enum ring_right r)
{
	return rights[r];
}

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

static void grant(struct access *a, const char *user, enum ring_right right)
{
	a->grants = heap_append(a->grants, a->grant_count, sizeof(*a->grants));
	a->grants[a->grant_count++] = (struct grant){.user = heap_copy(user), .right = right};
}

struct granting {
	struct access *access;
	enum ring_right right;
};

static void grant_member(void *arg, const char *user)
{
	const struct granting *g = arg;

	grant(g->access, user, g->right);
}

static void grant_group(struct access *a, const struct ini_section *s, enum ring_right right,
	const char *name, struct err_list *err)
{
	struct granting g = {.access = a, .right = right};

	if (!account_members(name, grant_member, &g))
		ini_warn(err, s, keys[right - RIGHT_READ], "there is no group %s", name);
}

/* A user id means the account that has it now. */
static void grant_user(struct access *a, const char *word, enum ring_right right)
{
	char *end;
	unsigned long uid = strtoul(word, &end, 10);
	const struct passwd *account = *end ? NULL : getpwuid((uid_t)uid);

	grant(a, account ? account->pw_name : word, right);
}

static void take_list(
	struct access *a, const struct ini_section *s, enum ring_right right, struct err_list *err)
{
	const char *list = ini_get(s, keys[right - RIGHT_READ]);
	char *copy = heap_copy(list ? list : ""), *rest = NULL;

	for (char *w = strtok_r(copy, ", \t", &rest); w; w = strtok_r(NULL, ", \t", &rest)) {
		if (strcmp(w, "*") == 0)
			a->everyone = right;
		else if (strncasecmp(w, GROUP_PREFIX, strlen(GROUP_PREFIX)) == 0)
			grant_group(a, s, right, w + strlen(GROUP_PREFIX), err);
		else
			grant_user(a, w, right);
	}
	free(copy);
}

bool access_parse(struct access *a, const struct ini_section *s, char *owner, char *name,
	struct err_list *err)
{
	*a = (struct access){.given = true};
	if (!take_ring_name(s, owner, name, err))
		return false;
	initext_keys_known(s, keys, err);
	if (!ini_get(s, "read") && !ini_get(s, "update") && !ini_get(s, "control")) {
		ini_error(err, s, NULL,
			"grants nothing: write read, update or control = USER, group:NAME or *");
		return false;
	}
	for (enum ring_right r = RIGHT_READ; r < RIGHTS; r++)
		take_list(a, s, r, err);
	return true;
}

enum ring_right access_right(const struct access *a, const char *user)
{
	enum ring_right best = a->everyone;

	for (size_t i = 0; user && i < a->grant_count; i++) {
		if (strcasecmp(a->grants[i].user, user) == 0 && a->grants[i].right > best)
			best = a->grants[i].right;
	}
	return best;
}

void access_fini(struct access *a)
{
	for (size_t i = 0; i < a->grant_count; i++)
		free(a->grants[i].user);
	free(a->grants);
	*a = (struct access){0};
}
