/* SPDX-License-Identifier: GPL-3.0-or-later */
/* passphrase.c - what opens the encrypted private keys of the store */
#include "keyring/passphrase.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keyring/heap.h"

enum { PASSPHRASE_MAX = 1023, FD_DIGITS = 6 };

/* One more than allowed, to tell what is too long, and the end. */
static char passphrase[PASSPHRASE_MAX + 2];

/* What follows @kind in @source, or NULL. */
static const char *value_of(const char *source, const char *kind)
{
	size_t len = strlen(kind);

	return strncmp(source, kind, len) == 0 && source[len] ? source + len : NULL;
}

/* The standard ones have other uses. Return: -1 if @source names no descriptor. */
static int fd_of(const char *source)
{
	const char *digits = value_of(source, "fd:");
	int fd;

	if (!digits || strlen(digits) > FD_DIGITS || digits[strspn(digits, "0123456789")])
		return -1;
	fd = (int)strtol(digits, NULL, 10);
	return fd > STDERR_FILENO ? fd : -1;
}

bool passphrase_source_ok(const char *source)
{
	const char *name = value_of(source, "credential:");

	if (name)
		return !strchr(name, '/') && *name != '.';
	return fd_of(source) >= 0 || value_of(source, "file:");
}

/* By who started this program; its own descriptors are closed at exec. */
static bool is_handed_over(int fd)
{
	int flags = fcntl(fd, F_GETFD);

	return flags >= 0 && !(flags & FD_CLOEXEC);
}

static int open_fd(const char *source, struct err_list *err)
{
	int fd = fd_of(source);

	if (is_handed_over(fd))
		return fd;
	err_add(err,
		"%s: the passphrase cannot be read: this descriptor is not open: have it "
		"open when the program starts",
		source);
	return -1;
}

/* As strict as with the keys that it opens. */
static int open_file(const char *path, struct err_list *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		err_add(err, "%s: the passphrase cannot be read: %s", path, strerror(errno));
	else if (!S_ISREG(st.st_mode))
		err_add(err, "%s: the passphrase cannot be read: this is no regular file", path);
	else if (st.st_mode & (S_IRWXO | S_IWGRP))
		err_add(err, "%s: passphrase with loose permissions (mode %04o): chmod 600", path,
			(unsigned)st.st_mode & 07777);
	else
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

static int open_credential(const char *name, struct err_list *err)
{
	const char *folder = getenv("CREDENTIALS_DIRECTORY");
	char *path;
	int fd;

	if (!folder) {
		err_add(err,
			"credential:%s: the passphrase cannot be read: systemd has handed over no "
			"credentials: put LoadCredential=%s:FILE into the unit",
			name, name);
		return -1;
	}
	path = heap_format("%s/%s", folder, name);
	fd = open_file(path, err);
	free(path);
	return fd;
}

static int open_source(const char *source, struct err_list *err)
{
	const char *path = value_of(source, "file:"), *name = value_of(source, "credential:");

	if (path)
		return open_file(path, err);
	return name ? open_credential(name, err) : open_fd(source, err);
}

/* A line, or all there is. Return: false with errno set. */
static bool read_line(int fd)
{
	size_t len = 0;

	while (len <= PASSPHRASE_MAX && !memchr(passphrase, '\n', len)) {
		ssize_t n = read(fd, passphrase + len, PASSPHRASE_MAX + 1 - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	len = strcspn(passphrase, "\r\n");
	OPENSSL_cleanse(passphrase + len, sizeof(passphrase) - len);
	return true;
}

bool passphrase_read(const char *source, struct err_list *err)
{
	size_t before = err->count;
	int fd = open_source(source, err);

	if (fd < 0)
		return false;
	(void)mlock(passphrase, sizeof(passphrase)); /* where the limit allows */
	if (!read_line(fd))
		err_add(err, "%s: the passphrase cannot be read: %s", source, strerror(errno));
	else if (!*passphrase)
		err_add(err, "%s: the passphrase is empty: write it as the first line", source);
	else if (strlen(passphrase) > PASSPHRASE_MAX)
		err_add(err, "%s: the passphrase has more than %d bytes", source, PASSPHRASE_MAX);
	close(fd);
	if (err->count == before)
		return true;
	passphrase_forget();
	return false;
}

const char *passphrase_get(void)
{
	return *passphrase ? passphrase : NULL;
}

void passphrase_shun(const char *source)
{
	int fd = fd_of(source);

	if (fd >= 0 && is_handed_over(fd))
		close(fd);
}

void passphrase_forget(void)
{
	OPENSSL_cleanse(passphrase, sizeof(passphrase));
}
