/* SPDX-License-Identifier: GPL-3.0-or-later */
/* scenario.c - all that makes up a run, as plain numbers with names */
#include "scenario.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "mischief.h"
#include "rng.h"

enum { NUMBERS_MAX = 1 << 20, HOSTILE_MOST = 10000, TINY_MOST = 3000, STEPS = 300 };

struct member {
	const char *name;
	size_t offset;
	int64_t plain;
};

#define COMMON(name, value)                                                                        \
	{                                                                                          \
#name, offsetof(struct scenario, name), value                                      \
	}
#define END(name, value)                                                                           \
	{                                                                                          \
#name, offsetof(struct end_params, name), value                                    \
	}
#define LINK(name, value)                                                                          \
	{                                                                                          \
#name, offsetof(struct link_params, name), value                                   \
	}

/* In the order in which they are made plainer: the most telling first. */
static const struct member common[] = {COMMON(forge, 0), COMMON(gateway, 0),
	COMMON(gateway_budget, 1 << 30), COMMON(gateway_buffer, 1 << 20), COMMON(ipv6, 0),
	COMMON(ecn, 0), COMMON(near, 0), COMMON(mss, 1460), COMMON(ts, 0), COMMON(sack, 1)};

static const struct member ends[] = {END(total, 0), END(abort_at, 0), END(mischief, 0),
	END(mischief_from, 0), END(turn, 0), END(pause_for, 0), END(pause_at, 0), END(read_gap, 0),
	END(write_gap, 0), END(read_chunk, 1 << 17), END(write_chunk, 1 << 17),
	END(finish_after_peer, 0), END(budget, 1 << 30), END(rcv_limit, 1 << 16),
	END(snd_limit, 1 << 16), END(rcv_wnd, 65535), END(rcv_wscale, 0), END(ack_due, 0),
	END(ts_val, 1), END(iss, 0)};

static const struct member links[] = {LINK(last, 0), LINK(first, NUMBERS_MAX), LINK(loss, 0),
	LINK(ack_loss, 0), LINK(burst_loss, 0), LINK(burst_good, 0), LINK(burst_bad, 0),
	LINK(duplicate, 0), LINK(reorder, 0), LINK(reorder_delay, 0), LINK(corrupt, 0),
	LINK(merge, 0), LINK(split, 0), LINK(jitter, 0), LINK(rate, 0), LINK(queue, 0),
	LINK(mark, 0), LINK(dark_to, 0), LINK(dark_from, 0), LINK(mtu, 0), LINK(mtu_from, 0),
	LINK(mtu_silent, 0), LINK(whole, 0), LINK(delay, 1)};

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static void name_it(struct number *n, const char *where, const struct member *m, void *object)
{
	snprintf(n->name, sizeof(n->name), "%s%s%s", where, *where ? "." : "", m->name);
	n->at = (int64_t *)(void *)((char *)object + m->offset);
	n->plain = m->plain;
}

bool scenario_number(struct scenario *s, unsigned i, struct number *n)
{
	static const char *const end_names[] = {"a", "b"};
	static const char *const link_names[] = {"from-a", "from-b", "to-a", "to-b"};

	if (i < COUNT(common)) {
		name_it(n, "", &common[i], s);
		return true;
	}
	i -= COUNT(common);
	if (i < 2 * COUNT(ends)) {
		name_it(n, end_names[i % 2], &ends[i / 2], &s->end[i % 2]);
		return true;
	}
	i -= 2 * COUNT(ends);
	if (i >= PLACES * COUNT(links))
		return false;
	name_it(n, link_names[i % PLACES], &links[i / PLACES], &s->link[i % PLACES]);
	return true;
}

bool scenario_set(struct scenario *s, const char *text)
{
	const char *equals = strchr(text, '=');
	struct number n;
	char *end;

	if (!equals)
		return false;
	for (unsigned i = 0; scenario_number(s, i, &n); i++) {
		if (strlen(n.name) != (size_t)(equals - text) ||
			strncmp(n.name, text, strlen(n.name)) != 0)
			continue;
		*n.at = strtoll(equals + 1, &end, 0);
		return end != equals + 1 && *end == '\0';
	}
	return false;
}

void scenario_plain(struct scenario *s, uint64_t seed)
{
	struct number n;

	*s = (struct scenario){.seed = (int64_t)seed};
	for (unsigned i = 0; scenario_number(s, i, &n); i++)
		*n.at = n.plain;
}

