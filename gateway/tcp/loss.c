/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * loss.c - what is lost, and how fast to go on: RACK-TLP (RFC 8985), NewReno without SACK
 *
 * With SACK, time decides: a record is lost when one that was sent later has arrived and a
 * reordering window has passed since. That holds for retransmissions as well, so a lost
 * retransmission needs no time-out. Without SACK three duplicate ACKs condemn the head, each
 * partial ACK the next one (RFC 6582), and what duplicate ACKs say has arrived is only a sum.
 */
#include "gateway/tcp/loss.h"

#include "gateway/tcp/internal.h"

enum { DUP_THRESHOLD = 3, REO_MULT_MAX = 8, REO_PERSIST = 16 };

/* How long a peer may hold back the ACK of a lone segment (RFC 8985 7.2 max_ack_delay). */
#define ACK_DELAY_WIRE (200 * USEC_MSEC)
#define ACK_DELAY_NEAR (40 * USEC_MSEC)
#define PROBE_MIN_WIRE (2 * USEC_MSEC)
#define PROBE_MIN_NEAR (10 * USEC_MSEC)

void loss_init(struct loss *l)
{
	*l = (struct loss){.phase = LOSS_OPEN, .reo_mult = 1};
}

uint64_t loss_pipe(const struct tcb *t)
{
	return sendq_pipe(&t->snd) - seq_min(t->loss.dup_bytes, sendq_pipe(&t->snd));
}

uint64_t loss_room(const struct tcb *t)
{
	uint64_t pipe = loss_pipe(t);
	uint64_t room = t->cc.cubic.cwnd > pipe ? t->cc.cubic.cwnd - pipe : 0;

	return pipe == 0 || t->loss.force ? seq_max(room, tcb_payload_mss(t)) : room;
}

/* An episode that follows from another one is undone with it, or not at all. */
static void begin_episode(struct tcb *t, enum loss_phase phase, usec_t now)
{
	struct loss *l = &t->loss;

	if (l->phase == LOSS_OPEN)
		undo_begin(&l->undo);
	ecn_reduced(t);
	l->phase = phase;
	l->end = t->snd.nxt;
	l->began_at = now;
	l->tlp_end = 0;
	l->tlp_due = l->partial = false;
}

static void begin_recovery(struct tcb *t, uint64_t flight, usec_t now)
{
	begin_episode(t, LOSS_RECOVERY, now);
	cc_reduce(&t->cc, flight);
	/* nothing was delivered yet: one segment goes, whoever found the loss */
	cc_recover(&t->cc, &(struct cc_ack){.pipe = loss_pipe(t)});
	t->loss.force = true;
}

static void end_episode(struct tcb *t)
{
	struct loss *l = &t->loss;

	if (l->phase == LOSS_RECOVERY) {
		cc_recovered(&t->cc);
		if (l->reo_persist && --l->reo_persist == 0)
			l->reo_mult = 1;
	}
	l->phase = LOSS_OPEN;
	l->force = l->partial = l->frto = l->hold = false;
	t->timer[TCB_TIMER_REXMT] = USEC_NEVER;
	l->duplicates = 0;
	l->dup_bytes = 0;
}

/* Nothing had been lost, or not what was thought: as before, and what is missing is under way. */
static void undo_episode(struct tcb *t)
{
	if (t->loss.phase != LOSS_OPEN)
		end_episode(t);
	undo_end(&t->loss.undo);
	sendq_unlose(&t->snd);
	cc_undo(&t->cc);
}

/*
 * RFC 5682: after a time-out originals are acknowledged that were not sent again, so they were
 * only late. With SACK the peer would have reported before what it had behind a hole; without it
 * that can be told only once the first answer has let new data go instead of retransmissions. An
 * ACK of everything proves nothing.
 */
static bool timed_out_needlessly(struct tcb *t, const struct delivery *d)
{
	struct loss *l = &t->loss;
	bool asked = t->sack_ok || t->snd.nxt > l->end, more;

	if (!l->frto || !(d->acked || d->duplicate))
		return false;
	if (d->acked && t->snd.una < l->end && d->first_at < l->began_at && asked)
		return true;
	more = d->acked && t->snd.nxt == l->end;
	/* the new data is out, and it was no use: one retransmission may go with it (step 3a) */
	l->force |= !more && t->snd.nxt > l->end;
	l->frto = l->hold = more;
	return false;
}

static void judge_episode(struct tcb *t, const struct delivery *d)
{
	struct undo *u = &t->loss.undo;
	bool needless = undo_ack(u, t->snd.una, d->has_ts, d->ts_ecr);

	if (!range_empty(d->dup))
		needless |= undo_dsack(u, d->dup);
	if (t->loss.phase == LOSS_TIMEOUT)
		needless |= timed_out_needlessly(t, d);
	if (needless)
		undo_episode(t);
}

