/* SPDX-License-Identifier: GPL-3.0-or-later */
/* err.c - configuration-time errors: sentences for people, collected in a list */
#include "base/err.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void err_init(struct err_list *e)
{
	*e = (struct err_list){0};
}

static void lines_free(char **lines, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(lines[i]);
	free(lines);
}

void err_fini(struct err_list *e)
{
	lines_free(e->lines, e->count);
	lines_free(e->warnings, e->warning_count);
	err_init(e);
}

/* What is quoted from a file must neither move the cursor nor begin another line. */
static void make_printable(char *line)
{
	for (; *line; line++) {
		if (iscntrl((unsigned char)*line))
			*line = *line == '\t' ? ' ' : '?';
	}
}

__attribute__((format(printf, 3, 0))) static void append(
	char ***lines, size_t *count, const char *fmt, va_list ap)
{
	char **more, *line;

	if (vasprintf(&line, fmt, ap) < 0)
		abort(); /* at configuration time there is nothing better to do without memory */
	make_printable(line);
	for (size_t i = 0; i < *count; i++) {
		if (strcmp((*lines)[i], line) == 0) {
			free(line); /* said already, of a place that is used several times */
			return;
		}
	}
	more = realloc(*lines, (*count + 1) * sizeof(**lines));
	if (!more)
		abort();
	more[(*count)++] = line;
	*lines = more;
}

void err_add(struct err_list *e, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	append(&e->lines, &e->count, fmt, ap);
	e->said++;
	va_end(ap);
}

void err_warn(struct err_list *e, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	append(&e->warnings, &e->warning_count, fmt, ap);
	va_end(ap);
}
