/* SPDX-License-Identifier: GPL-3.0-or-later */
/* passphrase.c - what opens the encrypted private keys of the store, and tokens */
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

/* One byte more than allowed, to tell what is too long, and the end. */
static struct {
	char text[PASSPHRASE_MAX + 2];
	const char *const word;
} secrets[] = {
	[PASSPHRASE_KEYS] = {.word = "passphrase"},
	[PASSPHRASE_TOKENS] = {.word = "PIN"},
};

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

static int open_fd(const char *source, const char *word, struct err_list *err)
{
	int fd = fd_of(source);

	if (is_handed_over(fd))
		return fd;
	err_add(err,
		"%s: the %s cannot be read: this descriptor is not open: have it open when the "
		"program starts",
		source, word);
	return -1;
}

/* As strict as with the keys that it opens. */
static int open_file(const char *path, const char *word, struct err_list *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		err_add(err, "%s: the %s cannot be read: %s", path, word, strerror(errno));
	else if (!S_ISREG(st.st_mode))
		err_add(err, "%s: the %s cannot be read: this is no regular file", path, word);
	else if (st.st_mode & (S_IRWXO | S_IWGRP))
		err_add(err, "%s: %s with loose permissions (mode %04o): chmod 600", path, word,
			(unsigned)st.st_mode & 07777);
	else
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

static int open_credential(const char *name, const char *word, struct err_list *err)
{
	const char *folder = getenv("CREDENTIALS_DIRECTORY");
	char *path;
	int fd;

	if (!folder) {
		err_add(err,
			"credential:%s: the %s cannot be read: systemd has handed over no "
			"credentials: put LoadCredential=%s:FILE into the unit",
			name, word, name);
		return -1;
	}
	path = heap_format("%s/%s", folder, name);
	fd = open_file(path, word, err);
	free(path);
	return fd;
}

static int open_source(const char *source, const char *word, struct err_list *err)
{
	const char *path = value_of(source, "file:"), *name = value_of(source, "credential:");

	if (path)
		return open_file(path, word, err);
	return name ? open_credential(name, word, err) : open_fd(source, word, err);
}

/* A line, or all there is. Return: false with errno set. */
static bool read_line(int fd, char *text)
{
	size_t len = 0;

	while (len <= PASSPHRASE_MAX && !memchr(text, '\n', len)) {
		ssize_t n = read(fd, text + len, PASSPHRASE_MAX + 1 - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	len = strcspn(text, "\r\n");
	OPENSSL_cleanse(text + len, sizeof(secrets[0].text) - len);
	return true;
}

bool passphrase_read(enum passphrase which, const char *source, struct err_list *err)
{
	char *text = secrets[which].text;
	const char *word = secrets[which].word;
	size_t before = err->count;
	int fd = open_source(source, word, err);

	if (fd < 0)
		return false;
	(void)mlock(text, sizeof(secrets[which].text)); /* where the limit allows */
	if (!read_line(fd, text))
		err_add(err, "%s: the %s cannot be read: %s", source, word, strerror(errno));
	else if (!*text)
		err_add(err, "%s: the %s is empty: write it as the first line", source, word);
	else if (strlen(text) > PASSPHRASE_MAX)
		err_add(err, "%s: the %s has more than %d bytes", source, word, PASSPHRASE_MAX);
	close(fd);
	if (err->count == before)
		return true;
	OPENSSL_cleanse(text, sizeof(secrets[which].text));
	return false;
}

const char *passphrase_get(enum passphrase which)
{
	return *secrets[which].text ? secrets[which].text : NULL;
}

void passphrase_shun(const char *source)
{
	int fd = fd_of(source);

	if (fd >= 0 && is_handed_over(fd))
		close(fd);
}

void passphrase_forget(void)
{
	for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++)
		OPENSSL_cleanse(secrets[i].text, sizeof(secrets[i].text));
}
