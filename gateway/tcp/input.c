/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * input.c - a segment of the peer arrives (RFC 9293 3.10.7.4, one function per step, in order)
 *
 * A step that ends the processing returns the reason. Steps only change state; an answer is
 * something tcb_output() finds due afterwards.
 */
#include "gateway/tcp/internal.h"

/* The segment with its numbers unwrapped. */
struct arrival {
	const struct segment *seg;
	uint64_t pos; /* of its first byte, or of its SYN */
	uint64_t end; /* after its last byte, SYN and FIN included */
	uint64_t ack; /* valid with SEG_ACK */
	usec_t now;
	bool cut; /* its end lies beyond our window, or was not captured */
};

typedef enum drop step(struct tcb *t, struct arrival *a);

/* An ACK for something odd: limited, so that two confused ends cannot play ping-pong. */
static void challenge(struct tcb *t, usec_t now)
{
	if (now < t->challenge_at)
		return;
	t->challenge_at = now + TCB_CHALLENGE_GAP;
	t->ack_now = true;
}

/*
 * An ACK that the peer needs to go on, without limit if the segment carried something. What was
 * here already is reported as such.
 */
static void answer(struct tcb *t, const struct arrival *a)
{
	if (a->end <= recvq_ack(&t->rcv))
		recvq_insert(&t->rcv, a->pos, a->seg->payload[0]);
	if (segment_payload_len(a->seg) || a->seg->flags & SEG_FIN)
		t->ack_now = true;
	else
		challenge(t, a->now);
}

static void enter_time_wait(struct tcb *t, usec_t now)
{
	if (t->state != TCPS_TIME_WAIT)
		tcb_set_state(t, TCPS_TIME_WAIT);
	t->timer[TCB_TIMER_WAIT] = now + TCB_TIME_WAIT;
}

static enum drop check_flags(struct tcb *t, struct arrival *a)
{
	unsigned flags = a->seg->flags;

	(void)t;
	if (flags & SEG_SYN && flags & (SEG_FIN | SEG_RST))
		return DROP_BAD_FLAGS;
	return flags & (SEG_SYN | SEG_RST | SEG_ACK) ? DROP_NONE : DROP_BAD_FLAGS;
}

/* PAWS (RFC 7323 5.3): older than what was seen, unless that has not been renewed for weeks. */
static bool is_stale(const struct tcb *t, const struct arrival *a)
{
	return t->ts_ok && a->seg->options & SEG_OPT_TS &&
	       (int32_t)(a->seg->ts_val - t->ts_recent) < 0 &&
	       a->now - t->ts_recent_at < TCB_PAWS_AGE;
}

/* First step for all but RST and SYN: PAWS, then the window. */
static enum drop check_sequence(struct tcb *t, struct arrival *a)
{
	uint64_t nxt = recvq_ack(&t->rcv);
	bool has_length = a->end > a->pos;

	if (a->seg->flags & (SEG_RST | SEG_SYN))
		return DROP_NONE;
	if (is_stale(t, a) || a->pos > t->rcv_edge || (has_length ? a->end <= nxt : a->pos < nxt)) {
		answer(t, a);
		/* the peer has missed our last ACK: it needs us for another 2 MSL */
		if (t->state == TCPS_TIME_WAIT && a->seg->flags & SEG_FIN)
			enter_time_wait(t, a->now);
		return DROP_UNACCEPTABLE;
	}
	return DROP_NONE;
}

/* Whether a RST with this position resets (RFC 5961 3.2, and two positions Linux takes too). */
static bool rst_is_exact(const struct tcb *t, uint64_t pos)
{
	const struct range *last = ranges_last(&t->rcv.ooo);

	return pos == recvq_ack(&t->rcv) || (recvq_fin_reached(&t->rcv) && pos == t->rcv.fin) ||
	       (last && pos == last->to);
}

/* All that we had to say has arrived, but for the acknowledgment of our FIN. */
static bool reset_is_harmless(const struct tcb *t)
{
	return t->state == TCPS_TIME_WAIT ||
	       ((t->state == TCPS_CLOSING || t->state == TCPS_LAST_ACK) &&
		       t->snd.una >= t->snd.fin);
}

