/* SPDX-License-Identifier: GPL-3.0-or-later */
/* heap.c - memory for configuration: never NULL, as there is no sensible way on without it */
#include "keyring/heap.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *heap_zero(size_t size)
{
	void *p = calloc(1, size ? size : 1);

	if (!p)
		abort();
	return p;
}

char *heap_copy(const char *text)
{
	char *copy = strdup(text);

	if (!copy)
		abort();
	return copy;
}

char *heap_format(const char *fmt, ...)
{
	va_list ap;
	char *text;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		abort();
	va_end(ap);
	return text;
}

void *heap_append(void *items, size_t count, size_t size)
{
	if ((count & (count - 1)) == 0) { /* full at each power of two, and at 0 */
		items = realloc(items, (count ? 2 * count : 1) * size);
		if (!items)
			abort();
	}
	memset((char *)items + count * size, 0, size);
	return items;
}
