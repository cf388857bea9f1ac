/* SPDX-License-Identifier: GPL-3.0-or-later */
/* keywatch.c - notice that something in the keyring directory may have changed */
#include "gateway/daemon/keywatch.h"

#include "base/log.h"
#include "keyring/files.h"

#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

enum { QUIET_MS = 200, LONGEST_MS = 2000, POLL_S = 60 };

/* IN_CREATE is for links; the rest is what ends a change, or takes a folder away. */
static const uint32_t changes = IN_CLOSE_WRITE | IN_CREATE | IN_MOVE | IN_DELETE | IN_ATTRIB |
				IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;

static void watch(struct keywatch *w, const char *path)
{
	if (inotify_add_watch(w->fd, path, changes) >= 0 || errno == ENOENT || errno == ENOTDIR)
		return;
	if (!w->partial)
		log_warning("keyring: %s cannot be watched: %s; changes are looked for every %d s",
			path, strerror(errno), POLL_S);
	w->partial = true;
}

/* @folder of @dir, and at @depth folders in it. */
static void watch_below(struct keywatch *w, const char *dir, const char *folder, int depth)
{
	struct err_list err; /* whoever reads the directory says it */
	struct names names = {0};
	char *path;

	if (asprintf(&path, "%s/%s", dir, folder) < 0)
		abort();
	err_init(&err);
	watch(w, path);
	if (depth > 0)
		names_list(&names, path, &err);
	for (size_t i = 0; i < names.count; i++)
		watch_below(w, path, names.items[i], depth - 1);
	names_free(&names);
	err_fini(&err);
	free(path);
}

/* The directory itself may be replaced. It need not be there, so ".." would not do. */
static void watch_parent(struct keywatch *w, const char *dir)
{
	char *path = strdup(dir);

	if (!path)
		abort();
	watch(w, dirname(path));
	free(path);
}

void keywatch_renew(struct keywatch *w, const char *dir)
{
	keywatch_close(w);
	w->since = w->due = USEC_NEVER;
	w->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	watch_parent(w, dir);
	watch_below(w, dir, ".", 0);
	watch_below(w, dir, "certs", 1);
	watch_below(w, dir, "rings", 1);
	watch_below(w, dir, "maps", 0);
}

void keywatch_note(struct keywatch *w, usec_t now)
{
	_Alignas(struct inotify_event) char buf[4096];

	/* which they are does not matter; that some were lost neither */
	while (read(w->fd, buf, sizeof(buf)) > 0)
		;
	if (w->since == USEC_NEVER)
		w->since = now;
	w->due = usec_min(now + QUIET_MS * USEC_MSEC, w->since + LONGEST_MS * USEC_MSEC);
}

void keywatch_poll(struct keywatch *w, usec_t now)
{
	w->due = now + POLL_S * USEC_SEC;
}

void keywatch_close(struct keywatch *w)
{
	if (w->fd >= 0)
		close(w->fd);
	w->fd = -1;
}
