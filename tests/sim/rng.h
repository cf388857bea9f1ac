/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * rng.h - the only source of chance in the simulation
 *
 * Two kinds: a sequence (xorshift64*) for choices that follow each other, and dice() for what
 * happens to the n-th of something. The latter does not depend on what else was asked, so a
 * packet meets the same fate when a failing run is made simpler around it.
 */
#ifndef ATTLS_SIM_RNG_H
#define ATTLS_SIM_RNG_H

#include <stdbool.h>
#include <stdint.h>

struct rng {
	uint64_t state;
};

/* splitmix64's finaliser. */
static inline uint64_t mix(uint64_t x)
{
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
	return x ^ x >> 31;
}

static inline struct rng rng_seed(uint64_t seed)
{
	return (struct rng){.state = mix(seed + 0x9e3779b97f4a7c15ULL) | 1};
}

static inline uint64_t rng_next(struct rng *r)
{
	r->state ^= r->state >> 12;
	r->state ^= r->state << 25;
	r->state ^= r->state >> 27;
	return r->state * 0x2545f4914f6cdd1dULL;
}

/* A number in [low, high]. */
static inline int64_t rng_in(struct rng *r, int64_t low, int64_t high)
{
	return low + (int64_t)((rng_next(r) >> 11) % (uint64_t)(high - low + 1));
}

/* True in @permille of 1000 cases. */
static inline bool rng_chance(struct rng *r, int64_t permille)
{
	return rng_in(r, 0, 999) < permille;
}

/* A number in [1, high] of any magnitude alike. */
static inline int64_t rng_magnitude(struct rng *r, int64_t high)
{
	int bits = 0;

	while (high >> bits)
		bits++;
	return rng_in(r, 1, high >> rng_in(r, 0, bits - 1));
}

/* Number @n of sequence @seed, without the ones before it. */
static inline uint64_t dice(uint64_t seed, uint64_t n)
{
	return mix(seed + (n + 1) * 0x9e3779b97f4a7c15ULL);
}

/* A number in [low, high]. */
static inline int64_t dice_in(uint64_t roll, int64_t low, int64_t high)
{
	return low + (int64_t)((roll >> 11) % (uint64_t)(high - low + 1));
}

#endif
