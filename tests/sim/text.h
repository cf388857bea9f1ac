/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * text.h - the bytes of all streams: a function of their position
 *
 * So any byte can be compared wherever it is met, and a packet on its way needs none of its own:
 * it borrows from here what was checked when it left.
 */
#ifndef ATTLS_SIM_TEXT_H
#define ATTLS_SIM_TEXT_H

#include "base/span.h"

/* A prime, so that no power of two hides a shift. */
enum { TEXT_PERIOD = 65521 };

/** text_init() - before anything else */
void text_init(void);

/** text_at() - @len bytes, at most TEXT_PERIOD, from @pos on of stream number @stream; static */
struct span text_at(unsigned stream, uint64_t pos, size_t len);

#endif
