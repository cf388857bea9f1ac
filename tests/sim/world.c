/* SPDX-License-Identifier: GPL-3.0-or-later */
/* world.c - one simulated connection from a seed: parameters, two ends, two links, the loop */
#include "world.h"

#include <stdlib.h>

#include "end.h"
#include "gateway/tcp/internal.h"

#define VIRTUAL_LIMIT (24 * 3600 * USEC_SEC)

enum { EVENTS_MAX = 3000000 };

struct world {
	struct rng rng;
	struct end end[2];
	struct link link[2]; /* link[i] carries what end[i] sends */
	unsigned forge;      /* permille of arrivals accompanied by a forged segment */
	uint64_t events;
};

static void choose_link(struct rng *r, struct link_params *p)
{
	static const unsigned losses[] = {0, 0, 1, 10, 10, 30, 100, 200};

	*p = (struct link_params){
		.delay = (usec_t)rng_magnitude(r, 300000),
		.loss = losses[rng_in(r, 0, 7)],
		.merge = rng_chance(r, 500) ? 0 : 900,
		/* R2 is nine attempts: no more of them may fail by chance */
		.mercy = 2,
	};
	if (rng_chance(r, 300))
		p->jitter = (usec_t)rng_magnitude(r, 100000);
	if (rng_chance(r, 200))
		p->ack_loss = (unsigned)rng_in(r, 0, 200);
	if (rng_chance(r, 300))
		p->duplicate = (unsigned)rng_magnitude(r, 200);
	if (rng_chance(r, 400)) {
		p->reorder = (unsigned)rng_magnitude(r, 300);
		p->reorder_delay = (usec_t)rng_magnitude(r, 400000);
	}
	if (rng_chance(r, 300)) {
		p->rate = rng_in(r, 20000, 10000000);
		p->queue = (usec_t)rng_in(r, 10000, 500000);
	}
	if (p->loss <= 30 && rng_chance(r, 100)) {
		p->dark_from = (usec_t)rng_magnitude(r, 10 * USEC_SEC);
		p->dark_to = p->dark_from + (usec_t)rng_magnitude(r, 20 * USEC_SEC);
	}
	p->whole = rng_chance(r, 100);
}

static void choose_app(struct rng *r, struct app *a)
{
	*a = (struct app){
		.total = rng_chance(r, 100) ? 0 : rng_magnitude(r, 400000),
		.write_chunk = rng_magnitude(r, 200000),
		.read_chunk = rng_magnitude(r, 200000),
		.abort_at = USEC_NEVER,
	};
	if (a->total / a->write_chunk > 2000)
		a->write_chunk = a->total / 2000 + 1;
	if (rng_chance(r, 300))
		a->write_gap = (usec_t)rng_magnitude(r, 50000);
	if (rng_chance(r, 300))
		a->read_gap = (usec_t)rng_magnitude(r, 100000);
	if (rng_chance(r, 200)) {
		a->pause_at = (usec_t)rng_magnitude(r, 5 * USEC_SEC);
		a->pause_for = (usec_t)rng_magnitude(r, 60 * USEC_SEC);
		if (rng_chance(r, 100))
			a->pause_for = 700 * USEC_SEC;
	}
}

/* What both ends agree on, then what is each one's own. */
static void choose_params(struct rng *r, struct tcb_params p[2])
{
	bool ts = rng_chance(r, 600), sack = rng_chance(r, 700), scale = rng_chance(r, 800);
	bool near = rng_chance(r, 150);
	uint16_t mss = (uint16_t)(rng_chance(r, 700) ? 1460 : rng_in(r, 100, 9000));

	if (rng_chance(r, 20))
		mss = (uint16_t)rng_in(r, 30000, 65495);
	for (int i = 0; i < 2; i++) {
		p[i] = (struct tcb_params){
			.iss = rng_chance(r, 200) ? UINT32_MAX - (uint32_t)rng_in(r, 0, 100000)
						  : (uint32_t)rng_next(r),
			.mss = mss,
			.rcv_wscale = scale ? (uint8_t)rng_in(r, 0, 14) : 0,
			.sack_ok = sack,
			.ts_ok = ts,
			.ts_val = (uint32_t)rng_next(r),
			.near = near,
			.ack_due = rng_chance(r, 500),
			.rcv_limit = rng_magnitude(r, 1 << 20),
			.snd_limit = 4096 + rng_magnitude(r, 1 << 20),
			.rcv_wnd = (uint32_t)rng_in(r, 0, 65535),
		};
	}
	for (int i = 0; i < 2; i++) {
		p[i].irs = p[!i].iss;
		p[i].snd_wnd = p[!i].rcv_wnd;
		p[i].snd_wscale = p[!i].rcv_wscale;
		p[i].ts_recent = p[!i].ts_val;
	}
}

static size_t power_of_two(size_t n)
{
	size_t p = 4096;

	while (p < n)
		p *= 2;
	return p;
}

