/* SPDX-License-Identifier: GPL-3.0-or-later */
/* heap.h - memory for configuration: never NULL, as there is no sensible way on without it */
#ifndef ATTLS_KEYRING_HEAP_H
#define ATTLS_KEYRING_HEAP_H

#include <stddef.h>

/** heap_zero() - @size zeroed bytes */
void *heap_zero(size_t size);

/** heap_copy() - an owned copy of @text */
char *heap_copy(const char *text);

/** heap_format() - owned formatted text */
char *heap_format(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/**
 * heap_append() - room for one more item in an array that grows by powers of two
 * @items: the array or NULL; @count: items in it now; @size: of one item
 * Return: the array, perhaps moved, with a zeroed item at @count.
 */
void *heap_append(void *items, size_t count, size_t size);

#endif
