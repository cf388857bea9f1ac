/* SPDX-License-Identifier: GPL-3.0-or-later */
/* world.c - one simulated connection: ends, links, maybe a gateway between, and the loop */
#include "world.h"

#include <stdlib.h>

#include "end.h"
#include "forge.h"
#include "gateway/tcp/internal.h"
#include "middle.h"
#include "mischief.h"
#include "report.h"

#define VIRTUAL_LIMIT (24 * 3600 * USEC_SEC)
#define PATIENCE      (2 * 3600 * USEC_SEC)

enum { EVENTS_MAX = 300000, BATCH_PERMILLE = 800 };

struct world {
	const struct scenario *s;
	struct rng rng;
	struct end end[2];
	struct middle middle;
	struct link link[PLACES];    /* link[i] carries what place i sends */
	struct watch *watch[PLACES]; /* link[i] leads to watch[i] */
};

static struct tcb_params params_of(const struct scenario *s, int i)
{
	const struct end_params *e = &s->end[i], *peer = &s->end[!i];

	return (struct tcb_params){
		.iss = (uint32_t)e->iss,
		.irs = (uint32_t)peer->iss,
		.snd_wnd = (uint32_t)peer->rcv_wnd,
		.rcv_wnd = (uint32_t)e->rcv_wnd,
		.mss = (uint16_t)s->mss,
		.snd_wscale = (uint8_t)peer->rcv_wscale,
		.rcv_wscale = (uint8_t)e->rcv_wscale,
		.ecn_ok = s->ecn,
		.sack_ok = s->sack,
		.ts_ok = s->ts,
		.ts_recent = (uint32_t)peer->ts_val,
		.ts_val = (uint32_t)e->ts_val,
		.ack_due = e->ack_due,
		.near = s->near && (!s->gateway || i == 0),
		.rcv_limit = (size_t)e->rcv_limit,
		.snd_limit = (size_t)e->snd_limit,
	};
}

static void name_endpoints(const struct scenario *s, struct endpoint at[2])
{
	for (int i = 0; i < 2; i++) {
		at[i] = (struct endpoint){.port = (uint16_t)(i ? 443 : 40000)};
		at[i].addr.family = s->ipv6 ? 6 : 4;
		at[i].addr.bytes[0] = 10;
		at[i].addr.bytes[3] = (uint8_t)(i + 1);
	}
}

/* Who hears whom: directly, or through the gateway. */
static void connect_all(struct world *w)
{
	struct watch *a = &w->end[0].watch, *b = &w->end[1].watch;
	struct watch *plain = &w->middle.watch[SIDE_PLAIN], *wire = &w->middle.watch[SIDE_WIRE];

	w->watch[PLACE_A] = w->s->gateway ? plain : b;
	w->watch[PLACE_B] = w->s->gateway ? wire : a;
	w->watch[PLACE_PLAIN] = a;
	w->watch[PLACE_WIRE] = b;
	a->peer = w->watch[PLACE_A]->tcb;
	b->peer = w->watch[PLACE_B]->tcb;
	plain->peer = a->tcb;
	wire->peer = b->tcb;
}

/* Towards a peer that will never be content the application loses patience in the end. */
static usec_t abort_time(const struct scenario *s, int i)
{
	if (!s->end[i].abort_at && !mischief_is_harmless((enum mischief)s->end[!i].mischief))
		return PATIENCE;
	return s->end[i].abort_at;
}

static void begin(struct world *w, const struct scenario *s)
{
	struct endpoint at[2];
	struct tcb_params p[2];

	w->s = s;
	w->rng = rng_seed((uint64_t)s->seed + 1);
	name_endpoints(s, at);
	for (int i = 0; i < PLACES; i++)
		link_init(&w->link[i], &s->link[i], dice((uint64_t)s->seed, (uint64_t)i));
	for (int i = 0; i < 2; i++) {
		struct end *e = &w->end[i];

		e->p = &s->end[i];
		e->peer = &w->end[!i];
		e->out = &w->link[i];
		e->abort_at = abort_time(s, i);
		e->watch.name = i ? "B" : "A";
		e->watch.stream = (unsigned)i;
		e->watch.src = at[i];
		e->watch.dst = at[!i];
		e->watch.liar = s->end[!i].mischief != MISCHIEF_NONE;
		p[i] = params_of(s, i);
		end_init(e, &p[i], dice((uint64_t)s->seed, PLACES + (uint64_t)i));
	}
	if (s->gateway)
		middle_init(&w->middle, s, p, at, w->link);
	connect_all(w);
}

