/* SPDX-License-Identifier: GPL-3.0-or-later */
/* files.h - reading directories and small files, and judging who else can */
#ifndef ATTLS_KEYRING_FILES_H
#define ATTLS_KEYRING_FILES_H

#include <sys/stat.h>

#include "base/err.h"

/* File names of a directory, sorted. */
struct names {
	char **items;
	size_t count;
};

/**
 * names_list() - the entries of directory @path, without those that begin with a dot
 * Dot names are no names of ours: temporary files, and Kubernetes' ..data links.
 * Return: false (and @err) if it cannot be read. A missing one is empty, without error.
 */
bool names_list(struct names *n, const char *path, struct err_list *err);
void names_free(struct names *n);

/** names_compare() - the order of the items, for qsort() and bsearch() */
int names_compare(const void *a, const void *b);

/**
 * file_read() - whole content of @path, at most a megabyte
 * @st: of the open file (links followed)
 * Return: owned, zero-terminated, file_free()d; NULL with errno set.
 */
char *file_read(const char *path, struct stat *st, size_t *len);

/** file_read_at() - the same of file @name in the open directory @folder */
char *file_read_at(int folder, const char *name, struct stat *st, size_t *len);

/** file_free() - wipe and free what file_read() returned; NULL is fine */
void file_free(char *text, size_t len);

/* Who the keyring directory belongs to. */
struct guard {
	uid_t uid;
	gid_t gid;
};

/** guard_directory() - refuse a directory in which just anybody can replace files */
void guard_directory(const char *path, struct err_list *err);

/** guard_file() - refuse a file that just anybody can change */
void guard_file(const char *path, const struct stat *st, struct err_list *err);

/**
 * guard_key() - refuse a private key that others can read or that belongs to a stranger
 * Allowed owners: root, the running account, the owner of the keyring directory. A group may read
 * if it is the directory's or one of the running account's (Kubernetes fsGroup).
 * Return: whether the key may be used; else @err has the sentence and the remedy.
 */
bool guard_key(
	const struct guard *g, const char *path, const struct stat *st, struct err_list *err);

#endif
