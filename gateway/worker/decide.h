/* SPDX-License-Identifier: GPL-3.0-or-later */
/* decide.h - one packet from its bytes to its verdict; only on the worker's own thread */
#ifndef ATTLS_WORKER_DECIDE_H
#define ATTLS_WORKER_DECIDE_H

#include "gateway/worker/worker.h"

/* A stolen segment between the passes. */
struct stolen {
	struct arrival arrival;
	struct flow *flow;
};

/**
 * decide_packet() - give @p its verdict, or hold it until its owner is known
 * Return: true if the packet was stolen and @s filled in.
 */
bool decide_packet(struct worker *w, const struct packet *p, usec_t now, struct stolen *s);

/** decide_arrival() - read @p again, which was held; false if it is nothing that can be mapped */
bool decide_arrival(struct worker *w, const struct packet *p, struct arrival *a);

/** decide_held() - give @p, which was held, its verdict: all that will be known is in @a */
void decide_held(struct worker *w, const struct packet *p, const struct arrival *a, usec_t now);

#endif
