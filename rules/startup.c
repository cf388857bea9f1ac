/* SPDX-License-Identifier: GPL-3.0-or-later */
/* startup.c - the [startup] section of attls.ini: who may connect before a policy is in force */
#include "rules/startup.h"

#include <ctype.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "rules/loader.h"

/* More is no configuration but a mistake (a device, an archive). */
enum { PARTS_MAX = 1 << 16 };

/* "N" or "N-M". */
static bool numbers_parse(const char *text, struct uid_range *range)
{
	unsigned long from, to;
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	from = to = strtoul(text, &end, 10);
	if (*end == '-' && end[1] >= '0' && end[1] <= '9')
		to = strtoul(end + 1, &end, 10);
	*range = (struct uid_range){(uid_t)from, (uid_t)to};
	return !*end && from <= to && to < UINT32_MAX;
}

static void user_add(struct reader *r, const char *key, const char *item)
{
	struct startup *s = r->object;
	const struct passwd *account;
	struct uid_range range;

	if (numbers_parse(item, &range))
		uid_set_add(&s->users, range);
	else if (!item[strspn(item, "0123456789-")])
		ini_error(r->err, r->section, key, "\"%s\" is no number N and no range N-M", item);
	else if ((account = getpwnam(item)))
		uid_set_add(&s->users, (struct uid_range){account->pw_uid, account->pw_uid});
	else
		ini_warn(r->err, r->section, key,
			"\"%s\" is no account of this system now, and permits nobody", item);
}

static void read_userid(struct reader *r, const char *key, const char *value)
{
	struct reader_list list;

	if (!reader_list(r, key, value, &list))
		return;
	for (size_t i = 0; i < list.count; i++)
		user_add(r, key, list.items[i]);
	reader_list_free(&list);
	uid_set_sort(&((struct startup *)r->object)->users);
}

static void read_remote_addr(struct reader *r, const char *key, const char *value)
{
	addresses_add(r, key, value, false, &((struct startup *)r->object)->remotes);
}

void startup_read(struct reader *r)
{
	static const struct reader_key keys[] = {
		{"userid", read_userid},
		{"remote_addr", read_remote_addr},
	};

	((struct startup *)r->object)->wanted = true;
	reader_keys(r, keys, sizeof(keys) / sizeof(keys[0]));
}

static bool is_header(const char *line)
{
	static const char word[] = "startup";

	if (strncmp(line, "\xef\xbb\xbf", 3) == 0) /* a byte order mark */
		line += 3;
	line += strspn(line, " \t");
	if (*line++ != '[')
		return false;
	line += strspn(line, " \t");
	return strncasecmp(line, word, strlen(word)) == 0 &&
	       !isalnum((unsigned char)line[strlen(word)]);
}

bool startup_is_wanted(const char *path)
{
	FILE *in = fopen(path, "re");
	bool begins = true, wanted = false;
	char line[256]; /* or a part of one */

	for (int i = 0; in && !wanted && i < PARTS_MAX && fgets(line, sizeof(line), in); i++) {
		wanted = begins && is_header(line);
		begins = strchr(line, '\n');
	}
	if (in)
		fclose(in);
	return wanted;
}

void startup_fini(struct startup *s)
{
	free(s->users.items);
	free(s->remotes.items);
	*s = (struct startup){0};
}
