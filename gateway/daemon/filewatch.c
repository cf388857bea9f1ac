/* SPDX-License-Identifier: GPL-3.0-or-later */
/* filewatch.c - `watch = on`: notice when a rule file changes */
#include "gateway/daemon/filewatch.h"

#include "base/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

/* Of one file the folder is watched: editors put another file in its place. */
static const char *name_of(const struct settings *s)
{
	const char *slash = strrchr(s->rules, '/');
	struct stat st;

	if (stat(s->rules, &st) == 0 && S_ISDIR(st.st_mode))
		return NULL;
	return slash ? slash + 1 : s->rules;
}

static char *folder_of(const struct settings *s)
{
	const char *name = name_of(s);
	int len = (int)(name ? (size_t)(name - s->rules) : strlen(s->rules));
	char *folder;

	if (asprintf(&folder, "%.*s", len, s->rules) < 0)
		abort();
	return folder;
}

int filewatch_open(const struct settings *s)
{
	int fd = s->watch ? inotify_init1(IN_CLOEXEC | IN_NONBLOCK) : -1;
	char *folder;

	if (!s->watch)
		return -1;
	folder = folder_of(s);
	if (fd >= 0 && inotify_add_watch(fd, *folder ? folder : ".",
			       IN_CLOSE_WRITE | IN_MOVE | IN_DELETE | IN_ONLYDIR) < 0) {
		close(fd);
		fd = -1;
	}
	if (fd < 0)
		log_warning("[gateway] watch: %s cannot be watched: %s", s->rules, strerror(errno));
	free(folder);
	return fd;
}

/* A file of its own name, or in a folder every *.ini that is not hidden. */
static bool counts(const char *name, const char *only)
{
	size_t len = strlen(name);

	if (only)
		return strcmp(name, only) == 0;
	return name[0] != '.' && len > 4 && strcmp(name + len - 4, ".ini") == 0;
}

bool filewatch_drain(int fd, const struct settings *s)
{
	_Alignas(struct inotify_event) char buf[4096];
	const char *only = name_of(s);
	bool changed = false;
	ssize_t got;

	while ((got = read(fd, buf, sizeof(buf))) > 0) {
		for (char *at = buf; at < buf + got;) {
			const struct inotify_event *e = (const void *)at;

			changed = changed || (e->mask & IN_Q_OVERFLOW) ||
				  (e->len > 0 && counts(e->name, only));
			at += sizeof(*e) + e->len;
		}
	}
	return changed;
}
