/* SPDX-License-Identifier: GPL-3.0-or-later */
/* json_text.c - text of unknown origin as a JSON string */
#include "base/json_text.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* RFC 3629 4: lead bytes, and what the byte after each may be. */
static const struct {
	uint8_t from, to;               /* lead byte */
	uint8_t second_from, second_to; /* the byte after it: no overlong form, no surrogate */
	uint8_t len;
} sequences[] = {
	{0xc2, 0xdf, 0x80, 0xbf, 2},
	{0xe0, 0xe0, 0xa0, 0xbf, 3},
	{0xe1, 0xec, 0x80, 0xbf, 3},
	{0xed, 0xed, 0x80, 0x9f, 3},
	{0xee, 0xef, 0x80, 0xbf, 3},
	{0xf0, 0xf0, 0x90, 0xbf, 4},
	{0xf1, 0xf3, 0x80, 0xbf, 4},
	{0xf4, 0xf4, 0x80, 0x8f, 4},
};

static bool is_continuation(uint8_t byte)
{
	return byte >= 0x80 && byte <= 0xbf;
}

/* Length of the valid sequence at @p, 0 if none is there. The terminating NUL ends any sequence. */
static size_t sequence_len(const uint8_t *p)
{
	if (p[0] < 0x80)
		return 1;
	for (size_t i = 0; i < sizeof(sequences) / sizeof(sequences[0]); i++) {
		if (p[0] < sequences[i].from || p[0] > sequences[i].to)
			continue;
		if (p[1] < sequences[i].second_from || p[1] > sequences[i].second_to)
			return 0;
		for (size_t k = 2; k < sequences[i].len; k++) {
			if (!is_continuation(p[k]))
				return 0;
		}
		return sequences[i].len;
	}
	return 0;
}

json_t *json_text(const char *text)
{
	char *copy = text ? strdup(text) : NULL;
	json_t *json;

	if (!copy)
		return json_null();
	for (uint8_t *p = (uint8_t *)copy; *p;) {
		size_t len = sequence_len(p);

		if (len == 0)
			*p = '?';
		p += len ? len : 1;
	}
	json = json_string_nocheck(copy);
	free(copy);
	return json;
}
