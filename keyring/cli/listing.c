/* SPDX-License-Identifier: GPL-3.0-or-later */
/* listing.c - rows of text in columns as wide as they need to be */
#include "keyring/cli/listing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keyring/heap.h"

/* A label may hold anything; a terminal should not act on it. UTF-8 passes. */
static char *clean_copy(const char *text)
{
	char *copy = heap_copy(text ? text : "?");

	for (char *p = copy; *p; p++) {
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = '?';
	}
	return copy;
}

void print_clean(const char *text)
{
	char *copy = clean_copy(text);

	fputs(copy, stdout);
	free(copy);
}

void listing_init(struct listing *t, const char *const *names)
{
	*t = (struct listing){0};
	while (names[t->columns])
		t->columns++;
	listing_add(t, names);
}

void listing_add(struct listing *t, const char *const *texts)
{
	t->rows = heap_append(t->rows, t->row_count, sizeof(*t->rows));
	for (size_t i = 0; i < t->columns; i++)
		t->rows[t->row_count][i] = clean_copy(texts[i]);
	t->row_count++;
}

/* Characters, not bytes: continuation bytes of UTF-8 take no room. */
static size_t text_width(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

void listing_print(const struct listing *t)
{
	size_t width[LISTING_COLUMNS] = {0};

	for (size_t r = 0; r < t->row_count; r++) {
		for (size_t i = 0; i < t->columns; i++) {
			size_t n = text_width(t->rows[r][i]);

			width[i] = n > width[i] ? n : width[i];
		}
	}
	for (size_t r = 0; r < t->row_count; r++) {
		for (size_t i = 0; i < t->columns; i++) {
			size_t gap = width[i] - text_width(t->rows[r][i]) + 2;

			printf("%s%*s", t->rows[r][i], i + 1 < t->columns ? (int)gap : 0, "");
		}
		putchar('\n');
	}
}

void listing_fini(struct listing *t)
{
	for (size_t r = 0; r < t->row_count; r++) {
		for (size_t i = 0; i < t->columns; i++)
			free(t->rows[r][i]);
	}
	free(t->rows);
	*t = (struct listing){0};
}
