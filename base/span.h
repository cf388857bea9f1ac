/* SPDX-License-Identifier: GPL-3.0-or-later */
/* span.h - borrowed bytes: a pointer and a length, never an owner */
#ifndef ATTLS_BASE_SPAN_H
#define ATTLS_BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* @len bytes at @ptr, owned by somebody else; @ptr may be NULL only when @len is 0 */
struct span {
	const uint8_t *ptr;
	size_t len;
};

static inline struct span span_of(const void *ptr, size_t len)
{
	return (struct span){.ptr = ptr, .len = len};
}

static inline struct span span_none(void)
{
	return (struct span){0};
}

/* The first @n bytes of @s, or all of it when it is shorter. */
static inline struct span span_head(struct span s, size_t n)
{
	return span_of(s.ptr, n < s.len ? n : s.len);
}

/* What is left of @s after its first @n bytes; empty when @s is shorter. */
static inline struct span span_skip(struct span s, size_t n)
{
	return n < s.len ? span_of(s.ptr + n, s.len - n) : span_none();
}

static inline bool span_equal(struct span a, struct span b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

#endif