/* RFC 8985 6.2 steps 1 to 3, and the part of step 4 that learns from DSACKs. */
static void rack_learn(struct tcb *t, const struct delivery *d)
{
	struct loss *l = &t->loss;

	l->reordering |= d->reordered;
	if (!range_empty(d->dup) && t->snd.una >= l->dsack_round) {
		l->dsack_round = t->snd.nxt;
		l->reo_persist = REO_PERSIST;
		if (l->reo_mult < REO_MULT_MAX)
			l->reo_mult++;
	}
	if (d->rack_at == 0)
		return;
	l->rack_rtt = d->now - d->rack_at;
	if (d->rack_at > l->rack_at || (d->rack_at == l->rack_at && d->rack_end > l->rack_end)) {
		l->rack_at = d->rack_at;
		l->rack_end = d->rack_end;
	}
}

static usec_t reordering_window(const struct tcb *t)
{
	const struct loss *l = &t->loss;

	if (!l->reordering &&
		(l->phase == LOSS_RECOVERY || t->snd.sacked >= DUP_THRESHOLD * tcb_payload_mss(t)))
		return 0;
	return usec_min(l->reo_mult * t->rtt.min / 4, t->rtt.srtt);
}

static bool sent_before_newest(const struct loss *l, const struct sent *r)
{
	return r->at < l->rack_at || (r->at == l->rack_at && r->to < l->rack_end);
}

/* RFC 8985 6.2 step 5: mark what is lost by now; arm the timer for what may be soon. */
static void rack_detect(struct tcb *t, usec_t now)
{
	usec_t limit = t->loss.rack_rtt + reordering_window(t), wait = 0;

	for (unsigned i = 0; i < t->snd.count; i++) {
		const struct sent *r = sendq_record(&t->snd, i);

		if (r->flags & (SENT_SACKED | SENT_LOST) || !sent_before_newest(&t->loss, r))
			continue;
		if (r->at + limit <= now)
			sendq_lose(&t->snd, i);
		else
			wait = usec_max(wait, r->at + limit - now);
	}
	sendq_join(&t->snd);
	t->timer[TCB_TIMER_PROBE] = wait ? now + wait : USEC_NEVER;
}

/* Without SACK: duplicate ACKs stand for segments that have arrived somewhere (RFC 6582). */
static void count_duplicates(struct tcb *t, struct delivery *d)
{
	struct loss *l = &t->loss;
	uint32_t mss = tcb_payload_mss(t);

	if (d->acked) {
		/* the ACK covers one hole; the rest of it was counted before */
		uint64_t counted = d->acked > mss ? d->acked - mss : 0;

		counted = l->phase == LOSS_RECOVERY ? seq_min(counted, l->dup_bytes) : 0;
		d->bytes = d->acked - counted;
		l->dup_bytes = l->phase == LOSS_RECOVERY ? l->dup_bytes - counted : 0;
		l->duplicates = 0;
	} else if (d->duplicate && l->phase != LOSS_TIMEOUT) {
		l->duplicates++;
		l->dup_bytes = seq_min(l->dup_bytes + mss, sendq_pipe(&t->snd));
		d->bytes += mss;
	}
}

/*
 * Of many holes one is repaired per round trip. So only the first partial ACK restarts the
 * retransmission timer: if there are too many, it fires and slow start is faster (RFC 6582 4).
 */
static void reno_detect(struct tcb *t, const struct delivery *d)
{
	struct loss *l = &t->loss;
	bool third = l->phase == LOSS_OPEN && l->duplicates >= DUP_THRESHOLD;
	bool partial = l->phase == LOSS_RECOVERY && d->acked;

	if (partial || (third && t->snd.una >= l->end))
		sendq_lose_head(&t->snd, tcb_payload_mss(t));
	l->partial |= partial;
}

/* RFC 8985 7.4: did the probe repair a loss that nobody else noticed? Then it counts as one. */
static void judge_probe(struct tcb *t, const struct delivery *d, uint64_t flight)
{
	struct loss *l = &t->loss;

	if (l->tlp_end == 0 || t->snd.una < l->tlp_end)
		return;
	if (l->tlp_again && range_empty(d->dup) && t->snd.una == l->tlp_end && !d->duplicate)
		return; /* the original or the probe: the next ACK will tell */
	if (l->tlp_again && range_empty(d->dup) && t->snd.una > l->tlp_end) {
		undo_end(&l->undo);
		cc_reduce(&t->cc, flight);
		cc_recovered(&t->cc);
		ecn_reduced(t);
	}
	l->tlp_end = 0;
}

static void adapt_window(struct tcb *t, const struct delivery *d, bool more_lost)
{
	struct cc_ack a = {
		.delivered = d->bytes,
		.pipe = loss_pipe(t),
		.progress = d->acked && !more_lost,
		.limited = pace_limited(t),
		.srtt = t->rtt.srtt,
		.rtt = d->last_at ? usec_max(d->now - d->last_at, 1) : 0,
		.una = t->snd.una,
		.nxt = t->snd.nxt,
	};

	if (t->loss.phase == LOSS_RECOVERY) {
		cc_recover(&t->cc, &a);
		return;
	}
	/* duplicate ACKs do not grow the window (RFC 5681 3.2), unless they are the path's habit */
	if (!d->acked && !t->loss.reordering)
		return;
	/* after a time-out much that is acknowledged had arrived before (RFC 3465 2.3) */
	if (t->loss.phase == LOSS_TIMEOUT && !t->sack_ok)
		a.delivered = seq_min(a.delivered, tcb_payload_mss(t));
	cc_grow(&t->cc, &a, d->now);
}

