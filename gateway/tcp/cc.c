/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cc.c - how much may be in flight: CUBIC (RFC 9438) with PRR (RFC 9937) in recovery */
#include "gateway/tcp/cc.h"

#include <math.h>

static const double CUBIC_C = 0.4;
static const double CUBIC_BETA = 0.7;
static const double ABE_BETA = 0.85;
static const double CUBIC_ALPHA = 3.0 * (1.0 - 0.7) / (1.0 + 0.7);

enum { CWND_MAX = 1 << 30 };

static uint32_t initial_window(const struct cc *c)
{
	uint32_t floor = 2 * c->mss > 14600 ? 2 * c->mss : 14600;
	uint32_t ten = 10 * c->mss;

	return ten < floor ? ten : floor;
}

void cc_init(struct cc *c, uint32_t mss, bool near)
{
	*c = (struct cc){.mss = mss, .near = near, .cubic.ssthresh = CWND_MAX};
	hystart_init(&c->hystart);
	c->cubic.cwnd = initial_window(c);
	if (near && c->cubic.cwnd < CC_NEAR_WINDOW)
		c->cubic.cwnd = CC_NEAR_WINDOW;
}

void cc_set_mss(struct cc *c, uint32_t mss)
{
	c->mss = mss;
	if (c->cubic.cwnd < mss)
		c->cubic.cwnd = mss;
}

static void set_cwnd(struct cc *c, double bytes)
{
	double most = c->near ? CC_NEAR_WINDOW : CWND_MAX;

	if (bytes > most)
		bytes = most;
	c->cubic.cwnd = bytes < c->mss ? c->mss : (uint32_t)bytes;
}

/* RFC 9438 4.2: the window @t seconds into the stage. */
static double cubic_window(const struct cc *c, double t)
{
	double d = t - c->cubic.k;

	return CUBIC_C * d * d * d * c->mss + c->cubic.w_max;
}

static void begin_stage(struct cc *c, usec_t now)
{
	c->cubic.epoch = c->cubic.last = now;
	c->cubic.w_est = c->cubic.cwnd;
	if (c->cubic.cwnd < c->cubic.w_max) {
		c->cubic.k = cbrt((c->cubic.w_max - c->cubic.cwnd) / c->mss / CUBIC_C);
	} else {
		c->cubic.k = 0;
		c->cubic.w_max = c->cubic.cwnd;
	}
}

static void avoid_congestion(struct cc *c, const struct cc_ack *a, usec_t now)
{
	double acked = (double)a->delivered, cwnd = c->cubic.cwnd;
	double alpha = c->cubic.w_est >= c->cubic.cwnd_prior ? 1.0 : CUBIC_ALPHA;
	double t, target;

	t = (double)(now - c->cubic.epoch) / USEC_SEC;
	c->cubic.w_est += alpha * acked / cwnd * c->mss;
	if (cubic_window(c, t) < c->cubic.w_est) {
		set_cwnd(c, fmax(cwnd, c->cubic.w_est));
		return;
	}
	target = cubic_window(c, t + (double)a->srtt / USEC_SEC);
	target = fmin(fmax(target, cwnd), 1.5 * cwnd);
	set_cwnd(c, cwnd + acked * (target - cwnd) / cwnd);
}

/* Up to the threshold, or to where HyStart++ ends the first slow start. Return: what is left. */
static uint64_t slow_start(struct cc *c, const struct cc_ack *a)
{
	bool first = c->cubic.ssthresh == CWND_MAX && !c->near;
	unsigned divisor = first ? hystart_ack(&c->hystart, a->una, a->nxt, a->rtt) : 1;
	uint64_t room = c->cubic.ssthresh - c->cubic.cwnd, n;

	if (divisor == 0) {
		c->cubic.ssthresh = c->cubic.cwnd;
		return a->delivered;
	}
	n = a->delivered / divisor < room ? a->delivered / divisor : room;
	set_cwnd(c, (double)(c->cubic.cwnd + n));
	return n < room ? 0 : a->delivered - n;
}

