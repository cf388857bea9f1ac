/* SPDX-License-Identifier: GPL-3.0-or-later */
/* listing.h - rows of text in columns as wide as they need to be */
#ifndef ATTLS_KEYRING_CLI_LISTING_H
#define ATTLS_KEYRING_CLI_LISTING_H

#include <stddef.h>

enum { LISTING_COLUMNS = 8 };

struct listing {
	char *(*rows)[LISTING_COLUMNS]; /* owned texts; the first row is the heading */
	size_t row_count;
	size_t columns;
};

/** listing_init() - with a heading; NULL ends the names */
void listing_init(struct listing *t, const char *const *names);

/**
 * listing_add() - a row of as many texts as there are columns, copied
 * Control characters become '?', so does a NULL.
 */
void listing_add(struct listing *t, const char *const *texts);

/** listing_print() - to standard output; columns are two blanks apart */
void listing_print(const struct listing *t);

void listing_fini(struct listing *t);

/** print_clean() - @text to standard output, control characters as '?' */
void print_clean(const char *text);

#endif
