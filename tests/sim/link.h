/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * link.h - one direction of an impaired path in virtual time
 *
 * Super-segments are cut up as the kernel does it; each packet may then be lost (corruption is a
 * loss), duplicated, delayed out of order, or dropped by a full queue; what arrives together may
 * be merged as GRO does it.
 */
#ifndef ATTLS_SIM_LINK_H
#define ATTLS_SIM_LINK_H

#include "base/clock.h"
#include "gateway/packet/segment.h"
#include "rng.h"

struct link_params {
	usec_t delay;
	usec_t jitter;      /* keeps the order */
	unsigned loss;      /* permille of all packets */
	unsigned ack_loss;  /* permille of packets without data, on top */
	unsigned duplicate; /* permille */
	unsigned reorder;   /* permille, delayed by up to @reorder_delay */
	usec_t reorder_delay;
	unsigned merge;            /* permille of neighbours that GRO joins */
	uint64_t rate;             /* bytes per second; 0: no limit */
	usec_t queue;              /* longest wait for the rate limit */
	usec_t dark_from, dark_to; /* nothing passes in between */
	bool whole;                /* super-segments stay whole (a peer on this host) */
	uint32_t mtu;              /* payload above it vanishes; 0: none */
	usec_t mtu_from;           /* since then */
	unsigned mercy;            /* most losses in a row */
};

struct packet {
	struct packet *next; /* arrives later, or at the same time and was sent later */
	usec_t at;
	struct segment seg; /* its payload is in @data */
	uint8_t data[];
};

struct link {
	struct link_params p;
	struct packet *first; /* by arrival */
	struct packet *last;
	usec_t busy_until;
	usec_t newest; /* latest in-order arrival so far */
	unsigned lost_in_row;
	bool too_big; /* a packet above the MTU vanished; cleared by the reader */
	uint64_t sent, lost;
};

void link_init(struct link *l, const struct link_params *p);
void link_fini(struct link *l);

/** link_send() - @seg leaves at @now; its bytes are copied */
void link_send(struct link *l, const struct segment *seg, usec_t now, struct rng *rng);

/** link_next() - when the next packet arrives, or USEC_NEVER */
usec_t link_next(const struct link *l);

/** link_receive() - the next packet that has arrived by @now, maybe merged; free() it. Or NULL. */
struct packet *link_receive(struct link *l, usec_t now, struct rng *rng);

#endif
