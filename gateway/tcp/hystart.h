/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * hystart.h - when the first slow start has found the path's capacity: HyStart++ (RFC 9406)
 *
 * A round trip that has grown by an eighth over the one of the round before says that a queue
 * builds up. Then the window grows at a quarter of the pace for some rounds, to see whether the
 * delay stays; if it does, slow start is over before anything had to be lost.
 */
#ifndef ATTLS_TCP_HYSTART_H
#define ATTLS_TCP_HYSTART_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"

struct hystart {
	uint64_t round_end; /* SND.NXT when this round began */
	usec_t last_min;    /* smallest sample of the round before; USEC_NEVER: none */
	usec_t min;         /* of this round; USEC_NEVER: none */
	unsigned samples;   /* in this round */
	usec_t baseline;    /* of conservative slow start (CSS): @min when it began; 0: not in it */
	unsigned rounds;    /* of conservative slow start so far */
};

/** hystart_init() - at the beginning of the connection */
void hystart_init(struct hystart *h);

/**
 * hystart_ack() - an ACK up to @una in the first slow start, while @nxt is the next to be sent
 * @rtt: its round trip sample; 0: none
 * Return: what growth is to be divided by: 1, 4 in conservative slow start; 0: slow start is over.
 */
unsigned hystart_ack(struct hystart *h, uint64_t una, uint64_t nxt, usec_t rtt);

#endif
