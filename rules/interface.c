/* SPDX-License-Identifier: GPL-3.0-or-later */
/* interface.c - the inside_interface condition: where a router's plain side comes in */
#include "rules/interface.h"

#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "rules/job.h"

static bool is_good(const char *name)
{
	return strlen(name) < IF_NAMESIZE && !strpbrk(name, "/ \t+:") && strcmp(name, ".") != 0 &&
	       strcmp(name, "..") != 0;
}

char **interfaces_read(struct reader *r, const char *key, const char *value)
{
	struct reader_list list;

	if (!reader_list(r, key, value, &list))
		return NULL;
	for (size_t i = 0; i < list.count; i++) {
		if (!is_good(list.items[i]))
			ini_error(r->err, r->section, key,
				"\"%s\" is no name of an interface; * stands for any characters",
				list.items[i]);
	}
	return list.items;
}

void interfaces_free(char **names)
{
	for (char **name = names; name && *name; name++)
		free(*name);
	free(names);
}

bool interfaces_hold(char *const *names, const char *interface)
{
	while (*names && !pattern_fits(*names, interface))
		names++;
	return *names;
}

/* Of two patterns it is only known that they meet where they are the same. */
bool interfaces_meet(char *const *a, char *const *b)
{
	bool meet = !a || !b;

	for (; !meet && *a; a++) {
		for (char *const *other = b; *other && !meet; other++)
			meet = strcmp(*a, *other) == 0 ||
			       (!strchr(*other, '*') && pattern_fits(*a, *other)) ||
			       (!strchr(*a, '*') && pattern_fits(*other, *a));
	}
	return meet;
}

static bool any_fits(char *const *names, char *const *interfaces)
{
	while (*interfaces && !interfaces_hold(names, *interfaces))
		interfaces++;
	return *interfaces;
}

void interfaces_check(const struct policy *p, const struct settings *s, struct err_list *err)
{
	for (size_t i = 0; i < p->rule_count; i++) {
		const struct rule *r = p->rules[i];

		if (!r->interfaces)
			continue;
		if (s->mode == MODE_HOST)
			ini_error(err, r->written, "inside_interface",
				"is for [gateway] mode = router: the applications of a host are "
				"behind no interface; remove it");
		else if (!any_fits(r->interfaces, s->inside))
			ini_warn(err, r->written, "inside_interface",
				"fits none of [gateway] inside, so the rule takes no connection");
	}
}
