/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cc.c - how much may be in flight: CUBIC (RFC 9438) with PRR (RFC 9937) in recovery */
#include "gateway/tcp/cc.h"

#include <math.h>

static const double CUBIC_C = 0.4;
static const double CUBIC_BETA = 0.7;
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
	*c = (struct cc){.mss = mss, .near = near, .ssthresh = CWND_MAX};
	c->cwnd = initial_window(c);
	if (near && c->cwnd < CC_NEAR_WINDOW)
		c->cwnd = CC_NEAR_WINDOW;
}

void cc_set_mss(struct cc *c, uint32_t mss)
{
	c->mss = mss;
	if (c->cwnd < mss)
		c->cwnd = mss;
}

static void set_cwnd(struct cc *c, double bytes)
{
	double most = c->near ? CC_NEAR_WINDOW : CWND_MAX;

	if (bytes > most)
		bytes = most;
	c->cwnd = bytes < c->mss ? c->mss : (uint32_t)bytes;
}

/* RFC 9438 4.2: the window @t seconds into the stage. */
static double cubic_window(const struct cc *c, double t)
{
	double d = t - c->k;

	return CUBIC_C * d * d * d * c->mss + c->w_max;
}

static void begin_stage(struct cc *c, usec_t now)
{
	c->epoch = c->last = now;
	c->w_est = c->cwnd;
	if (c->cwnd < c->w_max) {
		c->k = cbrt((c->w_max - c->cwnd) / c->mss / CUBIC_C);
	} else {
		c->k = 0;
		c->w_max = c->cwnd;
	}
}

static void avoid_congestion(struct cc *c, const struct cc_ack *a, usec_t now)
{
	double acked = (double)a->delivered, cwnd = c->cwnd;
	double alpha = c->w_est >= c->cwnd_prior ? 1.0 : CUBIC_ALPHA;
	double t, target;

	t = (double)(now - c->epoch) / USEC_SEC;
	c->w_est += alpha * acked / cwnd * c->mss;
	if (cubic_window(c, t) < c->w_est) {
		set_cwnd(c, fmax(cwnd, c->w_est));
		return;
	}
	target = cubic_window(c, t + (double)a->srtt / USEC_SEC);
	target = fmin(fmax(target, cwnd), 1.5 * cwnd);
	set_cwnd(c, cwnd + acked * (target - cwnd) / cwnd);
}

void cc_grow(struct cc *c, const struct cc_ack *a, usec_t now)
{
	if (!a->limited) {
		/* time in which the window was not used does not count (RFC 9438 5.8) */
		if (c->epoch)
			c->epoch += now - c->last;
		c->last = now;
		return;
	}
	if (c->near || c->cwnd < c->ssthresh) {
		set_cwnd(c, (double)c->cwnd + (double)a->delivered);
		return;
	}
	if (c->epoch == 0)
		begin_stage(c, now);
	c->last = now;
	avoid_congestion(c, a, now);
}

static uint32_t reduced(const struct cc *c, uint64_t flight)
{
	double half = CUBIC_BETA * (double)(flight < c->cwnd ? flight : c->cwnd);

	if (c->near && half < CC_NEAR_LOSS)
		half = CC_NEAR_LOSS;
	return half < 2.0 * c->mss ? 2 * c->mss : (uint32_t)half;
}

static void note_reduction(struct cc *c, uint64_t flight)
{
	/* fast convergence: leave room to flows that have just begun (RFC 9438 4.7) */
	c->w_max = c->cwnd < c->w_max ? c->cwnd * (1 + CUBIC_BETA) / 2 : c->cwnd;
	c->cwnd_prior = c->cwnd;
	c->ssthresh = reduced(c, flight);
	c->epoch = 0;
}

void cc_reduce(struct cc *c, uint64_t flight)
{
	note_reduction(c, flight);
	c->prr_flight = flight ? flight : 1;
	c->prr_delivered = c->prr_out = 0;
}

void cc_recover(struct cc *c, const struct cc_ack *a)
{
	uint64_t allowed, room;

	c->prr_delivered += a->delivered;
	if (a->pipe > c->ssthresh) {
		allowed = (c->prr_delivered * c->ssthresh + c->prr_flight - 1) / c->prr_flight;
		allowed = allowed > c->prr_out ? allowed - c->prr_out : 0;
	} else {
		allowed = c->prr_delivered > c->prr_out ? c->prr_delivered - c->prr_out : 0;
		if (allowed < a->delivered)
			allowed = a->delivered;
		if (a->progress)
			allowed += c->mss;
		room = c->ssthresh - a->pipe;
		if (allowed > room)
			allowed = room;
	}
	set_cwnd(c, (double)(a->pipe + allowed));
}

void cc_recovered(struct cc *c)
{
	set_cwnd(c, c->ssthresh);
}

void cc_timeout(struct cc *c, uint64_t flight, bool first)
{
	if (first)
		note_reduction(c, flight);
	c->epoch = 0;
	set_cwnd(c, c->near ? CC_NEAR_LOSS : c->mss);
}

void cc_sent(struct cc *c, uint64_t n)
{
	c->prr_out += n;
}

void cc_restart(struct cc *c)
{
	if (!c->near && c->cwnd > initial_window(c))
		c->cwnd = initial_window(c);
	c->epoch = 0;
}
