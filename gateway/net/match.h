/* SPDX-License-Identifier: GPL-3.0-or-later */
/* match.h - one candidate as iptables match text, in either heading */
#ifndef ATTLS_NET_MATCH_H
#define ATTLS_NET_MATCH_H

#include "rules/candidate.h"

#include <stdio.h>

/* Which way the packets go that are to match: away from the plain side, or towards it. */
enum heading { WIRE_BOUND, PLAIN_BOUND };

/** match_candidate() - " -p tcp", addresses and ports of packets of @c in @heading */
void match_candidate(FILE *out, const struct candidate *c, enum heading heading);

/** match_local() - the same with the plain side's end only */
void match_local(FILE *out, const struct candidate *c, enum heading heading);

/** match_remote() - the same with the wire side's end only */
void match_remote(FILE *out, const struct candidate *c, enum heading heading);

/** match_addresses() - addresses without ports, for fragments (wire-bound) */
void match_addresses(FILE *out, const struct candidate *c);

/** match_any_local() - whether every local address is meant */
bool match_any_local(const struct candidate *c);

enum { MATCH_ORIGINAL_TEXT = 192 };

/**
 * match_original() - a match on where a connection went before DNAT: the remote end of @c
 * Connection tracking takes prefixes only; a range is several of them.
 * @buf: of MATCH_ORIGINAL_TEXT bytes
 * @at:  where to go on, zeroed before the first call
 * Return: whether text was written; call again until it is not.
 */
bool match_original(char *buf, const struct candidate *c, struct addr *at);

/** match_prefix_next() - the widest prefix that begins at @at and does not go beyond @last */
unsigned match_prefix_next(
	const struct addr *at, const struct addr *last, struct addr_range *prefix);

#endif
