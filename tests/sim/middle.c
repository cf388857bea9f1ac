/* SPDX-License-Identifier: GPL-3.0-or-later */
/* middle.c - the gateway between the ends: a flow with its relay, without TLS */
#include "middle.h"

#include <stdlib.h>

#include "gateway/tcp/internal.h"
#include "report.h"

enum { PUMP_MAX = 20000, DRIVES_MAX = 4 };

/* What the end on @side has said in the handshake that has passed. */
static struct hello hello_of(const struct scenario *s, const struct tcb_params *p)
{
	return (struct hello){
		.seen = true,
		.isn = p->iss,
		.wnd = p->rcv_wnd,
		.ack = p->irs + 1,
		.ts_val = p->ts_val,
		.mss = p->mss,
		.options = (uint8_t)(SEG_OPT_MSS | SEG_OPT_WSCALE |
				     (s->sack ? SEG_OPT_SACK_OK : 0) | (s->ts ? SEG_OPT_TS : 0)),
		.wscale = p->rcv_wscale,
		.ttl = 64,
	};
}

static void watch_leg(
	struct middle *m, enum side side, const struct scenario *s, const struct tcb_params *played)
{
	struct watch *w = &m->watch[side];

	w->name = side == SIDE_PLAIN ? "plain" : "wire";
	w->tcb = &m->flow->leg[side].tcb;
	w->params = *played;
	w->shared = &m->budget;
	/* towards the application the network's end is played, and its stream passed on */
	w->stream = (unsigned)side_peer(side);
	w->total = (uint64_t)s->end[side_peer(side)].total;
	watch_init(w);
}

void middle_init(struct middle *m, const struct scenario *s, const struct tcb_params params[2],
	const struct endpoint at[2], struct link *link)
{
	static char name[] = "sim";
	struct tuple key = {.local = at[0], .remote = at[1]};
	struct flow_limits limits = {
		.budget = &m->budget, .buffer = (size_t)s->gateway_buffer, .near = s->near};

	m->budget.limit = (size_t)s->gateway_budget;
	m->action.mode = ACTION_TLS;
	m->action.handshake_timeout = 60 * USEC_SEC;
	m->rule.name = name;
	m->rule.action = &m->action;
	m->snapshot.references = 1;
	m->flow = flow_new(&m->snapshot, &m->rule, &key, DIRECTION_OUTBOUND, 0);
	if (!m->flow)
		abort();
	for (enum side side = SIDE_PLAIN; side < SIDES; side++) {
		m->flow->hello[side] = hello_of(s, &params[side]);
		m->out[side] = &link[PLACE_PLAIN + side];
	}
	flow_take_over(m->flow, &limits, false, 0);
	for (enum side side = SIDE_PLAIN; side < SIDES; side++)
		watch_leg(m, side, s, &params[side_peer(side)]);
}

void middle_fini(struct middle *m)
{
	for (enum side side = SIDE_PLAIN; side < SIDES; side++)
		watch_fini(&m->watch[side]);
	flow_free(m->flow);
	sim_check(m->budget.used == 0, "gateway: %zu bytes leaked", m->budget.used);
}

void middle_input(struct middle *m, enum side side, const struct segment *seg, usec_t now)
{
	struct watch *w = &m->watch[side];

	if (!flow_has_legs(m->flow))
		return; /* the table would not find it */
	watch_arrival(w, seg);
	flow_input(m->flow, side, seg, now);
}

static void pump(struct middle *m, enum side side, usec_t now)
{
	struct segment seg;

	for (unsigned n = 0; flow_output(m->flow, side, now, &seg); n++) {
		sim_check(n < PUMP_MAX, "%s: output does not end", m->watch[side].name);
		watch_output(&m->watch[side], &seg);
		link_send(m->out[side], &seg, now);
	}
}

/* As the worker does. What one leg gives back of their common memory may be news to the other. */
static void drive(struct middle *m, usec_t now)
{
	struct flow *f = m->flow;

	flow_advance(f, now);
	flow_expire(f, now);
	for (enum side side = SIDE_PLAIN; side < SIDES; side++)
		pump(m, side, now);
	flow_settle(f, now);
}

void middle_run(struct middle *m, usec_t now)
{
	struct flow *f = m->flow;
	unsigned n = 0;

	do {
		sim_check(n++ < DRIVES_MAX, "gateway: does not come to rest");
		drive(m, now);
		m->wake = flow_deadline(f);
	} while (m->wake <= now);
	for (enum side side = SIDE_PLAIN; side < SIDES && flow_has_legs(f); side++)
		watch_state(&m->watch[side], now);
}

void middle_check_done(const struct middle *m)
{
	sim_check(m->flow->state == FLOW_DEAD, "gateway: stays in %s",
		flow_state_name(m->flow->state));
}
