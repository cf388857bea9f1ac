/* SPDX-License-Identifier: GPL-3.0-or-later */
/* columns.h - text tables: a header row and as wide as their contents */
#ifndef ATTLS_BASE_COLUMNS_H
#define ATTLS_BASE_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct column {
	const char *header;
	bool right; /* numbers: aligned to the right */
};

/* Rows are collected, then printed at once. */
struct columns {
	const struct column *columns; /* borrowed */
	size_t column_count;
	char **cells; /* owned, row after row */
	size_t cell_count;
};

/** columns_init() - a table of @count columns without rows; @columns is borrowed */
void columns_init(struct columns *t, const struct column *columns, size_t count);

/** columns_fini() - free the rows */
void columns_fini(struct columns *t);

/** columns_add() - the next cell; "" and NULL are shown as "-", control characters as '?' */
void columns_add(struct columns *t, const char *text);

/** columns_print() - header and rows, two spaces between columns, no trailing blanks */
void columns_print(const struct columns *t, FILE *out);

/** text_make_printable() - control characters (C0, DEL, C1) of @text become '?': for terminals */
void text_make_printable(char *text);

/* Room for the results of the two below. */
enum { QUANTITY_TEXT = 32 };

/** bytes_format() - "512 B", "1.5 KiB", "3.0 GiB" (IEC 80000-13) into @buf of QUANTITY_TEXT */
const char *bytes_format(uint64_t bytes, char *buf);

/** seconds_format() - "12s", "3m05s", "2h07m", "5d03h" into @buf of QUANTITY_TEXT */
const char *seconds_format(uint64_t seconds, char *buf);

#endif
