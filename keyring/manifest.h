/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * manifest.h - what files a keyring directory has, and which of them have changed since
 *
 * Taken from the directory alone: ten thousand certificates take some ten milliseconds, since no
 * file is read. What is made anew, replaced, renamed, written or given other permissions differs.
 */
#ifndef ATTLS_KEYRING_MANIFEST_H
#define ATTLS_KEYRING_MANIFEST_H

#include <stdbool.h>
#include <stdio.h>

struct manifest;

/** manifest_read() - of keyring directory @dir; what is missing or unreadable is just not there */
struct manifest *manifest_read(const char *dir);

void manifest_free(struct manifest *m);

/** manifest_equal() - whether nothing has changed from @a to @b */
bool manifest_equal(const struct manifest *a, const struct manifest *b);

/** manifest_has_links() - whether a file is a symbolic link: its target may change unnoticed */
bool manifest_has_links(const struct manifest *m);

/**
 * manifest_changes() - in words what differs, "new: ...; changed: ...; gone: ..."
 * Return: owned; of many files the first few and the number of the others. "" for none.
 */
char *manifest_changes(const struct manifest *from, const struct manifest *to);

#endif