static void choose(struct world *w)
{
	struct rng *r = &w->rng;
	struct tcb_params p[2];
	struct app app[2];
	bool tight = rng_chance(r, 150);

	choose_params(r, p);
	for (int i = 0; i < 2; i++) {
		struct link_params lp;
		struct budget budget = {0};

		choose_link(r, &lp);
		choose_app(r, &app[i]);
		link_init(&w->link[i], &lp);
		/* enough for what is to be sent, and for little of what arrives */
		budget.limit = tight ? power_of_two(p[i].snd_limit) + 4096 * rng_in(r, 1, 16)
				     : (size_t)1 << 30;
		p[i].budget = &budget;
		/* promised and refused for longer than R2: that ends a connection, rightly */
		if (tight)
			app[i].pause_for = usec_min(app[i].pause_for, 60 * USEC_SEC);
		w->end[i].seed = rng_next(r);
		w->end[i].name = "AB"[i];
		w->end[i].peer = &w->end[!i];
		w->end[i].out = &w->link[i];
		if (i == 1 && rng_chance(r, 300))
			app[i].finish = FINISH_AFTER_PEER;
		if (i == 0 && rng_chance(r, 80))
			app[i].abort_at = (usec_t)rng_magnitude(r, 3 * USEC_SEC);
		end_init(&w->end[i], &p[i], &app[i], r);
	}
	if (rng_chance(r, 60)) {
		struct link_params *lp = &w->link[0].p;

		lp->mtu = (uint32_t)rng_in(r, 500, 1400);
		lp->mtu_from = (usec_t)rng_magnitude(r, USEC_SEC);
		lp->whole = false;
	}
	w->forge = rng_chance(r, 200) ? 100 : 0;
}

/* A segment of somebody who does not know the exact numbers must change nothing. */
static void forge(struct world *w, struct end *e, usec_t now)
{
	static const uint16_t flags[] = {SEG_RST, SEG_RST | SEG_ACK, SEG_SYN, SEG_SYN | SEG_ACK, 0,
		SEG_FIN | SEG_SYN, SEG_PSH};
	struct rng *r = &w->rng;
	uint64_t ack = recvq_ack(&e->tcb.rcv);
	const struct range *last = ranges_last(&e->tcb.rcv.ooo);
	struct segment seg = {
		.flags = flags[rng_in(r, 0, 6)],
		.ack = (uint32_t)e->tcb.snd.una,
		.seq = (uint32_t)(rng_chance(r, 500) ? ack + rng_in(r, 1, 65535) : rng_next(r)),
	};

	if (e->tcb.state == TCPS_CLOSED || seg.seq == (uint32_t)ack || seg.seq == ack - 1 ||
		(last && (uint32_t)last->to == seg.seq))
		return;
	if (rng_chance(r, 300)) {
		seg.flags = SEG_ACK; /* acknowledges what was never sent, or was long ago */
		seg.ack = (uint32_t)(e->tcb.snd.nxt + rng_in(r, 1, 1u << 30));
	}
	end_receive(e, &seg, now);
}

static void deliver(struct world *w, int i, usec_t now)
{
	struct end *to = &w->end[!i];
	struct packet *p;

	while ((p = link_receive(&w->link[i], now, &w->rng))) {
		end_receive(to, &p->seg, now);
		free(p);
		if (w->forge && rng_chance(&w->rng, w->forge))
			forge(w, to, now);
		if (rng_chance(&w->rng, 200))
			break; /* the rest is another batch */
	}
	if (w->link[i].too_big) {
		w->link[i].too_big = false;
		tcb_set_mss(&w->end[i].tcb, (uint16_t)w->link[i].p.mtu);
	}
}

static usec_t next_event(const struct world *w)
{
	usec_t at = USEC_NEVER;

	for (int i = 0; i < 2; i++) {
		at = usec_min(at, link_next(&w->link[i]));
		at = usec_min(at, end_next(&w->end[i]));
	}
	return at;
}

static void play(struct world *w)
{
	usec_t now = 0, next;

	for (int i = 0; i < 2; i++)
		end_run(&w->end[i], now);
	while ((next = next_event(w)) != USEC_NEVER) {
		now = usec_max(now, next);
		sim_now = now;
		sim_check(w->events++ < EVENTS_MAX && now < VIRTUAL_LIMIT, "does not end: %s, %s",
			tcb_state_name(w->end[0].tcb.state), tcb_state_name(w->end[1].tcb.state));
		for (int i = 0; i < 2; i++) {
			deliver(w, i, now);
			end_run(&w->end[0], now);
			end_run(&w->end[1], now);
		}
	}
}

void world_run(uint64_t seed)
{
	struct world *w = calloc(1, sizeof(*w));

	if (!w)
		abort();
	w->rng = rng_seed(seed);
	sim_now = 0;
	choose(w);
	play(w);
	/* who misses the RST and has nothing to say may wait for ever: nobody would tell it */
	if (w->end[0].aborted)
		sim_check(w->end[0].tcb.state == TCPS_CLOSED, "A: aborted, not closed");
	for (int i = 0; i < 2 && !w->end[0].aborted; i++)
		end_check_done(&w->end[i]);
	for (int i = 0; i < 2; i++) {
		end_fini(&w->end[i]);
		link_fini(&w->link[i]);
	}
	free(w);
}
