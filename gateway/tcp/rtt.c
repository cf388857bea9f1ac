/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rtt.c - round trip estimation and the retransmission time-out (RFC 6298) */
#include "gateway/tcp/rtt.h"

enum { BACKOFF_MAX = 16 };

void rtt_init(struct rtt *r, bool near)
{
	*r = (struct rtt){
		.rto = RTT_RTO_INITIAL,
		.floor = near ? RTT_FLOOR_NEAR : RTT_FLOOR_WIRE,
	};
}

void rtt_sample(struct rtt *r, usec_t sample)
{
	usec_t error;

	if (sample < 1)
		sample = 1;
	if (r->srtt == 0) {
		r->srtt = sample;
		r->var = sample / 2;
	} else {
		error = r->srtt > sample ? r->srtt - sample : sample - r->srtt;
		r->var += (error - r->var) / 4;
		r->srtt += (sample - r->srtt) / 8;
		if (r->srtt < 1)
			r->srtt = 1;
	}
	r->rto = r->srtt + usec_max(r->floor, 4 * r->var);
	r->backoff = 0;
}

void rtt_note_min(struct rtt *r, usec_t sample, usec_t now)
{
	if (sample < 1)
		sample = 1;
	if (r->min && sample > r->min && now - r->min_at < RTT_MIN_WINDOW)
		return;
	r->min = sample;
	r->min_at = now;
}

usec_t rtt_rto(const struct rtt *r)
{
	return usec_min(r->rto << r->backoff, RTT_RTO_MAX);
}

void rtt_back_off(struct rtt *r)
{
	if (r->backoff < BACKOFF_MAX)
		r->backoff++;
}
