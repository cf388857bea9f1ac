/* SPDX-License-Identifier: GPL-3.0-or-later */
/* state.c - what `up` leaves for `down` and for attlsd: file net.state beside the control socket */
#include "gateway/net/state.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define SYSCTL_KEY "sysctl:"

/* "DIR/net.state" for control socket "DIR/NAME" */
static void state_path(const struct settings *s, char *path)
{
	const char *slash = strrchr(s->control, '/');

	snprintf(path, PATH_MAX, "%.*snet.state", slash ? (int)(slash - s->control) + 1 : 0,
		s->control);
}

void state_sysctl_add(struct state *st, const char *path, const char *value)
{
	struct state_sysctl *more;

	for (size_t i = 0; i < st->sysctl_count; i++)
		if (strcmp(st->sysctls[i].path, path) == 0)
			return;
	more = reallocarray(st->sysctls, st->sysctl_count + 1, sizeof(*more));
	if (!more)
		abort();
	st->sysctls = more;
	more[st->sysctl_count] = (struct state_sysctl){strdup(path), strdup(value)};
	if (!more[st->sysctl_count].path || !more[st->sysctl_count].value)
		abort();
	st->sysctl_count++;
}

static void state_take(struct state *st, const char *key, const char *value)
{
	unsigned long n = strtoul(value, NULL, 0);

	if (strncmp(key, SYSCTL_KEY, strlen(SYSCTL_KEY)) == 0)
		state_sysctl_add(st, key + strlen(SYSCTL_KEY), value);
	else if (strcmp(key, "mode") == 0)
		st->mode = strcmp(value, "router") == 0 ? MODE_ROUTER : MODE_HOST;
	else if (strcmp(key, "workers") == 0)
		st->workers = (unsigned)n;
	else if (strcmp(key, "queue_base") == 0)
		st->queue_base = (unsigned)n;
	else if (strcmp(key, "mark") == 0)
		st->mark = (uint32_t)n;
	else if (strcmp(key, "candidates") == 0)
		st->candidates = n;
	else if (strcmp(key, "rules4") == 0)
		st->rules[0] = n;
	else if (strcmp(key, "rules6") == 0)
		st->rules[1] = n;
	else if (strcmp(key, "nat4") == 0)
		st->nat[0] = n != 0;
	else if (strcmp(key, "nat6") == 0)
		st->nat[1] = n != 0;
}

bool state_load(struct state *st, const struct settings *s, struct err_list *err)
{
	char path[PATH_MAX], line[PATH_MAX + 64];
	FILE *in;

	*st = (struct state){0};
	state_path(s, path);
	in = fopen(path, "re");
	if (!in) {
		if (errno == ENOENT)
			return true;
		err_add(err, "%s: %s", path, strerror(errno));
		return false;
	}
	while (fgets(line, sizeof(line), in)) {
		char *equals = strchr(line, '=');

		line[strcspn(line, "\n")] = '\0';
		if (!equals)
			continue;
		*equals = '\0';
		state_take(st, line, equals + 1);
	}
	fclose(in);
	return true;
}

static void state_write(const struct state *st, FILE *out)
{
	fprintf(out, "mode=%s\nworkers=%u\nqueue_base=%u\nmark=0x%x\n",
		st->mode == MODE_ROUTER ? "router" : "host", st->workers, st->queue_base, st->mark);
	fprintf(out, "candidates=%zu\nrules4=%zu\nrules6=%zu\n", st->candidates, st->rules[0],
		st->rules[1]);
	fprintf(out, "nat4=%d\nnat6=%d\n", st->nat[0], st->nat[1]);
	for (size_t i = 0; i < st->sysctl_count; i++)
		fprintf(out, SYSCTL_KEY "%s=%s\n", st->sysctls[i].path, st->sysctls[i].value);
}

/* Every folder above the file. What fails here shows when the file is created. */
static void make_folders(const char *path)
{
	char part[PATH_MAX];

	snprintf(part, sizeof(part), "%s", path);
	for (char *slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(part, 0755);
		*slash = '/';
	}
}

bool state_save(const struct state *st, const struct settings *s, struct err_list *err)
{
	char path[PATH_MAX], fresh[PATH_MAX + 8];
	FILE *out;
	bool ok;

	state_path(s, path);
	make_folders(path);
	snprintf(fresh, sizeof(fresh), "%s.new", path);
	out = fopen(fresh, "we");
	if (!out) {
		err_add(err, "%s: %s", fresh, strerror(errno));
		return false;
	}
	state_write(st, out);
	ok = fflush(out) == 0 && fsync(fileno(out)) == 0;
	ok = fclose(out) == 0 && ok && rename(fresh, path) == 0;
	if (!ok)
		err_add(err, "%s: %s", path, strerror(errno));
	return ok;
}

int state_lock(const struct settings *s, bool exclusive)
{
	char path[PATH_MAX];
	int fd;

	state_path(s, path);
	if (exclusive)
		make_folders(path);
	*(strrchr(path, '/') ? strrchr(path, '/') : path) = '\0';
	fd = open(*path ? path : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		flock(fd, exclusive ? LOCK_EX : LOCK_SH);
	return fd;
}

void state_unlock(int lock)
{
	if (lock >= 0)
		close(lock);
}

void state_remove(const struct settings *s)
{
	char path[PATH_MAX];

	state_path(s, path);
	unlink(path);
}

void state_free(struct state *st)
{
	for (size_t i = 0; i < st->sysctl_count; i++) {
		free(st->sysctls[i].path);
		free(st->sysctls[i].value);
	}
	free(st->sysctls);
	*st = (struct state){0};
}
