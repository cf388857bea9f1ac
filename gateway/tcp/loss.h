/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * loss.h - what is lost, and how fast to go on: RACK-TLP (RFC 8985), NewReno without SACK
 *
 * Phases: LOSS_OPEN, nothing is known to be lost; LOSS_RECOVERY, losses were found from ACKs and
 * are repaired at the pace of PRR; LOSS_TIMEOUT, the retransmission timer has fired and everything
 * is sent again in slow start. Either episode ends when all that was in flight at its beginning
 * is acknowledged, and only then may another one reduce the window again.
 */
#ifndef ATTLS_TCP_LOSS_H
#define ATTLS_TCP_LOSS_H

#include "base/clock.h"
#include "gateway/tcp/sendq.h"
#include "gateway/tcp/undo.h"

enum loss_phase { LOSS_OPEN, LOSS_RECOVERY, LOSS_TIMEOUT };

struct loss {
	enum loss_phase phase;
	uint64_t end;    /* SND.NXT when the phase began */
	usec_t began_at; /* the phase */
	bool force;      /* one retransmission may ignore the congestion window */
	bool frto;       /* the time-out may prove needless (RFC 5682) */
	bool hold;       /* for that, new data goes before what was taken for lost */
	struct undo undo;

	usec_t rack_at; /* newest sending known to be delivered; 0: none */
	uint64_t rack_end;
	usec_t rack_rtt;
	bool reordering;      /* the path has been seen to reorder */
	unsigned reo_mult;    /* of min_rtt / 4 */
	unsigned reo_persist; /* recoveries until @reo_mult is 1 again */
	uint64_t dsack_round; /* one raise of @reo_mult per round trip */

	uint64_t tlp_end; /* SND.NXT after a tail loss probe; 0: none outstanding */
	bool tlp_again;   /* the probe was a retransmission */
	bool tlp_due;

	bool partial;        /* without SACK, a second hole is being repaired */
	unsigned duplicates; /* duplicate ACKs in a row (without SACK) */
	uint64_t dup_bytes;  /* what they say has arrived */
};

struct tcb;

/** loss_init() - nothing sent, nothing lost */
void loss_init(struct loss *l);

/**
 * loss_ack() - judge an acceptable ACK, after the records in t->snd were updated from it
 * @d:	    what it delivered
 * @flight: sendq_flight() before it
 */
void loss_ack(struct tcb *t, struct delivery *d, uint64_t flight);

/** loss_pipe() - bytes believed to be in the network */
uint64_t loss_pipe(const struct tcb *t);

/** loss_room() - bytes the congestion window lets go now */
uint64_t loss_room(const struct tcb *t);

/** loss_arm_probe() - (re)start the tail loss probe timer where one is called for */
void loss_arm_probe(struct tcb *t, usec_t now);

/** loss_probe_expired() - TCB_TIMER_PROBE */
void loss_probe_expired(struct tcb *t, usec_t now);

/** loss_timed_out() - TCB_TIMER_REXMT: everything not SACKed is lost */
void loss_timed_out(struct tcb *t, usec_t now);

/** loss_resent() - positions [@from, @to) have left again */
void loss_resent(struct tcb *t, uint64_t from, uint64_t to);

/** loss_idled() - sending begins anew after a silence: what was before is history */
void loss_idled(struct tcb *t);

/** loss_probe_sent() - a tail loss probe has left; @again: it was a retransmission */
void loss_probe_sent(struct tcb *t, bool again);

#endif
