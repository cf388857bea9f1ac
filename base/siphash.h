/* SPDX-License-Identifier: GPL-3.0-or-later */
/* siphash.h - SipHash-2-4, a keyed hash against table flooding (Aumasson, Bernstein 2012) */
#ifndef ATTLS_BASE_SIPHASH_H
#define ATTLS_BASE_SIPHASH_H

#include "base/span.h"

struct siphash_key {
	uint64_t k0, k1;
};

/** siphash_random() - fill @key from the kernel's random numbers */
void siphash_random(struct siphash_key *key);

/** siphash() - 64-bit hash of @s under @key */
uint64_t siphash(const struct siphash_key *key, struct span s);

#endif