/* Second step. */
static enum drop check_rst(struct tcb *t, struct arrival *a)
{
	if (!(a->seg->flags & SEG_RST))
		return DROP_NONE;
	if (rst_is_exact(t, a->pos)) {
		if (!reset_is_harmless(t) && t->fault == FAULT_NONE)
			t->fault = FAULT_PEER_RESET;
		tcb_set_state(t, TCPS_CLOSED);
		return DROP_NONE;
	}
	if (a->pos >= recvq_ack(&t->rcv) && a->pos < t->rcv_edge)
		challenge(t, a->now);
	return DROP_UNACCEPTABLE;
}

/* Fourth step: a SYN-ACK sent again, or an attack (RFC 5961 4.2). */
static enum drop check_syn(struct tcb *t, struct arrival *a)
{
	if (!(a->seg->flags & SEG_SYN))
		return DROP_NONE;
	challenge(t, a->now);
	return DROP_UNACCEPTABLE;
}

/* Whether the first block reports a duplicate: below the ACK, or in the second one (RFC 2883 4). */
static bool reports_duplicate(const struct arrival *a, uint64_t from, uint64_t to)
{
	const struct sack_block *b = a->seg->sack;

	if (from < to && to <= a->ack)
		return true;
	return a->seg->sack_count > 1 && (int32_t)(b[0].from - b[1].from) >= 0 &&
	       (int32_t)(b[1].to - b[0].to) >= 0;
}

static void take_sacks(struct tcb *t, const struct arrival *a, struct delivery *d)
{
	const struct segment *seg = a->seg;

	for (unsigned i = 0; i < seg->sack_count; i++) {
		uint64_t from = seq_unwrap(seg->sack[i].from, t->snd.una);
		uint64_t to = from + (uint32_t)(seg->sack[i].to - seg->sack[i].from);

		if (i == 0 && reports_duplicate(a, from, to))
			d->dup = (struct range){from, to};
		else if (from > a->ack && from < to && to <= t->snd.nxt)
			sendq_sack(&t->snd, from, to, d);
	}
}

static void take_round_trip(struct tcb *t, const struct delivery *d)
{
	if (d->last_at)
		rtt_note_min(&t->rtt, d->now - d->last_at, d->now);
	if (d->first_at != USEC_NEVER && !d->again)
		rtt_sample(&t->rtt, d->now - d->first_at);
}

/* RFC 9293 3.10.7.4 with wl1/wl2; of two offers at the same point the larger is the newer. */
static void take_window(struct tcb *t, const struct arrival *a, bool advanced)
{
	uint32_t wnd = (uint32_t)a->seg->wnd << t->snd_wscale;
	uint64_t edge = a->ack + wnd;

	if (!advanced && a->pos <= t->snd_wl1 &&
		!(a->pos == t->snd_wl1 && (edge > t->snd_edge || wnd == 0)))
		return;
	t->snd_edge = edge;
	t->snd_wl1 = a->pos;
	if (wnd > t->snd_wnd_max)
		t->snd_wnd_max = wnd;
}

/* RFC 5681 2: nothing but the same acknowledgment again, while data is outstanding. */
static bool is_duplicate(const struct tcb *t, const struct arrival *a)
{
	uint64_t edge = a->ack + ((uint32_t)a->seg->wnd << t->snd_wscale);

	return a->ack == t->snd.una && sendq_flight(&t->snd) && a->end == a->pos &&
	       edge == t->snd_edge;
}

static void fin_is_acked(struct tcb *t, usec_t now)
{
	switch (t->state) {
	case TCPS_FIN_WAIT_1: tcb_set_state(t, TCPS_FIN_WAIT_2); break;
	case TCPS_CLOSING: enter_time_wait(t, now); break;
	case TCPS_LAST_ACK: tcb_set_state(t, TCPS_CLOSED); break;
	default: break;
	}
}

/*
 * What an ACK says about the peer's progress restarts the retransmission timer (RFC 6298 5.3) and
 * R2. So does room that the peer has made: it may have dropped what it had no room for. A peer
 * whose window is shut makes no progress and is alive all the same.
 */
