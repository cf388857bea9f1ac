/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rng.h - xorshift64*: the only source of chance in the simulation */
#ifndef ATTLS_SIM_RNG_H
#define ATTLS_SIM_RNG_H

#include <stdbool.h>
#include <stdint.h>

struct rng {
	uint64_t state;
};

static inline struct rng rng_seed(uint64_t seed)
{
	return (struct rng){.state = (seed + 1) * 0x9e3779b97f4a7c15ULL | 1};
}

static inline uint64_t rng_next(struct rng *r)
{
	r->state ^= r->state >> 12;
	r->state ^= r->state << 25;
	r->state ^= r->state >> 27;
	return r->state * 0x2545f4914f6cdd1dULL;
}

/* A number in [low, high]. */
static inline uint64_t rng_in(struct rng *r, uint64_t low, uint64_t high)
{
	return low + (rng_next(r) >> 11) % (high - low + 1);
}

/* True in @permille of 1000 cases. */
static inline bool rng_chance(struct rng *r, unsigned permille)
{
	return rng_in(r, 0, 999) < permille;
}

/* A number in [1, high] of any magnitude alike. */
static inline uint64_t rng_magnitude(struct rng *r, uint64_t high)
{
	unsigned bits = 0;

	while (high >> bits)
		bits++;
	high = high >> rng_in(r, 0, bits - 1);
	return rng_in(r, 1, high);
}

#endif