static void finish(struct world *w)
{
	if (w->s->gateway)
		middle_fini(&w->middle);
	for (int i = 0; i < 2; i++)
		end_fini(&w->end[i]);
	for (int i = 0; i < PLACES; i++)
		link_fini(&w->link[i]);
}

/* A router has sent an ICMP error to whoever sends into this link. */
static void tell_too_big(struct world *w, int i)
{
	uint16_t mss = (uint16_t)(w->s->link[i].mtu + (w->s->ts ? TCB_TS_LEN : 0));

	w->link[i].too_big = false;
	tcb_set_mss(i < PLACE_PLAIN ? &w->end[i].tcb : w->middle.watch[i - PLACE_PLAIN].tcb, mss,
		sim_now);
}

/* What has arrived, or a first part of it: the rest is another batch. */
static bool deliver(struct world *w, int i, usec_t now)
{
	struct watch *to = w->watch[i];
	struct packet *p;
	bool any = false;

	while ((p = link_receive(&w->link[i], now))) {
		any = true;
		if (w->s->gateway && i < PLACE_PLAIN)
			middle_input(&w->middle, (enum side)i, &p->seg, now);
		else
			watch_input(to, &p->seg, now);
		link_done(p);
		if (w->s->forge && rng_chance(&w->rng, w->s->forge))
			forge(to, &w->rng, now);
		if (!rng_chance(&w->rng, BATCH_PERMILLE))
			break;
	}
	return any;
}

static usec_t next_event(const struct world *w)
{
	usec_t at = usec_min(w->end[0].wake, w->end[1].wake);

	for (int i = 0; i < (w->s->gateway ? PLACES : 2); i++)
		at = usec_min(at, link_next(&w->link[i]));
	return w->s->gateway ? usec_min(at, w->middle.wake) : at;
}

/* Everybody who has got something, or whose time has come. */
static void step(struct world *w, usec_t now)
{
	bool got[PLACES] = {false};

	for (int i = 0; i < (w->s->gateway ? PLACES : 2); i++) {
		got[i] = deliver(w, i, now);
		if (w->link[i].too_big) {
			tell_too_big(w, i);
			if (i < PLACE_PLAIN)
				w->end[i].wake = now;
			else
				w->middle.wake = now;
		}
	}
	for (int i = 0; i < 2; i++) {
		bool hears = got[w->s->gateway ? i + PLACE_PLAIN : !i];

		if (hears || w->end[i].wake <= now)
			end_run(&w->end[i], now);
	}
	if (w->s->gateway && (got[0] || got[1] || w->middle.wake <= now))
		middle_run(&w->middle, now);
}

static void play(struct world *w)
{
	usec_t now = 0, next;

	while ((next = next_event(w)) != USEC_NEVER) {
		now = usec_max(now, next);
		sim_now = now;
		sim_check(sim_events++ < EVENTS_MAX && now < VIRTUAL_LIMIT, "does not end: %s, %s",
			tcb_state_name(w->end[0].tcb.state), tcb_state_name(w->end[1].tcb.state));
		step(w, now);
	}
}

/* Nothing happens any more. */
static void check_done(struct world *w)
{
	const struct end *a = &w->end[0];

	if (w->s->gateway)
		middle_check_done(&w->middle);
	/* who misses the RST and has nothing to say may wait for ever: nobody would tell it */
	if (a->aborted || !mischief_is_harmless((enum mischief)w->s->end[1].mischief)) {
		sim_check(a->tcb.state == TCPS_CLOSED, "A: not closed");
		return;
	}
	for (int i = 0; i < 2; i++)
		end_check_done(&w->end[i]);
}

void world_run(const struct scenario *s)
{
	struct world *w = calloc(1, sizeof(*w));

	if (!w)
		abort();
	sim_now = 0;
	sim_events = 0;
	begin(w, s);
	play(w);
	check_done(w);
	finish(w);
	free(w);
}
