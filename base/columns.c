/* SPDX-License-Identifier: GPL-3.0-or-later */
/* columns.c - text tables: a header row and as wide as their contents */
#include "base/columns.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

void columns_init(struct columns *t, const struct column *columns, size_t count)
{
	*t = (struct columns){.columns = columns, .column_count = count};
}

void columns_fini(struct columns *t)
{
	for (size_t i = 0; i < t->cell_count; i++)
		free(t->cells[i]);
	free(t->cells);
	t->cells = NULL;
	t->cell_count = 0;
}

void text_make_printable(char *text)
{
	for (uint8_t *p = (uint8_t *)text; *p; p++) {
		bool c1 = p[0] == 0xc2 && p[1] >= 0x80 && p[1] <= 0x9f;

		if (c1)
			p[0] = p[1] = '?';
		else if (*p < 0x20 || *p == 0x7f)
			*p = '?';
	}
}

void columns_add(struct columns *t, const char *text)
{
	char **more = realloc(t->cells, (t->cell_count + 1) * sizeof(*more));
	char *copy = strdup(text && *text ? text : "-");

	if (!more || !copy)
		abort(); /* a table for people: nothing better to do without memory */
	text_make_printable(copy);
	t->cells = more;
	t->cells[t->cell_count++] = copy;
}

/* Characters, not bytes: continuation bytes of UTF-8 take no place. */
static size_t text_width(const char *text)
{
	size_t width = 0;

	for (; *text; text++)
		width += ((uint8_t)*text & 0xc0) != 0x80;
	return width;
}

static size_t column_width(const struct columns *t, size_t column)
{
	size_t width = text_width(t->columns[column].header);

	for (size_t i = column; i < t->cell_count; i += t->column_count) {
		size_t cell = text_width(t->cells[i]);

		if (cell > width)
			width = cell;
	}
	return width;
}

static void cell_print(
	const struct column *column, const char *text, size_t width, bool last, FILE *out)
{
	int pad = (int)(width - text_width(text));

	if (column->right)
		fprintf(out, "%*s%s%s", pad, "", text, last ? "\n" : "  ");
	else if (last)
		fprintf(out, "%s\n", text);
	else
		fprintf(out, "%s%*s  ", text, pad, "");
}

void columns_print(const struct columns *t, FILE *out)
{
	size_t *width = calloc(t->column_count, sizeof(*width));

	if (!width)
		abort();
	for (size_t k = 0; k < t->column_count; k++) {
		width[k] = column_width(t, k);
		cell_print(&t->columns[k], t->columns[k].header, width[k], k + 1 == t->column_count,
			out);
	}
	for (size_t i = 0; i < t->cell_count; i++) {
		size_t k = i % t->column_count;

		cell_print(&t->columns[k], t->cells[i], width[k], k + 1 == t->column_count, out);
	}
	free(width);
}

const char *bytes_format(uint64_t bytes, char *buf)
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	double value = (double)bytes;
	size_t unit = 0;

	/* 1023.95 would round to "1024.0" */
	while (value >= 1023.95 && unit + 1 < sizeof(units) / sizeof(units[0])) {
		value /= 1024;
		unit++;
	}
	if (unit == 0)
		snprintf(buf, QUANTITY_TEXT, "%" PRIu64 " B", bytes);
	else
		snprintf(buf, QUANTITY_TEXT, "%.1f %s", value, units[unit]);
	return buf;
}

const char *seconds_format(uint64_t s, char *buf)
{
	if (s < 60)
		snprintf(buf, QUANTITY_TEXT, "%" PRIu64 "s", s);
	else if (s < 3600)
		snprintf(buf, QUANTITY_TEXT, "%" PRIu64 "m%02" PRIu64 "s", s / 60, s % 60);
	else if (s < 86400)
		snprintf(buf, QUANTITY_TEXT, "%" PRIu64 "h%02" PRIu64 "m", s / 3600, s / 60 % 60);
	else
		snprintf(
			buf, QUANTITY_TEXT, "%" PRIu64 "d%02" PRIu64 "h", s / 86400, s / 3600 % 24);
	return buf;
}
