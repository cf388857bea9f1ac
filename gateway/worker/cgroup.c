/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cgroup.c - from the number of a control group, which sockets carry, to its path */
#include "gateway/worker/cgroup.h"

#include <dirent.h>
#include <fcntl.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	HANDLE_KERNFS = 0xfe, /* FILEID_KERNFS of the kernel: the number is the handle */
	GROUPS_MAX = 1 << 16,
};

void cgroups_open(struct cgroups *c)
{
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	struct mntent m;
	char buf[4096];

	*c = (struct cgroups){.fd = -1};
	while (mounts && !c->mount && getmntent_r(mounts, &m, buf, sizeof(buf))) {
		if (strcmp(m.mnt_type, "cgroup2") == 0)
			c->mount = strdup(m.mnt_dir);
	}
	if (mounts)
		endmntent(mounts);
	if (c->mount)
		c->fd = open(c->mount, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void forget(struct cgroups *c)
{
	for (size_t i = 0; i < c->count; i++)
		free(c->items[i].path);
	c->count = 0;
}

void cgroups_close(struct cgroups *c)
{
	forget(c);
	free(c->items);
	free(c->mount);
	if (c->fd >= 0)
		close(c->fd);
	*c = (struct cgroups){.fd = -1};
}

/* ---- by handle ---- */

/* Where @fd points, below the mount point. */
static bool path_of(const struct cgroups *c, int fd, char *path)
{
	size_t mount = strlen(c->mount);
	char link[64], full[PATH_MAX];
	ssize_t len;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, full, sizeof(full) - 1);
	if (len < (ssize_t)mount || strncmp(full, c->mount, mount) != 0)
		return false;
	full[len] = '\0';
	snprintf(path, PATH_MAX, "%s", full[mount] ? full + mount : "/");
	return path[0] == '/';
}

static bool by_handle(const struct cgroups *c, uint64_t id, char *path)
{
	union {
		struct file_handle head;
		char room[sizeof(struct file_handle) + sizeof(id)];
	} h = {.head = {.handle_bytes = sizeof(id), .handle_type = HANDLE_KERNFS}};
	bool found;
	int fd;

	memcpy(h.head.f_handle, &id, sizeof(id));
	fd = open_by_handle_at(c->fd, &h.head, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	found = fd >= 0 && path_of(c, fd, path);
	if (fd >= 0)
		close(fd);
	return found;
}

/* ---- by a walk through the tree ---- */

static void add(struct cgroups *c, uint64_t id, const char *parent, const char *name)
{
	struct cgroup *more;
	char *path;

	if (c->count == GROUPS_MAX)
		return;
	more = reallocarray(c->items, c->count + 1, sizeof(*more));
	if (!more)
		return;
	c->items = more;
	if (asprintf(&path, "%s%s%s", parent, *name ? "/" : "", name) >= 0)
		more[c->count++] = (struct cgroup){id, path};
}

static void add_children(struct cgroups *c, const char *path)
{
	int fd = openat(c->fd, *path ? path + 1 : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *e;

	while (dir && (e = readdir(dir))) {
		if (e->d_type == DT_DIR && e->d_name[0] != '.')
			add(c, e->d_ino, path, e->d_name);
	}
	if (dir)
		closedir(dir);
	else if (fd >= 0)
		close(fd);
}

/* Level by level: the list that grows is the list of what is still to be opened. */
static void walk(struct cgroups *c)
{
	struct stat st;

	forget(c);
	if (fstat(c->fd, &st) == 0)
		add(c, st.st_ino, "", "");
	for (size_t i = 0; i < c->count; i++)
		add_children(c, c->items[i].path);
}

static bool by_walk(const struct cgroups *c, uint64_t id, char *path)
{
	for (size_t i = 0; i < c->count; i++) {
		const char *p = c->items[i].path;

		if (c->items[i].id != id)
			continue;
		snprintf(path, PATH_MAX, "%s", *p ? p : "/");
		return true;
	}
	return false;
}

bool cgroups_path(struct cgroups *c, uint64_t id, char *path)
{
	if (c->fd < 0)
		return false;
	if (by_handle(c, id, path) || by_walk(c, id, path))
		return true;
	walk(c);
	return by_walk(c, id, path);
}

int cgroups_processes(const struct cgroups *c, const char *path)
{
	char file[PATH_MAX];
	int n = snprintf(file, sizeof(file), ".%s/cgroup.procs", path);

	if (c->fd < 0 || n >= PATH_MAX)
		return -1;
	return openat(c->fd, file, O_RDONLY | O_CLOEXEC);
}
