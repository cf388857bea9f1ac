/* SPDX-License-Identifier: GPL-3.0-or-later */
/* table.h - rows of text in columns as wide as they need to be */
#ifndef ATTLS_KEYRING_CLI_TABLE_H
#define ATTLS_KEYRING_CLI_TABLE_H

#include <stddef.h>

enum { TABLE_COLUMNS = 8 };

struct table {
	char *(*rows)[TABLE_COLUMNS]; /* owned texts; the first row is the heading */
	size_t row_count;
	size_t columns;
};

/** table_init() - with a heading; NULL ends the names */
void table_init(struct table *t, const char *const *names);

/** table_add() - a row of as many texts as there are columns, copied; control characters as '?' */
void table_add(struct table *t, const char *const *texts);

/** table_print() - to standard output; columns are two blanks apart */
void table_print(const struct table *t);

void table_fini(struct table *t);

/** print_clean() - @text to standard output, control characters as '?' */
void print_clean(const char *text);

#endif
