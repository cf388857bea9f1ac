/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * seq.h - sequence numbers unwrapped to 64 bits
 *
 * A position is a sequence number that never wraps; its low 32 bits are the number itself.
 * Positions start above 2^32, so a number somewhat below the first one is no special case.
 */
#ifndef ATTLS_TCP_SEQ_H
#define ATTLS_TCP_SEQ_H

#include <stdint.h>

/** seq_first() - the position of an initial sequence number */
static inline uint64_t seq_first(uint32_t iss)
{
	return (uint64_t)1 << 32 | iss;
}

/** seq_unwrap() - the position of @seq that is nearest to @near (less than 2^31 away) */
static inline uint64_t seq_unwrap(uint32_t seq, uint64_t near)
{
	return near + (uint64_t)(int64_t)(int32_t)(seq - (uint32_t)near);
}

static inline uint64_t seq_min(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static inline uint64_t seq_max(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

#endif
