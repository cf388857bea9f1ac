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

/* A search for the oldest holder. */
struct search {
	char link[LINK_TEXT]; /* what its descriptor shows */
	usec_t until;
	struct holder best; /* pid 0: none yet */
	uint64_t began;     /* of it, in clock ticks since boot */
};

static void link_text(char *text, uint64_t inode)
{
	snprintf(text, LINK_TEXT, "socket:[%llu]", (unsigned long long)inode);
}

static bool shows(int dir, const char *name, const char *link)
{
	char target[LINK_TEXT];
	ssize_t len = readlinkat(dir, name, target, sizeof(target) - 1);

	if (len < 0)
		return false;
	target[len] = '\0';
	return strcmp(target, link) == 0;
}

/* The descriptor of @pid that shows @link, -1 without. */
static int descriptor_of(pid_t pid, const char *link)
{
	char path[PROC_PATH];
	const struct dirent *e;
	int found = -1;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	dir = opendir(path);
	while (dir && found < 0 && (e = readdir(dir))) {
		if (e->d_name[0] != '.' && shows(dirfd(dir), e->d_name, link))
			found = (int)strtol(e->d_name, NULL, 10);
	}
	if (dir)
		closedir(dir);
	return found;
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

/* @pid 0: no process, or one of a PID namespace that is not seen from here. */
static void look_at(struct search *s, pid_t pid)
{
	int fd = pid > 0 ? descriptor_of(pid, s->link) : -1;
	uint64_t began;

	if (fd < 0)
		return;
	began = began_at(pid);
	if (s->best.pid && began >= s->began)
		return;
	s->best.pid = pid;
	s->best.fd = fd;
	s->began = began;
}

static bool in_time(const struct search *s)
{
	return now_monotonic() < s->until;
}

static void search_group(struct search *s, const struct cgroups *groups, const char *cgroup)
{
	int fd = *cgroup ? cgroups_processes(groups, cgroup) : -1;
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

static void search_all(struct search *s)
{
	DIR *dir = opendir("/proc");
	const struct dirent *e;

	while (dir && in_time(s) && (e = readdir(dir))) {
		look_at(s, (pid_t)strtol(e->d_name, NULL, 10));
	}
	if (dir)
		closedir(dir);
}

static bool still_holds(const struct holder *h, const char *link)
{
	char path[PROC_PATH];

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)h->pid, h->fd);
	return shows(AT_FDCWD, path, link);
}

pid_t process_find(struct processes *p, const struct cgroups *groups, const char *cgroup,
	uint64_t inode, usec_t until)
{
	struct holder *known = &p->cache[inode % PROCESS_CACHE];
	struct search s = {.until = until, .best.inode = inode};

	link_text(s.link, inode);
	if (known->inode == inode && known->pid && still_holds(known, s.link))
		return known->pid;
	search_group(&s, groups, cgroup);
	if (!s.best.pid)
		search_all(&s);
	if (!s.best.pid || !in_time(&s)) /* an older one may have been left out */
		return 0;
	*known = s.best;
	return s.best.pid;
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