static void detect(struct tcb *t, struct delivery *d)
{
	if (!t->sack_ok)
		reno_detect(t, d);
	else if (t->snd.sacked || t->loss.phase != LOSS_OPEN)
		rack_detect(t, d->now);
}

void loss_ack(struct tcb *t, struct delivery *d, uint64_t flight)
{
	struct loss *l = &t->loss;
	uint64_t lost;

	if (t->sack_ok)
		rack_learn(t, d);
	else
		count_duplicates(t, d);
	judge_probe(t, d, flight);
	judge_episode(t, d);
	if (l->phase != LOSS_OPEN && t->snd.una >= l->end)
		end_episode(t);
	lost = t->snd.lost;
	detect(t, d);
	if (t->snd.lost > lost && l->phase == LOSS_OPEN)
		begin_recovery(t, flight, d->now);
	if (d->marked)
		ecn_echoed(t, flight);
	if (d->bytes && !(d->marked && t->ecn.ok && l->phase == LOSS_OPEN))
		adapt_window(t, d, t->snd.lost > lost);
	if (d->acked)
		loss_arm_probe(t, d->now);
}

static usec_t probe_interval(const struct tcb *t)
{
	usec_t pto = t->rtt.srtt ? 2 * t->rtt.srtt : RTT_RTO_INITIAL;

	if (t->near)
		pto = usec_max(pto, PROBE_MIN_NEAR);
	else
		pto += PROBE_MIN_WIRE;
	if (sendq_flight(&t->snd) <= tcb_payload_mss(t))
		pto += t->near ? ACK_DELAY_NEAR : ACK_DELAY_WIRE;
	return pto;
}

/* Something is in flight, and the peer has not taken its window back from it. */
static bool may_probe(const struct tcb *t)
{
	return sendq_flight(&t->snd) > 0 && t->snd_edge >= t->snd.nxt &&
	       t->snd.count < SENDQ_RECORDS;
}

void loss_arm_probe(struct tcb *t, usec_t now)
{
	usec_t at = now + probe_interval(t), rexmt = t->timer[TCB_TIMER_REXMT];

	if (!t->sack_ok || t->loss.phase != LOSS_OPEN || t->snd.sacked || t->snd.lost)
		return;
	if (rexmt == USEC_NEVER)
		rexmt = now + rtt_rto(&t->rtt);
	/* where the time-out would come earlier, the probe comes in its place (RFC 8985 7.2) */
	at = usec_min(at, rexmt);
	t->timer[TCB_TIMER_PROBE] = may_probe(t) && !t->loss.tlp_end ? at : USEC_NEVER;
}

void loss_probe_expired(struct tcb *t, usec_t now)
{
	uint64_t lost = t->snd.lost;

	if (t->loss.phase == LOSS_OPEN && !t->snd.sacked && !t->snd.lost) {
		t->loss.tlp_due = may_probe(t);
		if (t->loss.tlp_due)
			t->timer[TCB_TIMER_REXMT] = USEC_NEVER;
		return;
	}
	rack_detect(t, now);
	if (t->snd.lost > lost && t->loss.phase == LOSS_OPEN)
		begin_recovery(t, sendq_flight(&t->snd), now);
}

void loss_probe_sent(struct tcb *t, bool again)
{
	t->loss.tlp_due = false;
	t->loss.tlp_end = t->snd.nxt;
	t->loss.tlp_again = again;
}

void loss_resent(struct tcb *t, uint64_t from, uint64_t to)
{
	t->loss.force = false;
	if (t->loss.hold)
		t->loss.frto = t->loss.hold = false; /* nothing new to ask with (RFC 5682 2.1) */
	undo_resent(&t->loss.undo, from, to, t->ts_val);
	cc_sent(&t->cc, to - from);
}

void loss_idled(struct tcb *t)
{
	undo_end(&t->loss.undo);
	cc_restart(&t->cc);
}

void loss_timed_out(struct tcb *t, usec_t now)
{
	struct loss *l = &t->loss;

	/* the peer had the head and does not acknowledge it: it has dropped it (RFC 2018 8) */
	if (sendq_record(&t->snd, 0)->flags & SENT_SACKED)
		sendq_forget_sacks(&t->snd);
	cc_timeout(&t->cc, sendq_flight(&t->snd), l->phase == LOSS_OPEN);
	sendq_lose_all(&t->snd);
	l->frto = l->phase == LOSS_OPEN;
	l->hold = false;
	begin_episode(t, LOSS_TIMEOUT, now);
	l->force = false;
	l->duplicates = 0;
	l->dup_bytes = 0;
	t->timer[TCB_TIMER_PROBE] = t->timer[TCB_TIMER_PACE] = USEC_NEVER;
	rtt_back_off(&t->rtt);
}