void scenario_print_changes(const struct scenario *s)
{
	struct scenario copy = *s;
	struct number n;

	for (unsigned i = 0; scenario_number(&copy, i, &n); i++)
		if (*n.at != n.plain)
			printf(" %s=%lld", n.name, (long long)*n.at);
}

/* ---- from a seed ---- */

static void choose_loss(struct rng *r, struct link_params *p)
{
	static const int losses[] = {0, 0, 1, 10, 10, 30, 100, 200};

	if (rng_chance(r, 100)) {
		p->burst_loss = rng_in(r, 300, 1000);
		p->burst_good = USEC_MSEC * rng_magnitude(r, 5000);
		p->burst_bad = USEC_MSEC * rng_magnitude(r, 2000);
		return;
	}
	p->loss = losses[rng_in(r, 0, 7)];
	if (rng_chance(r, 200))
		p->ack_loss = rng_in(r, 0, 200);
	if (p->loss <= 30 && rng_chance(r, 100)) {
		p->dark_from = rng_magnitude(r, 10 * USEC_SEC);
		p->dark_to = p->dark_from + rng_magnitude(r, 20 * USEC_SEC);
	}
}

static void choose_link(struct rng *r, struct link_params *p)
{
	*p = (struct link_params){
		.delay = rng_magnitude(r, 300000),
		.merge = rng_chance(r, 500) ? 0 : 900,
		.last = NUMBERS_MAX,
		.whole = rng_chance(r, 100),
	};
	choose_loss(r, p);
	if (rng_chance(r, 300))
		p->jitter = rng_magnitude(r, 100000);
	if (rng_chance(r, 300))
		p->duplicate = rng_magnitude(r, 200);
	if (rng_chance(r, 400)) {
		p->reorder = rng_magnitude(r, 300);
		p->reorder_delay = rng_magnitude(r, 400000);
	}
	if (rng_chance(r, 100))
		p->corrupt = rng_magnitude(r, 100);
	if (rng_chance(r, 200))
		p->split = rng_magnitude(r, 500);
	if (rng_chance(r, 300)) {
		p->rate = rng_in(r, 20000, 10000000);
		p->queue = rng_in(r, 10000, 500000);
		if (rng_chance(r, 500))
			p->mark = p->queue / rng_in(r, 2, 20);
	}
}

static void choose_mtu(struct rng *r, struct link_params *p)
{
	p->mtu = rng_in(r, 500, 1400);
	p->mtu_from = rng_magnitude(r, USEC_SEC);
	p->whole = 0;
}

static void choose_end(struct rng *r, struct end_params *e)
{
	*e = (struct end_params){
		.iss = rng_chance(r, 200) ? UINT32_MAX - rng_in(r, 0, 100000)
					  : rng_in(r, 0, UINT32_MAX),
		.total = rng_chance(r, 100) ? 0
					    : rng_magnitude(r, rng_chance(r, 50) ? 400000 : 60000),
		.write_chunk = rng_magnitude(r, 200000),
		.read_chunk = rng_magnitude(r, 200000),
		.rcv_wscale = rng_in(r, 0, 14),
		.rcv_wnd = rng_in(r, 0, 65535),
		.rcv_limit = rng_magnitude(r, 1 << 20),
		.snd_limit = 4096 + rng_magnitude(r, 1 << 20),
		.budget = 1 << 30,
		.ack_due = rng_chance(r, 500),
		.ts_val = rng_in(r, 0, UINT32_MAX),
	};
	if (rng_chance(r, 300))
		e->write_gap = rng_magnitude(r, 50000);
	if (rng_chance(r, 300))
		e->read_gap = rng_magnitude(r, 100000);
	if (rng_chance(r, 200)) {
		e->pause_at = rng_magnitude(r, 5 * USEC_SEC);
		e->pause_for = rng_magnitude(r, 60 * USEC_SEC);
		if (rng_chance(r, 100))
			e->pause_for = 700 * USEC_SEC;
	}
}

static int64_t power_of_two(int64_t n)
{
	int64_t p = 4096;

	while (p < n)
		p *= 2;
	return p;
}

/* Enough memory for what is to be sent, and for little of what arrives. */
static void choose_tight(struct rng *r, struct end_params *e)
{
	e->budget = power_of_two(e->snd_limit) + 4096 * rng_in(r, 1, 16);
	/* promised and refused for longer than R2: that ends a connection, rightly */
	if (e->pause_for > 60 * USEC_SEC)
		e->pause_for = 60 * USEC_SEC;
}

