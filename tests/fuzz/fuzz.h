/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz.h - what the fuzz targets share: a claim that must hold, and input read as small numbers */
#ifndef ATTLS_FUZZ_H
#define ATTLS_FUZZ_H

#include <stdio.h>
#include <stdlib.h>

#include "base/span.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

/* Abort with a sentence unless @claim is true; libFuzzer keeps the input. */
#define held(claim, ...)                                                                           \
	do {                                                                                       \
		if (!(claim)) {                                                                    \
			fprintf(stderr, "%s:%d: not held: %s: ", __FILE__, __LINE__, #claim);      \
			fprintf(stderr, __VA_ARGS__);                                              \
			fputc('\n', stderr);                                                       \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

/* The next byte of the input, 0 when it is used up. */
static inline uint8_t feed_byte(struct span *in)
{
	uint8_t b = in->len ? in->ptr[0] : 0;

	*in = span_skip(*in, 1);
	return b;
}

static inline uint16_t feed_word(struct span *in)
{
	uint16_t high = feed_byte(in);

	return (uint16_t)(high << 8 | feed_byte(in));
}

static inline uint32_t feed_long(struct span *in)
{
	uint32_t high = feed_word(in);

	return high << 16 | feed_word(in);
}

/* A copy of @s of exactly its size, so that a sanitizer sees the first byte beyond it; owned. */
static inline uint8_t *exact_copy(struct span s)
{
	uint8_t *copy = malloc(s.len ? s.len : 1);

	if (!copy)
		abort();
	if (s.len)
		memcpy(copy, s.ptr, s.len);
	return copy;
}

#endif