static void judge_progress(struct tcb *t, const struct arrival *a, bool advanced, uint64_t edge)
{
	bool was_shut = edge <= t->snd.una, shut = t->snd_edge <= t->snd.una;
	bool grew = t->snd_edge > edge && t->loss.phase == LOSS_TIMEOUT;

	if (grew && !advanced)
		t->rtt.backoff = 0;
	if ((advanced && !t->loss.partial) || (was_shut && !shut) || grew)
		t->timer[TCB_TIMER_REXMT] = USEC_NEVER;
	if (advanced || shut || grew)
		tcb_note_progress(t, a->now);
}

/* An acknowledgment within [una, nxt]. */
static void take_ack(struct tcb *t, struct arrival *a)
{
	uint64_t flight = sendq_flight(&t->snd), edge = t->snd_edge;
	bool advanced = a->ack > t->snd.una;
	struct delivery d;

	delivery_begin(&d, &t->snd, t->rtt.min, a->now);
	d.duplicate = is_duplicate(t, a);
	d.marked = a->seg->flags & SEG_ECE;
	d.has_ts = t->ts_ok && a->seg->options & SEG_OPT_TS;
	d.ts_ecr = a->seg->ts_ecr;
	if (t->sack_ok)
		take_sacks(t, a, &d);
	if (advanced)
		sendq_ack(&t->snd, a->ack, &d);
	take_round_trip(t, &d);
	take_window(t, a, advanced);
	judge_progress(t, a, advanced, edge);
	if (flight == 0)
		tcb_note_progress(t, a->now);
	else if (d.duplicate)
		t->attempts = 0; /* it hears us, but has no room: no reason to give up */
	loss_ack(t, &d, flight);
	if (tcb_fin_acked(t))
		fin_is_acked(t, a->now);
}

/*
 * RFC 7323 4.3 (2) and (3), but only once the acknowledgment has passed as well: a guess within
 * the window must not make the peer's next segments look old.
 */
static void take_timestamp(struct tcb *t, const struct arrival *a)
{
	if (!(a->seg->options & SEG_OPT_TS) || a->pos > t->ack_sent)
		return;
	t->ts_recent = a->seg->ts_val;
	t->ts_recent_at = a->now;
}

/* Fifth step (with RFC 5961 5.2). */
static enum drop check_ack(struct tcb *t, struct arrival *a)
{
	if (!(a->seg->flags & SEG_ACK))
		return DROP_BAD_FLAGS;
	if (a->ack > t->snd.nxt || a->ack + t->snd_wnd_max < t->snd.una) {
		challenge(t, a->now);
		return DROP_UNACCEPTABLE;
	}
	take_timestamp(t, a);
	if (a->ack >= t->snd.una)
		take_ack(t, a);
	return DROP_NONE;
}

/* Beside the steps: the segment is one of this connection, so what its marks say counts. */
static enum drop take_marks(struct tcb *t, struct arrival *a)
{
	ecn_arrived(t, a->seg);
	return DROP_NONE;
}

/*
 * How long the ACK of in-order data may wait for company. A peer that is answered at once gets it
 * with the answer, whatever the size of what it asked; see held_in_vain() for when it is not.
 */
static usec_t ack_delay(const struct tcb *t)
{
	uint64_t waiting = recvq_ack(&t->rcv) - t->ack_sent, segment = t->rcv_mss;

	if (!t->quick && waiting < 2 * segment)
		return TCB_DELAYED_ACK;
	return t->answers && waiting < TCB_HELD_SEGMENTS * segment ? TCB_HELD_ACK : 0;
}

static void plan_ack(struct tcb *t, usec_t now, usec_t delay)
{
	if (delay == 0)
		t->ack_now = true;
	else
		t->timer[TCB_TIMER_ACK] = usec_min(t->timer[TCB_TIMER_ACK], now + delay);
}

static void schedule_ack(struct tcb *t, usec_t now)
{
	t->received_at = now;
	plan_ack(t, now, ack_delay(t));
}

