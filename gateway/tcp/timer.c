/* SPDX-License-Identifier: GPL-3.0-or-later */
/* timer.c - what the passing of time means: each timer's effect, and when it is to run */
#include "gateway/tcp/internal.h"

static bool window_closed(const struct tcb *t)
{
	return t->snd_edge <= t->snd.una;
}

/*
 * R2 of RFC 9293 3.8.3: no sign of progress for too long. Not before a number of attempts: when
 * the intervals are long already, a few losses must not be taken for a dead peer.
 */
static bool given_up(struct tcb *t, usec_t now)
{
	if (now - t->stuck_since < TCB_GIVE_UP || t->attempts < TCB_ATTEMPTS) {
		t->attempts++;
		return false;
	}
	tcb_abort(t, FAULT_TIMEOUT);
	return true;
}

static usec_t persist_interval(const struct tcb *t)
{
	usec_t first = usec_max(t->rtt.rto, TCB_PERSIST_MIN);
	unsigned shift = t->persist_shift < 16 ? t->persist_shift : 16;

	return usec_min(first << shift, TCB_PERSIST_MAX);
}

/* A near peer delays the ACK of a lone segment for longer than the floor of its RTO. */
static usec_t rexmt_interval(const struct tcb *t)
{
	usec_t rto = rtt_rto(&t->rtt);

	if (window_closed(t))
		return persist_interval(t);
	if (t->near && sendq_flight(&t->snd) < 2 * (uint64_t)tcb_payload_mss(t))
		rto += TCB_DELAYED_ACK;
	return rto;
}

static void rexmt_expired(struct tcb *t, usec_t now)
{
	if (sendq_flight(&t->snd) == 0 || given_up(t, now))
		return;
	if (window_closed(t)) {
		/* the peer has taken its window back: keep what is in flight, ask (3.8.6) */
		t->window_probe = true;
		t->persist_shift++;
		return;
	}
	loss_timed_out(t, now);
	mss_timed_out(t, now);
}

static void persist_expired(struct tcb *t, usec_t now)
{
	if (given_up(t, now))
		return;
	t->persist_shift++;
	if (t->snd_edge > t->snd.nxt)
		t->override = true;
	else
		t->window_probe = true;
}

/* No answer came in time: whoever has sent that much again may be waiting for the ACK alone. */
static void held_in_vain(struct tcb *t)
{
	bool lone = recvq_ack(&t->rcv) - t->ack_sent < 2 * (uint64_t)t->rcv_mss;
	bool silent = t->snd.nxt == t->iss + 1; /* the first answer may take a handshake */

	if ((lone && (!t->quick || silent)) || output_data_due(t))
		return;
	t->answers = false;
	t->quick = TCB_QUICK_ACKS;
}

static void ack_expired(struct tcb *t, usec_t now)
{
	(void)now;
	held_in_vain(t);
	t->ack_now = true;
}

/* That it is off is all that it means. */
static void pace_expired(struct tcb *t, usec_t now)
{
	(void)t;
	(void)now;
}

static void wait_expired(struct tcb *t, usec_t now)
{
	(void)now;
	tcb_set_state(t, TCPS_CLOSED);
}

/* Storage that is not in use: only then may a buffer be trimmed. */
static bool holds_idle_storage(const struct tcb *t)
{
	return (ring_is_wasteful(&t->rcv.ring) && t->rcv.ooo.count == 0) ||
	       ring_is_wasteful(&t->snd.ring) || (t->snd.capacity && tcb_idle(t));
}

static void trim_expired(struct tcb *t, usec_t now)
{
	bool quiet = now - t->active_at >= TCB_TRIM_AFTER;

	/* what a busy connection uses all the time stays */
	if (quiet || t->rcv.ring.size > TCB_BUFFER_START)
		recvq_trim(&t->rcv);
	if (quiet || t->snd.ring.size > TCB_BUFFER_START)
		sendq_trim(&t->snd);
	if (quiet && tcb_idle(t))
		undo_end(&t->loss.undo);
}

static void (*const expired[TCB_TIMERS])(struct tcb *t, usec_t now) = {
	[TCB_TIMER_REXMT] = rexmt_expired,
	[TCB_TIMER_PROBE] = loss_probe_expired,
	[TCB_TIMER_PERSIST] = persist_expired,
	[TCB_TIMER_ACK] = ack_expired,
	[TCB_TIMER_WAIT] = wait_expired,
	[TCB_TIMER_PACE] = pace_expired,
	[TCB_TIMER_TRIM] = trim_expired,
	[TCB_TIMER_MSS] = mss_hold_expired,
};

/*
 * Nobody has asked us for so long that this host must have been stopped or overloaded. What would
 * have stopped the timer may have arrived meanwhile and not have been read yet.
 */
static bool overslept(const struct tcb *t, enum tcb_timer i, usec_t now)
{
	return i == TCB_TIMER_REXMT && now - t->timer[i] > TCB_OVERSLEPT;
}

void timers_run(struct tcb *t, usec_t now)
{
	for (enum tcb_timer i = 0; i < TCB_TIMERS; i++) {
		bool late = overslept(t, i, now);

		if (t->timer[i] > now)
			continue;
		t->timer[i] = USEC_NEVER;
		if (!late)
			expired[i](t, now);
	}
}

static void arm_sender(struct tcb *t, usec_t now)
{
	usec_t *rexmt = &t->timer[TCB_TIMER_REXMT], *persist = &t->timer[TCB_TIMER_PERSIST];
	bool flight = sendq_flight(&t->snd) > 0;
	bool blocked = !flight && sendq_unsent(&t->snd) > 0 && !output_data_due(t);

	if (!window_closed(t) && !blocked)
		t->persist_shift = 0;
	if (!flight)
		*rexmt = t->timer[TCB_TIMER_PROBE] = USEC_NEVER;
	else if (*rexmt == USEC_NEVER)
		*rexmt = now + rexmt_interval(t);
	if (!blocked) {
		*persist = USEC_NEVER;
	} else if (*persist == USEC_NEVER) {
		if (t->persist_shift == 0)
			tcb_note_progress(t, now);
		*persist = now + persist_interval(t);
	}
}

void timers_arm(struct tcb *t, usec_t now)
{
	usec_t *trim = &t->timer[TCB_TIMER_TRIM];

	if (t->state == TCPS_CLOSED)
		return;
	arm_sender(t, now);
	if (*trim == USEC_NEVER && holds_idle_storage(t))
		*trim = usec_max(t->active_at, now) + TCB_TRIM_AFTER;
}
