/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * link.h - one direction of an impaired path in virtual time
 *
 * Super-segments are cut up as the kernel does it; each packet may then be lost, corrupted (and
 * must be recognised by its checksum), duplicated, delayed out of order, cut in two, marked or
 * dropped by a full queue; what arrives together may be merged as GRO does it.
 */
#ifndef ATTLS_SIM_LINK_H
#define ATTLS_SIM_LINK_H

#include "base/clock.h"
#include "gateway/packet/segment.h"
#include "scenario.h"

struct packet {
	struct packet *next; /* arrives later, or at the same time and was sent later */
	usec_t at;
	struct segment seg; /* its payload is borrowed from text.h */
};

struct link {
	const struct link_params *p;
	uint64_t seed;
	struct packet *first; /* those in order: none overtakes another */
	struct packet *last;
	struct packet *late; /* those out of order, by arrival */
	usec_t busy_until;
	usec_t newest; /* latest in-order arrival so far */
	usec_t turns;  /* burst loss: when good and bad times change */
	bool bad;
	unsigned lost_in_row;
	bool too_big; /* a router says so; cleared by the reader */
	uint64_t sent, arrived, merged;
};

void link_init(struct link *l, const struct link_params *p, uint64_t seed);
void link_fini(struct link *l);

/** link_send() - @seg leaves at @now; its payload is one span that stays valid */
void link_send(struct link *l, const struct segment *seg, usec_t now);

/** link_next() - when the next packet arrives, or USEC_NEVER */
static inline usec_t link_next(const struct link *l)
{
	usec_t at = l->first ? l->first->at : USEC_NEVER;

	return l->late ? usec_min(at, l->late->at) : at;
}

/** link_receive() - the next packet that has arrived by @now, maybe merged; or NULL */
struct packet *link_receive(struct link *l, usec_t now);

/** link_done() - give a received packet back */
void link_done(struct packet *p);

#endif
