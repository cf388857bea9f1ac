/* SPDX-License-Identifier: GPL-3.0-or-later */
/* keepalive.c - find out that an endpoint is gone (RFC 9293 3.8.4) */
#include "gateway/flow/keepalive.h"

/* Who was heard so lately need not be asked. */
#define FRESH (10 * USEC_SEC)

/* As kernels do by default; half-closed flows sooner, as kernels treat orphans. */
enum { IDLE_S = 7200, HALF_CLOSED_S = 60, DELIVERY_S = 300, INTERVAL_S = 75, PROBES_MAX = 9 };

static bool half_closed(const struct flow *f)
{
	return f->leg[SIDE_PLAIN].tcb.state != TCPS_ESTABLISHED ||
	       f->leg[SIDE_WIRE].tcb.state != TCPS_ESTABLISHED;
}

static bool asks(const struct leg *leg)
{
	return leg->tcb.state != TCPS_CLOSED && leg->tcb.state != TCPS_TIME_WAIT;
}

/*
 * The kernel of an application that has left forgets the connection after a minute and would then
 * answer with a reset, which ends the flow. What it had sent is still being delivered.
 */
static usec_t delivery_deadline(const struct flow *f, enum side side)
{
	const struct tcb *to = &f->leg[side_peer(side)].tcb;
	bool delivers = f->leg[side].tcb.state == TCPS_CLOSE_WAIT && !tcb_idle(to);

	return delivers ? to->active_at + DELIVERY_S * USEC_SEC : 0;
}

static usec_t leg_deadline(const struct flow *f, enum side side)
{
	usec_t first = (half_closed(f) ? HALF_CLOSED_S : IDLE_S) * USEC_SEC;
	const struct leg *leg = &f->leg[side];

	if (!asks(leg))
		return USEC_NEVER;
	if (leg->probes == 0)
		return usec_max(leg->heard + first, delivery_deadline(f, side));
	return leg->asked + INTERVAL_S * USEC_SEC;
}

usec_t keepalive_deadline(const struct flow *f)
{
	return usec_min(leg_deadline(f, SIDE_PLAIN), leg_deadline(f, SIDE_WIRE));
}

void keepalive_run(struct flow *f, usec_t now)
{
	for (enum side side = SIDE_PLAIN; side < SIDES; side++) {
		struct leg *leg = &f->leg[side];

		if (now < leg_deadline(f, side))
			continue;
		if (leg->probes++ < PROBES_MAX) {
			leg->asked = now;
			tcb_probe(&leg->tcb);
			continue;
		}
		if (f->fault == FAULT_NONE)
			f->fault_side = side;
		flow_abort(f, FAULT_TIMEOUT);
	}
}

bool keepalive_holds(struct flow *f, enum side side, const struct segment *seg, usec_t now)
{
	struct leg *leg = &f->leg[side], *peer = &f->leg[side_peer(side)];

	if (f->state != FLOW_ESTABLISHED || !tcb_is_keepalive(&leg->tcb, seg) || !asks(peer) ||
		now - peer->heard < FRESH)
		return false;
	tcb_probe(&peer->tcb);
	leg->owes = true;
	return true;
}

void keepalive_heard(struct flow *f, enum side side)
{
	struct leg *asker = &f->leg[side_peer(side)];

	if (asker->owes)
		tcb_acknowledge(&asker->tcb);
	asker->owes = false;
}
