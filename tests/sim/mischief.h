/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * mischief.h - peers that do not keep to the rules
 *
 * What an end says is changed on its way out. The other end, the victim, must keep its own
 * invariants whatever comes, do a bounded amount of work for it, and come to an end.
 */
#ifndef ATTLS_SIM_MISCHIEF_H
#define ATTLS_SIM_MISCHIEF_H

#include "gateway/tcp/tcb.h"
#include "rng.h"

enum mischief {
	MISCHIEF_NONE,
	MISCHIEF_RENEGE,     /* forgets what it has SACKed (RFC 2018 8) */
	MISCHIEF_SHRINK,     /* takes its window back */
	MISCHIEF_TINY,       /* offers a window of a few bytes */
	MISCHIEF_SHUT,       /* offers no window any more, for ever */
	MISCHIEF_SACKS,      /* SACKs anything */
	MISCHIEF_SACK_FLOOD, /* says twenty times a segment that single bytes have arrived */
	MISCHIEF_OPTIMIST,   /* acknowledges what has not arrived, even what was not sent */
	MISCHIEF_REPEAT,     /* says everything many times */
	MISCHIEF_TIMESTAMPS, /* shows timestamps of its fancy */
	MISCHIEF_CRUMBS,     /* sends its bytes one by one, with gaps between, in any order */
	MISCHIEF_BEYOND,     /* sends beyond the window */
	MISCHIEFS
};

/** mischief_name() - static */
const char *mischief_name(enum mischief m);

/** mischief_is_harmless() - whether both streams must arrive whole all the same */
bool mischief_is_harmless(enum mischief m);

enum { MISCHIEF_MOST = 24 };

/* What mischief has at hand, and what it makes of it. */
struct act {
	struct tcb *t; /* the one that misbehaves */
	const struct tcb *victim;
	unsigned stream; /* of @t; see text.h */
	struct rng *r;
	struct segment out[MISCHIEF_MOST];
	unsigned count; /* of @out */
};

/** mischief_act() - fill @a->out with what is said instead of @seg */
void mischief_act(struct act *a, enum mischief m, const struct segment *seg);

#endif