static void owe_duplicates(struct tcb *t, size_t len)
{
	if (t->sack_ok)
		return;
	t->dup_owed += (unsigned)((len + t->rcv_mss - 1) / t->rcv_mss);
	if (t->dup_owed > TCB_DUP_OWED_MAX)
		t->dup_owed = TCB_DUP_OWED_MAX;
}

/* Seventh step: the part of the text that lies in the window. Urgent data is data (RFC 6093). */
static enum drop take_text(struct tcb *t, struct arrival *a)
{
	struct span text = a->seg->payload[0];
	uint32_t mss = tcb_payload_mss(t);
	enum recvq_result result;

	a->cut = a->seg->truncated;
	if (text.len == 0)
		return DROP_NONE;
	t->active_at = a->now;
	if (text.len > t->rcv_mss)
		t->rcv_mss = text.len < mss ? (uint32_t)text.len : mss;
	if (a->pos + text.len > t->rcv_edge) {
		a->cut = true;
		t->ack_now = true;
		text = span_head(text, t->rcv_edge - a->pos);
	}
	result = recvq_take(&t->rcv, a->pos, text);
	window_measure(t, a->now);
	if (result == RECVQ_ADVANCED) {
		schedule_ack(t, a->now);
		return DROP_NONE;
	}
	/* a path that loses may lose ACKs: the probe for one must not wait for company */
	t->quick = TCB_QUICK_ACKS;
	t->answers = false;
	t->ack_now = true;
	if (result == RECVQ_STORED)
		owe_duplicates(t, text.len);
	return DROP_NONE;
}

/* The ACK of a FIN can go with our own if that is still to come. */
static void fin_is_reached(struct tcb *t, usec_t now)
{
	usec_t delay = 0;

	switch (t->state) {
	case TCPS_ESTABLISHED:
		tcb_set_state(t, TCPS_CLOSE_WAIT);
		delay = t->answers ? TCB_HELD_ACK : 0;
		break;
	case TCPS_FIN_WAIT_1: tcb_set_state(t, TCPS_CLOSING); break;
	case TCPS_FIN_WAIT_2: enter_time_wait(t, now); break;
	default: return;
	}
	plan_ack(t, now, delay);
	t->rcv_edge = seq_max(t->rcv_edge, recvq_ack(&t->rcv));
}

/* Eighth step; the FIN may have come before the last of the text. */
static enum drop take_fin(struct tcb *t, struct arrival *a)
{
	bool fin = a->seg->flags & SEG_FIN && !a->cut;
	enum tcb_state before = t->state;

	if (fin)
		recvq_finish(&t->rcv, a->end - 1);
	if (recvq_fin_reached(&t->rcv))
		fin_is_reached(t, a->now);
	if (fin && t->state == before)
		t->ack_now = true;
	return DROP_NONE;
}

/* CLOSED: whoever has missed the end is told (RFC 9293 3.10.7.1). */
static enum drop input_closed(struct tcb *t, const struct segment *seg)
{
	if (seg->flags & SEG_ACK && !(seg->flags & SEG_RST) && !t->rst_due) {
		t->rst_due = t->rst_bare = true;
		t->rst_seq = seg->ack;
	}
	return DROP_UNACCEPTABLE;
}

enum drop tcb_take(struct tcb *t, const struct segment *seg, usec_t now)
{
	static step *const steps[] = {check_flags, check_sequence, check_rst, check_syn, check_ack,
		take_marks, take_text, take_fin};
	struct arrival a = {.seg = seg, .now = now};
	enum drop why = DROP_NONE;

	if (t->state == TCPS_CLOSED)
		return input_closed(t, seg);
	a.pos = seq_unwrap(seg->seq, recvq_ack(&t->rcv));
	a.end = a.pos + segment_len(seg);
	a.ack = seq_unwrap(seg->ack, t->snd.una);
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		why = steps[i](t, &a);
		if (why != DROP_NONE || t->state == TCPS_CLOSED)
			break;
	}
	timers_arm(t, now);
	return why;
}

enum drop tcb_input(struct tcb *t, const struct segment *seg, usec_t now)
{
	enum drop why = tcb_take(t, seg, now);

	tcb_keep(t);
	return why;
}
