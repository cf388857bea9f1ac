/* SPDX-License-Identifier: GPL-3.0-or-later */
/* adopt.c - `established = keep`: let connections that are older than the rules go on */
#include "gateway/daemon/adopt.h"

#include "base/log.h"
#include "gateway/worker/now.h"

#include <stdio.h>
#include <stdlib.h>

/* Which worker gets its packets depends on who opened it, which is not known: all are told. */
static void call_adopt(struct worker *w, void *arg)
{
	intake_adopt(&w->intake, arg, now_monotonic());
}

/* "LOCAL REMOTE COOKIE" */
static bool read_line(char *line, struct tuple *key, uint64_t *cookie)
{
	char *local = strsep(&line, " "), *remote = strsep(&line, " ");

	if (!line)
		return false;
	*cookie = strtoull(line, NULL, 10);
	return endpoint_parse(local, &key->local) && endpoint_parse(remote, &key->remote);
}

static FILE *open_list(const struct settings *s)
{
	const char *slash = strrchr(s->control, '/');
	char *path;
	FILE *in;

	if (asprintf(&path, "%.*sestablished", slash ? (int)(slash - s->control) + 1 : 0,
		    s->control) < 0)
		return NULL;
	in = fopen(path, "re");
	free(path);
	return in;
}

void adopt_established(struct daemon *d)
{
	FILE *in = d->settings->established_keep ? open_list(d->settings) : NULL;
	struct sockdiag sockets = {.fd = -1};
	struct err_list err;
	char line[256];
	size_t count = 0;

	err_init(&err);
	while (in && (sockets.fd >= 0 || sockdiag_open(&sockets, &err)) &&
		fgets(line, sizeof(line), in)) {
		struct tuple key = {0};
		struct socket_facts now;
		uint64_t cookie;

		if (!read_line(line, &key, &cookie) || !sockdiag_find(&sockets, &key, 0, &now) ||
			now.cookie != cookie)
			continue;
		pool_call(&d->pool, call_adopt, &key);
		count++;
	}
	if (count > 0)
		log_info("%zu connections older than the rules are kept in clear", count);
	sockdiag_close(&sockets);
	err_fini(&err);
	if (in)
		fclose(in);
}
