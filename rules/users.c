/* SPDX-License-Identifier: GPL-3.0-or-later */
/* users.c - the userid condition: account names, patterns and numbers become ranges of uids */
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "rules/job.h"
#include "rules/loader.h"

#define GROUP "group:"

/* The accounts that the system enumerates; one that is only looked up by name fits no pattern. */
static void accounts_load(struct loader *l)
{
	const struct passwd *pw;

	l->accounts_read = true;
	setpwent();
	while ((pw = getpwent())) {
		l->accounts = reader_append(l->accounts, l->account_count, sizeof(*l->accounts));
		l->accounts[l->account_count++] = (struct account){
			.name = reader_strdup(pw->pw_name), .uid = pw->pw_uid, .gid = pw->pw_gid};
	}
	endpwent();
}

void accounts_free(struct loader *l)
{
	for (size_t i = 0; i < l->account_count; i++)
		free(l->accounts[i].name);
	free(l->accounts);
}

static void pattern_add(struct reader *r, const char *key, const char *pattern, struct uid_set *set)
{
	struct loader *l = r->context;
	size_t before = set->count;

	if (!l->accounts_read)
		accounts_load(l);
	for (size_t i = 0; i < l->account_count; i++) {
		if (pattern_fits(pattern, l->accounts[i].name))
			uid_set_add(
				set, (struct uid_range){l->accounts[i].uid, l->accounts[i].uid});
	}
	if (set->count == before)
		ini_warn(r->err, r->section, key, "no account fits \"%s\" now", pattern);
}

static void name_add(struct reader *r, const char *key, const char *name, struct uid_set *set)
{
	const struct passwd *pw = getpwnam(name);

	if (pw)
		uid_set_add(set, (struct uid_range){pw->pw_uid, pw->pw_uid});
	else
		ini_warn(r->err, r->section, key, "there is no account \"%s\" now", name);
}

/* The accounts whose group it is, and those that it lists. Return: false if it fits no group. */
static bool group_add(const struct loader *l, const char *pattern, struct uid_set *set)
{
	const struct group *group;
	bool found = false;

	setgrent();
	while ((group = getgrent())) {
		if (!pattern_fits(pattern, group->gr_name))
			continue;
		found = true;
		for (size_t i = 0; i < l->account_count; i++) {
			const struct account *a = &l->accounts[i];
			bool in = a->gid == group->gr_gid;

			for (char **m = group->gr_mem; !in && *m; m++)
				in = strcmp(*m, a->name) == 0;
			if (in)
				uid_set_add(set, (struct uid_range){a->uid, a->uid});
		}
	}
	endgrent();
	return found;
}

static void groups_add(struct reader *r, const char *key, const char *pattern, struct uid_set *set)
{
	struct loader *l = r->context;

	if (!l->accounts_read)
		accounts_load(l);
	if (!group_add(l, pattern, set))
		ini_warn(r->err, r->section, key, "there is no group \"%s\" now", pattern);
}

/* "N" or "N-M". */
static bool is_numeric(const char *text)
{
	size_t n = strspn(text, "0123456789");

	if (n && text[n] == '-') {
		text += n + 1;
		n = strspn(text, "0123456789");
	}
	return n && !text[n];
}

static void number_add(struct reader *r, const char *key, const char *text, struct uid_set *set)
{
	char *end;
	unsigned long long from = strtoull(text, &end, 10), to = from;

	if (*end == '-')
		to = strtoull(end + 1, NULL, 10);
	if (from > to || to >= UINT32_MAX) /* the last one means "no user" */
		ini_error(r->err, r->section, key, "\"%s\" is no range of uids", text);
	else
		uid_set_add(set, (struct uid_range){(uid_t)from, (uid_t)to});
}

void users_add(struct reader *r, const char *key, const char *value, struct uid_set *set)
{
	struct reader_list list;

	if (!reader_list(r, key, value, &list))
		return;
	for (size_t i = 0; i < list.count; i++) {
		const char *item = list.items[i];
		bool group = strncmp(item, GROUP, strlen(GROUP)) == 0 && item[strlen(GROUP)];
		const char *name = group ? item + strlen(GROUP) : item;

		if (is_numeric(item))
			number_add(r, key, item, set);
		else if (strpbrk(name, "?[]\\/: \t\"'"))
			ini_error(r->err, r->section, key,
				"\"%s\" is no account name; * is the only wildcard", item);
		else if (group)
			groups_add(r, key, name, set);
		else if (strchr(item, '*'))
			pattern_add(r, key, item, set);
		else
			name_add(r, key, item, set);
	}
	reader_list_free(&list);
	uid_set_sort(set);
}
