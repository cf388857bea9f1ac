/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rtt.h - round trip estimation and the retransmission time-out (RFC 6298) */
#ifndef ATTLS_TCP_RTT_H
#define ATTLS_TCP_RTT_H

#include <stdbool.h>

#include "base/clock.h"

#define RTT_RTO_INITIAL (1 * USEC_SEC)    /* RFC 6298 2.1 */
#define RTT_RTO_MAX     (120 * USEC_SEC)  /* RFC 6298 2.5 */
#define RTT_FLOOR_WIRE  (200 * USEC_MSEC) /* above the delayed ACKs of common stacks */
#define RTT_FLOOR_NEAR  (20 * USEC_MSEC)
#define RTT_MIN_WINDOW  (300 * USEC_SEC) /* how long a minimum is believed */

struct rtt {
	usec_t srtt; /* 0: no sample yet */
	usec_t var;
	usec_t rto;       /* without backoff */
	usec_t floor;     /* least distance of the RTO from the SRTT */
	usec_t min;       /* smallest recent sample; 0: none */
	usec_t min_at;    /* when @min was seen */
	unsigned backoff; /* doublings since the last clean sample */
};

/** rtt_init() - no sample; @near: the peer is a kernel on this host */
void rtt_init(struct rtt *r, bool near);

/** rtt_sample() - a round trip of a segment sent once only (Karn); ends the backoff */
void rtt_sample(struct rtt *r, usec_t sample);

/** rtt_note_min() - a candidate for the minimum, which need not be typical */
void rtt_note_min(struct rtt *r, usec_t sample, usec_t now);

/** rtt_rto() - the time-out to arm now, with backoff, at most RTT_RTO_MAX */
usec_t rtt_rto(const struct rtt *r);

/** rtt_back_off() - a time-out happened: the next one is twice as long */
void rtt_back_off(struct rtt *r);

#endif
