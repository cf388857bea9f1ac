/* SPDX-License-Identifier: GPL-3.0-or-later */
/* files.c - reading directories and small files, and judging who else can */
#include "keyring/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "keyring/heap.h"

enum { FILE_LIMIT = 1 << 20, GROUPS_MAX = 1024 };

int names_compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

bool names_list(struct names *n, const char *path, struct err_list *err)
{
	DIR *dir = opendir(path);
	struct dirent *d;

	*n = (struct names){0};
	if (!dir && errno == ENOENT)
		return true;
	if (!dir) {
		err_add(err, "%s: cannot be read: %s", path, strerror(errno));
		return false;
	}
	while ((d = readdir(dir))) {
		if (d->d_name[0] == '.')
			continue;
		n->items = heap_append(n->items, n->count, sizeof(*n->items));
		n->items[n->count++] = heap_copy(d->d_name);
	}
	closedir(dir);
	if (n->count)
		qsort(n->items, n->count, sizeof(*n->items), names_compare);
	return true;
}

void names_free(struct names *n)
{
	for (size_t i = 0; i < n->count; i++)
		free(n->items[i]);
	free(n->items);
	*n = (struct names){0};
}

static ssize_t read_all(int fd, char *text, size_t size)
{
	size_t at = 0;

	while (at < size) {
		ssize_t n = read(fd, text + at, size - at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		at += (size_t)n;
	}
	return (ssize_t)at;
}

static char *read_open(int fd, struct stat *st, size_t *len)
{
	char *text;
	ssize_t n;

	if (fstat(fd, st) < 0)
		return NULL;
	if (!S_ISREG(st->st_mode) || st->st_size > FILE_LIMIT) {
		errno = S_ISREG(st->st_mode) ? EFBIG : EINVAL;
		return NULL;
	}
	text = heap_zero((size_t)st->st_size + 1);
	n = read_all(fd, text, (size_t)st->st_size);
	if (n < 0) {
		free(text);
		return NULL;
	}
	*len = (size_t)n;
	return text;
}

char *file_read(const char *path, struct stat *st, size_t *len)
{
	return file_read_at(AT_FDCWD, path, st, len);
}

char *file_read_at(int folder, const char *name, struct stat *st, size_t *len)
{
	/* O_NONBLOCK: a FIFO must not hold us up */
	int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char *text;
	int saved;

	if (fd < 0)
		return NULL;
	text = read_open(fd, st, len);
	saved = errno;
	close(fd);
	errno = saved;
	return text;
}

void file_free(char *text, size_t len)
{
	if (text)
		OPENSSL_cleanse(text, len);
	free(text);
}

/* Sticky (a Kubernetes volume is 1777) or mounted read-only: nobody else replaces what is there. */
static bool is_fixed(const char *path, const struct stat *st)
{
	struct statvfs fs;

	return (st->st_mode & S_ISVTX) || (statvfs(path, &fs) == 0 && (fs.f_flag & ST_RDONLY));
}

void guard_directory(const char *path, struct err_list *err)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return; /* missing: nothing to protect; unreadable: said by who reads it */
	if (!S_ISDIR(st.st_mode))
		err_add(err, "%s: is not a directory: remove it", path);
	else if ((st.st_mode & S_IWOTH) && !is_fixed(path, &st))
		err_add(err, "%s: anybody can change this directory (mode %04o): chmod o-w", path,
			(unsigned)st.st_mode & 07777);
}

void guard_file(const char *path, const struct stat *st, struct err_list *err)
{
	if ((st->st_mode & S_IWOTH) && !is_fixed(path, st))
		err_add(err, "%s: anybody can change this file (mode %04o): chmod o-w", path,
			(unsigned)st->st_mode & 07777);
}

static bool is_own_group(gid_t gid)
{
	static const gid_t root = 0;
	gid_t groups[GROUPS_MAX];
	int count = getgroups(GROUPS_MAX, groups);

	for (int i = 0; i < count; i++) {
		if (groups[i] == gid)
			return true;
	}
	return gid == root || gid == getegid();
}

bool guard_key(const struct guard *g, const char *path, const struct stat *st, struct err_list *err)
{
	unsigned mode = (unsigned)st->st_mode & 07777;

	if (mode & (S_IRWXO | S_IWGRP)) {
		err_add(err, "%s: private key with loose permissions (mode %04o): chmod 600", path,
			mode);
		return false;
	}
	if (st->st_uid != 0 && st->st_uid != geteuid() && st->st_uid != g->uid) {
		err_add(err,
			"%s: private key owned by uid %u: it must be root, uid %u (the keyring "
			"directory's owner) or the running account: chown it",
			path, (unsigned)st->st_uid, (unsigned)g->uid);
		return false;
	}
	if ((mode & S_IRGRP) && st->st_gid != g->gid && !is_own_group(st->st_gid)) {
		err_add(err,
			"%s: private key readable by the foreign group %u: chmod 600, or chgrp it "
			"to the keyring directory's group %u",
			path, (unsigned)st->st_gid, (unsigned)g->gid);
		return false;
	}
	return true;
}
