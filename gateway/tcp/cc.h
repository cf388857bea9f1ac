/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cc.h - how much may be in flight: CUBIC (RFC 9438) with PRR (RFC 9937) in recovery
 *
 * A peer on this very host ("near") has no path to be fair on: its window is large from the
 * start, shrinks to CC_NEAR_LOSS when its kernel drops something, and grows back.
 */
#ifndef ATTLS_TCP_CC_H
#define ATTLS_TCP_CC_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "gateway/tcp/hystart.h"

enum { CC_NEAR_WINDOW = 1 << 20, CC_NEAR_LOSS = 128 << 10 };

/* All sizes in bytes. */
struct cubic {
	uint32_t cwnd;
	uint32_t ssthresh;
	double w_max;      /* window before the last reduction, or less (RFC 9438 4.7) */
	double w_est;      /* what Reno would have (4.3) */
	double cwnd_prior; /* window when the last reduction came */
	double k;          /* seconds from the epoch's start to the plateau */
	usec_t epoch;      /* start of this avoidance stage; 0: not begun */
	usec_t last;       /* of the newest ACK in this stage */
};

struct cc {
	struct cubic cubic;
	struct cubic before; /* the last reduction: what cc_undo() goes back to */
	struct hystart hystart;
	uint32_t mss; /* payload per segment */
	bool near;
	uint64_t prr_flight; /* RecoverFS */
	uint64_t prr_delivered;
	uint64_t prr_out;
};

/* What one ACK means to congestion control. */
struct cc_ack {
	uint64_t delivered; /* newly acknowledged or SACKed */
	uint64_t pipe;      /* in flight now */
	bool progress;      /* SND.UNA advanced and nothing more was found lost */
	bool limited;       /* the window was what kept us from sending more */
	usec_t srtt;
	usec_t rtt;   /* the ACK's own round trip; 0: none */
	uint64_t una; /* SND.UNA and SND.NXT: where rounds begin and end */
	uint64_t nxt;
};

/** cc_init() - IW10 (RFC 6928), or the near window */
void cc_init(struct cc *c, uint32_t mss, bool near);

/** cc_set_mss() - the payload per segment has changed; the window in bytes stays */
void cc_set_mss(struct cc *c, uint32_t mss);

/** cc_grow() - an ACK outside of recovery: slow start or congestion avoidance */
void cc_grow(struct cc *c, const struct cc_ack *a, usec_t now);

/** cc_reduce() - a loss was found with @flight outstanding: recovery begins */
void cc_reduce(struct cc *c, uint64_t flight);

/** cc_mark() - a router has marked a packet: smaller at once, but less so (ABE, RFC 8511) */
void cc_mark(struct cc *c, uint64_t flight);

/** cc_recover() - an ACK within recovery (PRR) */
void cc_recover(struct cc *c, const struct cc_ack *a);

/** cc_recovered() - recovery is over */
void cc_recovered(struct cc *c);

/** cc_timeout() - a retransmission time-out; @first of this flight cuts the threshold */
void cc_timeout(struct cc *c, uint64_t flight, bool first);

/** cc_undo() - the last reduction was needless (RFC 9438 4.9): as before, unless more by now */
void cc_undo(struct cc *c);

/** cc_sent() - @n bytes left while in recovery */
void cc_sent(struct cc *c, uint64_t n);

/** cc_restart() - sending again after an idle time longer than the RTO (RFC 5681 4.1) */
void cc_restart(struct cc *c);

#endif