void cc_grow(struct cc *c, const struct cc_ack *a, usec_t now)
{
	struct cc_ack rest = *a;

	if (!a->limited) {
		/* time in which the window was not used does not count (RFC 9438 5.8) */
		if (c->cubic.epoch)
			c->cubic.epoch += now - c->cubic.last;
		c->cubic.last = now;
		return;
	}
	if (c->near)
		c->cubic.ssthresh = CWND_MAX; /* nobody to be fair to: slow start to the end */
	if (c->cubic.cwnd < c->cubic.ssthresh)
		rest.delivered = slow_start(c, a);
	if (rest.delivered == 0)
		return;
	if (c->cubic.epoch == 0)
		begin_stage(c, now);
	c->cubic.last = now;
	avoid_congestion(c, &rest, now);
}

static uint32_t reduced(const struct cc *c, uint64_t flight, double beta)
{
	double half = beta * (double)(flight < c->cubic.cwnd ? flight : c->cubic.cwnd);

	if (c->near && half < CC_NEAR_LOSS)
		half = CC_NEAR_LOSS;
	return half < 2.0 * c->mss ? 2 * c->mss : (uint32_t)half;
}

static void note_reduction(struct cc *c, uint64_t flight, double beta)
{
	c->before = c->cubic;
	/* fast convergence: leave room to flows that have just begun (RFC 9438 4.7) */
	c->cubic.w_max = c->cubic.cwnd < c->cubic.w_max ? c->cubic.cwnd * (1 + CUBIC_BETA) / 2
							: c->cubic.cwnd;
	c->cubic.cwnd_prior = c->cubic.cwnd;
	c->cubic.ssthresh = reduced(c, flight, beta);
	c->cubic.epoch = 0;
}

void cc_reduce(struct cc *c, uint64_t flight)
{
	note_reduction(c, flight, CUBIC_BETA);
	c->prr_flight = flight ? flight : 1;
	c->prr_delivered = c->prr_out = 0;
}

void cc_mark(struct cc *c, uint64_t flight)
{
	note_reduction(c, flight, ABE_BETA);
	set_cwnd(c, c->cubic.ssthresh);
}

void cc_recover(struct cc *c, const struct cc_ack *a)
{
	uint64_t allowed, room;

	c->prr_delivered += a->delivered;
	if (a->pipe > c->cubic.ssthresh) {
		allowed =
			(c->prr_delivered * c->cubic.ssthresh + c->prr_flight - 1) / c->prr_flight;
		allowed = allowed > c->prr_out ? allowed - c->prr_out : 0;
	} else {
		allowed = c->prr_delivered > c->prr_out ? c->prr_delivered - c->prr_out : 0;
		if (allowed < a->delivered)
			allowed = a->delivered;
		if (a->progress)
			allowed += c->mss;
		room = c->cubic.ssthresh - a->pipe;
		if (allowed > room)
			allowed = room;
	}
	set_cwnd(c, (double)(a->pipe + allowed));
}

void cc_recovered(struct cc *c)
{
	set_cwnd(c, c->cubic.ssthresh);
}

void cc_timeout(struct cc *c, uint64_t flight, bool first)
{
	if (first)
		note_reduction(c, flight, CUBIC_BETA);
	c->cubic.epoch = 0;
	c->cubic.w_max = 0; /* the next stage is flat where it begins (RFC 9438 4.8) */
	set_cwnd(c, c->near ? CC_NEAR_LOSS : c->mss);
}

void cc_undo(struct cc *c)
{
	if (c->cubic.cwnd < c->cubic.cwnd_prior)
		c->cubic = c->before;
}

void cc_sent(struct cc *c, uint64_t n)
{
	c->prr_out += n;
}

void cc_restart(struct cc *c)
{
	if (!c->near && c->cubic.cwnd > initial_window(c))
		c->cubic.cwnd = initial_window(c);
	c->cubic.epoch = 0;
}
