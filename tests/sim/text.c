/* SPDX-License-Identifier: GPL-3.0-or-later */
/* text.c - the bytes of all streams: a function of their position */
#include "text.h"

#include "rng.h"

static uint8_t text[2 * TEXT_PERIOD];

void text_init(void)
{
	for (unsigned i = 0; i < TEXT_PERIOD; i++)
		text[i] = text[i + TEXT_PERIOD] = (uint8_t)mix(i + 1);
}

struct span text_at(unsigned stream, uint64_t pos, size_t len)
{
	return span_of(text + (pos + stream * 1009u) % TEXT_PERIOD, len);
}
