/* SPDX-License-Identifier: GPL-3.0-or-later */
/* pace.c - how the congestion window is used: whether it was what kept us from sending */
#include "gateway/tcp/pace.h"

#include "gateway/tcp/internal.h"

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
