/* SPDX-License-Identifier: GPL-3.0-or-later */
/* pace.c - the congestion window in use: spread over the round trip, and whether it was full */
#include "gateway/tcp/pace.h"

#include "gateway/tcp/internal.h"

enum { BURST = 10, CHUNK_MIN = 2 }; /* segments */
#define CHUNK_TIME   (1 * USEC_MSEC)
#define RTT_AT_LEAST (1 * USEC_MSEC)
#define LATE_AT_MOST (4 * USEC_MSEC) /* that much of a late timer is caught up with */

/* Bytes per second; 0: as fast as the window lets. */
static double rate(const struct tcb *t)
{
	const struct cubic *c = &t->cc.cubic;
	double gain = c->cwnd < c->ssthresh / 2 ? 2.0 : 1.2;

	if (t->near || t->rtt.srtt < RTT_AT_LEAST)
		return 0;
	return gain * c->cwnd * USEC_SEC / (double)t->rtt.srtt;
}

static uint64_t chunk(double r)
{
	return (uint64_t)(r * CHUNK_TIME / USEC_SEC);
}

void pace_spend(struct tcb *t, uint64_t n, usec_t now)
{
	double r = rate(t), segment = tcb_payload_mss(t);
	usec_t saved;

	if (r <= 0 || chunk(r) > UINT16_MAX)
		return;
	saved = usec_max((usec_t)(BURST * segment / r * USEC_SEC), LATE_AT_MOST);
	t->pace.spent = usec_max(t->pace.spent, now - saved);
	t->pace.spent += (usec_t)((double)n / r * USEC_SEC);
	t->timer[TCB_TIMER_PACE] = t->pace.spent > now ? t->pace.spent : USEC_NEVER;
}

uint64_t pace_room(const struct tcb *t)
{
	bool first = sendq_flight(&t->snd) == 0; /* a beginning need not wait for anything */
	uint64_t least = (uint64_t)(first ? BURST : CHUNK_MIN) * tcb_payload_mss(t);
	double r = rate(t);

	if (r <= 0)
		return UINT32_MAX;
	if (!first && t->timer[TCB_TIMER_PACE] != USEC_NEVER)
		return 0;
	return seq_max(chunk(r), least);
}

void pace_note(struct tcb *t)
{
	struct pace *p = &t->pace;
	uint64_t flight = sendq_flight(&t->snd);
	bool limited = loss_pipe(t) + tcb_payload_mss(t) > t->cc.cubic.cwnd;

	if (!limited && t->snd.una < p->end && (p->limited || flight <= p->most))
		return;
	p->limited = limited;
	p->most = flight;
	p->end = t->snd.nxt;
}

bool pace_limited(const struct tcb *t)
{
	const struct cubic *c = &t->cc.cubic;

	/* in slow start half of it is enough: it is to double */
	return t->pace.limited || (c->cwnd < c->ssthresh && 2 * t->pace.most > c->cwnd);
}
