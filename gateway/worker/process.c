/* SPDX-License-Identifier: GPL-3.0-or-later */
/* process.c - which process holds a socket: its name and its program */
#include "gateway/worker/process.h"

#include "gateway/worker/now.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DELETED " (deleted)"

enum { PROC_PATH = 64, LINK_TEXT = 64 };

/* One look through processes for the oldest holders of sockets. */
struct search {
	struct sought *sockets;
	size_t count;
	usec_t until;
};

/* The inode that a descriptor of a process shows, 0 if it is no socket. */
static uint64_t socket_at(int dir, const char *name)
{
	static const char prefix[] = "socket:[";
	char target[LINK_TEXT];
	ssize_t len = readlinkat(dir, name, target, sizeof(target) - 1);

	if (len < 0)
		return 0;
	target[len] = '\0';
	if (strncmp(target, prefix, sizeof(prefix) - 1) != 0)
		return 0;
	return strtoull(target + sizeof(prefix) - 1, NULL, 10);
}

/* Up to @size - 1 bytes of a file of @pid. Return: false if it has ended. */
static bool read_file(pid_t pid, const char *name, char *text, size_t size)
{
	char path[PROC_PATH];
	ssize_t len = -1;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		len = read(fd, text, size - 1);
		close(fd);
	}
	text[len > 0 ? len : 0] = '\0';
	return len > 0;
}

/* proc(5), stat: field 22, counted behind the name, which may hold anything but ends with ')'. */
static uint64_t began_at(pid_t pid)
{
	char text[1024];
	char *at;

	if (!read_file(pid, "stat", text, sizeof(text)))
		return UINT64_MAX;
	at = strrchr(text, ')');
	for (int field = 2; at && field < 22; field++)
		at = strchr(at + 1, ' ');
	return at ? strtoull(at + 1, NULL, 10) : UINT64_MAX;
}

static void take_holder(struct search *s, uint64_t inode, pid_t pid, int fd)
{
	for (size_t i = 0; i < s->count; i++) {
		struct sought *k = &s->sockets[i];
		uint64_t began;

		if (!k->now || k->inode != inode || k->holder.pid == pid)
			continue;
		began = began_at(pid);
		if (k->holder.pid == 0 || began < k->holder.began)
			k->holder = (struct holder){inode, pid, fd, began};
	}
}

/* @pid 0: no process, or one of a PID namespace that is not seen from here. */
static void look_at(struct search *s, pid_t pid)
{
	char path[PROC_PATH];
	const struct dirent *e;
	DIR *dir;

	if (pid <= 0)
		return;
	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	dir = opendir(path);
	while (dir && (e = readdir(dir))) {
		uint64_t inode = e->d_name[0] != '.' ? socket_at(dirfd(dir), e->d_name) : 0;

		if (inode)
			take_holder(s, inode, pid, (int)strtol(e->d_name, NULL, 10));
	}
	if (dir)
		closedir(dir);
}

static bool in_time(const struct search *s)
{
	return now_monotonic() < s->until;
}

static void search_processes_of(struct search *s, const struct cgroups *groups, const char *cgroup)
{
	int fd = cgroups_processes(groups, cgroup);
	FILE *in = fd >= 0 ? fdopen(fd, "r") : NULL;
	char line[32];

	while (in && in_time(s) && fgets(line, sizeof(line), in)) {
		look_at(s, (pid_t)strtol(line, NULL, 10));
	}
	if (in)
		fclose(in);
	else if (fd >= 0)
		close(fd);
}

static void search_all_processes(struct search *s)
{
	DIR *dir = opendir("/proc");
	const struct dirent *e;

	while (dir && in_time(s) && (e = readdir(dir))) {
		look_at(s, (pid_t)strtol(e->d_name, NULL, 10));
	}
	if (dir)
		closedir(dir);
}

static bool still_holds(const struct holder *h)
{
	char path[PROC_PATH];

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)h->pid, h->fd);
	return socket_at(AT_FDCWD, path) == h->inode;
}

static void find_in_cache(struct search *s, const struct processes *p)
{
	for (size_t i = 0; i < s->count; i++) {
		struct sought *k = &s->sockets[i];
		const struct holder *h = &p->cache[k->inode % PROCESS_CACHE];

		k->holder = (struct holder){0};
		if (h->pid && h->inode == k->inode && still_holds(h))
			k->holder = *h;
	}
}

/* Mark for the next search what is not found yet, of one group or (NULL) of all. */
static bool mark(struct search *s, const char *cgroup)
{
	bool any = false;

	for (size_t i = 0; i < s->count; i++) {
		struct sought *k = &s->sockets[i];

		k->now = k->holder.pid == 0 && (!cgroup || strcmp(k->cgroup, cgroup) == 0);
		any = any || k->now;
	}
	return any;
}

/* A search that was not finished may have left out an older process. */
static bool finish(struct search *s)
{
	bool done = in_time(s);

	for (size_t i = 0; i < s->count && !done; i++) {
		if (s->sockets[i].now)
			s->sockets[i].holder.pid = 0;
	}
	return done;
}

static bool search_groups(struct search *s, const struct cgroups *groups)
{
	for (size_t i = 0; i < s->count; i++) {
		const char *cgroup = s->sockets[i].cgroup;
		bool searched = false;

		for (size_t j = 0; j < i && !searched; j++)
			searched = strcmp(s->sockets[j].cgroup, cgroup) == 0;
		if (!*cgroup || searched || !mark(s, cgroup))
			continue;
		search_processes_of(s, groups, cgroup);
		if (!finish(s))
			return false;
	}
	return true;
}

bool process_find(struct processes *p, const struct cgroups *groups, struct sought *sockets,
	size_t count, usec_t until)
{
	struct search s = {.sockets = sockets, .count = count, .until = until};
	bool done;

	find_in_cache(&s, p);
	done = search_groups(&s, groups);
	if (done && mark(&s, NULL)) {
		search_all_processes(&s);
		done = finish(&s);
	}
	for (size_t i = 0; i < count; i++) {
		if (sockets[i].holder.pid)
			p->cache[sockets[i].inode % PROCESS_CACHE] = sockets[i].holder;
	}
	return done;
}

bool process_name(pid_t pid, char *name)
{
	if (!read_file(pid, "comm", name, PROCESS_NAME))
		return false;
	name[strcspn(name, "\n")] = '\0';
	return true;
}

bool process_exe(pid_t pid, char *path)
{
	char link[PROC_PATH];
	ssize_t len;
	char *end;

	snprintf(link, sizeof(link), "/proc/%d/exe", (int)pid);
	len = readlink(link, path, PATH_MAX - 1);
	if (len <= 0)
		return false;
	path[len] = '\0';
	/* the file was replaced while the program runs, by an upgrade for example */
	end = path + len - strlen(DELETED);
	if (end > path && strcmp(end, DELETED) == 0)
		*end = '\0';
	return true;
}