/* What the two applications have to say to each other. */
static void choose_dialogue(struct rng *r, struct end_params end[2])
{
	if (rng_chance(r, 200)) { /* request and response, in turns of the same number */
		int64_t turns = rng_in(r, 1, 40);

		for (int i = 0; i < 2; i++) {
			end[i].turn = rng_magnitude(r, 3000);
			end[i].total = turns * end[i].turn;
		}
	} else if (rng_chance(r, 200)) {
		end[rng_in(r, 0, 1)].total = 0; /* one direction only */
	}
	end[1].finish_after_peer = rng_chance(r, 300);
	if (rng_chance(r, 80))
		end[0].abort_at = rng_magnitude(r, 3 * USEC_SEC);
}

static void choose_common(struct rng *r, struct scenario *s)
{
	s->mss = rng_chance(r, 700) ? 1460 : rng_in(r, 100, 9000);
	if (rng_chance(r, 20))
		s->mss = rng_in(r, 30000, 65495);
	s->ts = rng_chance(r, 600);
	s->sack = rng_chance(r, 700);
	s->ecn = rng_chance(r, 300);
	s->near = rng_chance(r, 150);
	s->ipv6 = rng_chance(r, 300);
	s->forge = rng_chance(r, 200) ? 100 : 0;
	s->gateway = rng_chance(r, 150);
	s->gateway_buffer = 65536 << rng_in(r, 0, 6);
	s->gateway_budget = rng_chance(r, 200) ? 4096 * rng_in(r, 16, 128) : 1 << 30;
}

/* Behind a gateway the near side is a kernel's own loopback, or a network like any other. */
static void choose_gateway(struct rng *r, struct scenario *s)
{
	s->near = rng_chance(r, 700);
	for (int i = 0; i < 2; i++) { /* A is the application, on the plain side */
		struct link_params *p = &s->link[i ? PLACE_PLAIN : PLACE_A];

		if (s->near)
			*p = (struct link_params){.delay = rng_in(r, 5, 100), .whole = 1};
		s->end[i].mischief = MISCHIEF_NONE;
	}
	s->mss = s->mss > 9000 ? 9000 : s->mss;
}

/* In the worst case each byte becomes a segment, or many, or there are seconds between two. */
static void choose_little(struct end_params *e, int64_t most)
{
	e->turn = 0;
	e->total = e->total < most ? e->total : most;
	e->pause_for = 0;
}

static void choose_hostile(struct rng *r, struct scenario *s)
{
	struct end_params *e = &s->end[1];

	e->mischief = rng_in(r, MISCHIEF_NONE + 1, MISCHIEFS - 1);
	e->mischief_from = rng_chance(r, 500) ? 0 : rng_magnitude(r, USEC_SEC);
	s->forge = rng_chance(r, 300) ? 200 : 0;
	s->gateway = 0;
	s->end[0].abort_at = 0;
	if (rng_chance(r, 200))
		s->mss = rng_in(r, 1, 100);
	for (int i = 0; i < 2; i++) {
		s->link[i].burst_loss = 0;
		s->link[i].loss = s->link[i].loss > 30 ? 30 : s->link[i].loss;
		choose_little(&s->end[i], e->mischief == MISCHIEF_TINY ? TINY_MOST : HOSTILE_MOST);
	}
}

/* Thousands of tiny steps show nothing that hundreds do not. */
static void choose_steps(struct end_params *e, const struct end_params *peer)
{
	if (e->total / e->write_chunk > STEPS)
		e->write_chunk = e->total / STEPS + 1;
	if (peer->total / e->read_chunk > STEPS)
		e->read_chunk = peer->total / STEPS + 1;
}

void scenario_of(struct scenario *s, uint64_t seed, bool hostile)
{
	struct rng rng = rng_seed(seed), *r = &rng;
	bool tight;

	*s = (struct scenario){.seed = (int64_t)seed};
	choose_common(r, s);
	for (int i = 0; i < PLACES; i++)
		choose_link(r, &s->link[i]);
	for (int i = 0; i < 2; i++)
		choose_end(r, &s->end[i]);
	choose_dialogue(r, s->end);
	tight = rng_chance(r, 150);
	for (int i = 0; i < 2 && tight; i++)
		choose_tight(r, &s->end[i]);
	if (rng_chance(r, 200))
		s->end[0].rcv_wscale = s->end[1].rcv_wscale = 0;
	if (rng_chance(r, 60))
		choose_mtu(r, &s->link[PLACE_A]);
	if (s->gateway)
		choose_gateway(r, s);
	if (hostile)
		choose_hostile(r, s);
	for (int i = 0; i < 2; i++)
		choose_steps(&s->end[i], &s->end[!i]);
}
