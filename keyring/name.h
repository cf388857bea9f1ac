/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * name.h - names of owners, labels and rings, and how they are written in file names
 *
 * '/', '%', '"', control characters and a leading '.' are written as %XX, everything else as it is.
 */
#ifndef ATTLS_KEYRING_NAME_H
#define ATTLS_KEYRING_NAME_H

#include <stdbool.h>
#include <stddef.h>

enum {
	NAME_FILE = 255,              /* bytes of a file name, as the kernel limits it */
	NAME_MAX_LEN = NAME_FILE - 5, /* an encoded name leaves room for ".meta" and ".ring" */
	NAME_SIZE = NAME_FILE + 1,
};

/**
 * name_encode() - @name as it stands in file names
 * @out: NAME_SIZE bytes
 * Return: false if @name is empty or too long.
 */
bool name_encode(const char *name, char *out);

/**
 * name_decode() - @text, where %XX stands for a byte; other '%' stand for themselves
 * @out: NAME_SIZE bytes
 * Return: false if @text is empty, too long or means a zero byte.
 */
bool name_decode(const char *text, char *out);

/** name_unescape() - each %XX in @text becomes that byte, in place */
void name_unescape(char *text);

/**
 * name_from_file() - the name behind a file name, which must be spelled as name_encode() does
 * @suffix: to be cut off, ".pem"; "" for directories
 */
bool name_from_file(const char *file, const char *suffix, char *out);

/** name_with_suffix() - the file name of @name, which must encode, into NAME_SIZE bytes */
void name_with_suffix(const char *name, const char *suffix, char *out);

/** name_has_suffix() - whether @file is something followed by @suffix */
bool name_has_suffix(const char *file, const char *suffix);

/**
 * name_next() - cut the next name off @list: "A, B", where "\\," is a comma within a name
 * Blanks around a name are not part of it.
 * @name: NAME_SIZE bytes; "" where nothing stands between two commas
 * Return: false at the end of the list.
 */
bool name_next(const char **list, char *name);

/* The ring that is not stored: all certificates of its owner. */
#define VIRTUAL_RING "*"

/** name_is_reserved() - CERTAUTH or SITE in any case, also as *AUTH* and *SITE* */
bool name_is_reserved(const char *owner);

/** name_owner() - the canonical spelling: "CERTAUTH", "SITE", or @owner itself */
const char *name_owner(const char *owner);

/** name_owner_ok() - whether @owner can be one: encodes, and has no '/' (rings are OWNER/NAME) */
bool name_owner_ok(const char *owner);

/** name_ring_ok() - whether a ring can be stored under this name: encodes, and is not "*" */
bool name_ring_ok(const char *ring);

#endif
