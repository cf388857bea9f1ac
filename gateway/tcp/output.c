/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * output.c - what to send next: a list of reasons, each with a predicate and an action
 *
 * The predicates look at state only, never at the time: timers_run() has turned time into state
 * before. tcb_deadline() asks the very same predicates, so the two cannot disagree. Each action
 * makes its predicate false in the end, so asking until nothing is due terminates.
 */
#include "gateway/tcp/internal.h"

/* Headers and all options, on top of the payload, must fit into the 16-bit IP length. */
enum { PAYLOAD_MAX = 65535 - SEGMENT_HEADER_MAX };

/* Payload of the largest super-segment: a multiple of the MSS where that fits at all. */
static uint32_t super_max(const struct tcb *t)
{
	uint32_t mss = tcb_payload_mss(t);

	return mss > PAYLOAD_MAX ? PAYLOAD_MAX : PAYLOAD_MAX / mss * mss;
}

/* ---- parts of a segment ---- */

/* A segment leaves that says what we have received. */
static void acknowledge(struct tcb *t, struct segment *seg)
{
	uint64_t ack = recvq_ack(&t->rcv);

	seg->flags |= t->ecn.echo ? SEG_ACK | SEG_ECE : SEG_ACK;
	seg->ack = (uint32_t)ack;
	seg->wnd = window_offer(t);
	if (t->ts_ok) {
		seg->options |= SEG_OPT_TS;
		seg->ts_val = t->ts_val;
		seg->ts_ecr = t->ts_recent;
	}
	if (t->quick && ack > t->ack_sent)
		t->quick--;
	t->ack_sent = ack;
	t->timer[TCB_TIMER_ACK] = USEC_NEVER;
}

static bool has_sacks(const struct tcb *t)
{
	return t->sack_ok && (t->rcv.ooo.count || !range_empty(t->rcv.dsack));
}

/* A segment with positions [from, to) of our stream; no SACK blocks, the kernel may cut it up. */
static void fill_text(struct tcb *t, struct segment *seg, uint64_t from, uint64_t to)
{
	uint64_t base = seq_min(t->snd.una, t->snd.fin), end = seq_min(to, t->snd.fin);
	uint32_t mss = tcb_payload_mss(t);

	acknowledge(t, seg);
	/* blocks need a segment of their own */
	t->ack_now = t->ack_now && has_sacks(t);
	seg->seq = (uint32_t)from;
	if (end > from)
		ring_slice(&t->snd.ring, from - base, end - from, seg->payload);
	if (to > end)
		seg->flags |= SEG_FIN;
	if (end == sendq_data_end(&t->snd) && end > from)
		seg->flags |= SEG_PSH;
	if (end > from + mss) {
		seg->gso_size = (uint16_t)mss;
		/* ends what the receiver collects (GRO), as Linux does */
		seg->flags |= SEG_PSH;
	}
}

/* ---- reset ---- */

static bool reset_due(const struct tcb *t)
{
	return t->rst_due;
}

static bool send_reset(struct tcb *t, struct segment *seg, usec_t now)
{
	(void)now;
	t->rst_due = false;
	seg->seq = t->rst_seq;
	seg->flags = SEG_RST;
	if (t->rst_bare)
		return true;
	seg->flags |= SEG_ACK;
	seg->ack = (uint32_t)recvq_ack(&t->rcv);
	return true;
}

/* ---- retransmission ---- */

/* Bytes that both the congestion window and the pace let go; the first one again never waits. */
static uint64_t room_now(const struct tcb *t)
{
	uint64_t room = loss_room(t);

	return t->loss.force ? room : seq_min(room, pace_room(t));
}

/* The end of what may be sent again now of the first lost record; its start if nothing. */
static uint64_t resend_end(const struct tcb *t, const struct sent *r)
{
	uint64_t room = room_now(t), n = seq_min(r->to, t->snd_edge) - r->from;
	uint32_t mss = tcb_payload_mss(t);

	if (r->from >= t->snd_edge)
		return r->from;
	n = seq_min(seq_min(n, room), super_max(t));
	if (r->from + n < r->to && n > mss)
		n -= n % mss;
	/* less than a segment only where the window of the peer or the record ends */
	if (n < mss && r->from + n < seq_min(r->to, t->snd_edge))
		return r->from;
	if (r->from + n < r->to && t->snd.count >= SENDQ_RECORDS_MAX)
		return r->from;
	return r->from + n;
}

static bool resend_due(const struct tcb *t)
{
	unsigned i = sendq_first_lost(&t->snd);

	if (t->loss.hold && output_data_due(t))
		return false;
	return i < t->snd.count &&
	       resend_end(t, sendq_record(&t->snd, i)) > sendq_record(&t->snd, i)->from;
}

static bool resend(struct tcb *t, struct segment *seg, usec_t now)
{
	unsigned i = sendq_first_lost(&t->snd);
	uint64_t from = sendq_record(&t->snd, i)->from;
	uint64_t to = resend_end(t, sendq_record(&t->snd, i));

	if (!sendq_resend(&t->snd, i, to, now))
		return false;
	t->retransmits++;
	loss_resent(t, from, to);
	pace_spend(t, to - from, now);
	if (from == t->snd.una && t->loss.phase == LOSS_RECOVERY && !t->loss.partial)
		t->timer[TCB_TIMER_REXMT] = USEC_NEVER;
	fill_text(t, seg, from, to);
	return true;
}

/* ---- new data and FIN ---- */

/* Bytes of new data that @room and the peer's window let go, with SWS avoidance on our side. */
static uint64_t data_length(const struct tcb *t, uint64_t room)
{
	uint64_t waiting = sendq_data_end(&t->snd) - t->snd.nxt;
	uint64_t usable = t->snd_edge > t->snd.nxt ? t->snd_edge - t->snd.nxt : 0;
	uint64_t n = seq_min(seq_min(waiting, usable), seq_min(room, super_max(t)));
	uint32_t mss = tcb_payload_mss(t);

	if (n == waiting)
		return n;
	if (n >= mss)
		return n - n % mss;
	if (n < usable)
		return 0; /* the congestion window is what is too small */
	return t->override || n >= t->snd_wnd_max / 2 ? n : 0;
}

/* The position after the new data, and FIN, that may leave now; nxt if nothing. */
static uint64_t data_end(const struct tcb *t, uint64_t room)
{
	uint64_t to;

	if (t->snd.count >= SENDQ_RECORDS || sendq_unsent(&t->snd) == 0)
		return t->snd.nxt;
	if (t->snd.nxt > t->snd.fin)
		return t->snd.nxt;
	to = t->snd.nxt + data_length(t, room);
	return to == t->snd.fin && to < t->snd_edge ? to + 1 : to;
}

bool output_data_due(const struct tcb *t)
{
	return data_end(t, room_now(t)) > t->snd.nxt;
}

/*
 * Whether what came last was answered at once, so that what comes next will be. A first answer
 * that is late does not tell: a handshake has its own pace. Where ACKs have to be quick, it is not
 * believed again before they need not be any more.
 */
static void note_answer(struct tcb *t, uint64_t from, usec_t now)
{
	bool soon = now - t->received_at <= TCB_HELD_ACK, first = from == t->iss + 1;

	if (recvq_ack(&t->rcv) > t->irs + 1 && (soon || !first))
		t->answers = soon && (t->answers || !t->quick);
}

static bool send_new(struct tcb *t, struct segment *seg, usec_t now, uint64_t to)
{
	uint64_t from = t->snd.nxt;

	if (sendq_flight(&t->snd) == 0)
		tcb_note_progress(t, now);
	if (!sendq_send(&t->snd, to, now))
		return false;
	pace_note(t);
	pace_spend(t, to - from, now);
	t->override = t->loss.force = false;
	t->sent_at = t->active_at = now;
	note_answer(t, from, now);
	if (t->loss.phase == LOSS_RECOVERY)
		cc_sent(&t->cc, to - from);
	fill_text(t, seg, from, to);
	ecn_mark(t, seg);
	return true;
}

static bool send_data(struct tcb *t, struct segment *seg, usec_t now)
{
	if (!send_new(t, seg, now, data_end(t, room_now(t))))
		return false;
	timers_arm(t, now);
	loss_arm_probe(t, now);
	return true;
}

/* ---- tail loss probe ---- */

static bool tail_probe_due(const struct tcb *t)
{
	return t->loss.tlp_due;
}

/* One new segment if the window lets it go, else the last one again (RFC 8985 7.3). */
static bool send_tail_probe(struct tcb *t, struct segment *seg, usec_t now)
{
	uint32_t mss = tcb_payload_mss(t);
	uint64_t to = data_end(t, mss), from = t->snd.nxt;
	bool again = to == from, sent;

	if (again) {
		from = seq_max(
			sendq_record(&t->snd, t->snd.count - 1)->from, to - seq_min(mss, to));
		sent = sendq_resend_tail(&t->snd, from, now);
		t->retransmits++;
		fill_text(t, seg, from, to);
	} else {
		sent = send_new(t, seg, now, to);
	}
	loss_probe_sent(t, again);
	t->timer[TCB_TIMER_REXMT] = USEC_NEVER;
	return sent;
}

/* ---- zero-window probe ---- */

static bool window_probe_due(const struct tcb *t)
{
	return t->window_probe;
}

/* An old position that must be answered; carries nothing, so it cannot violate the window. */
static bool send_window_probe(struct tcb *t, struct segment *seg, usec_t now)
{
	(void)now;
	t->window_probe = false;
	seg->seq = (uint32_t)(t->snd.una - 1);
	acknowledge(t, seg);
	return true;
}

/* ---- ACK ---- */

static bool ack_due(const struct tcb *t)
{
	return t->ack_now || t->dup_owed || window_update_due(t);
}

static bool send_ack(struct tcb *t, struct segment *seg, usec_t now)
{
	(void)now;
	t->ack_now = false;
	if (t->dup_owed)
		t->dup_owed--;
	/* beyond a right edge that was taken back the peer would not look at it */
	seg->seq = (uint32_t)seq_max(seq_min(t->snd.nxt, t->snd_edge), t->snd.una);
	acknowledge(t, seg);
	if (!t->sack_ok)
		return true;
	seg->sack_count = (uint8_t)recvq_sacks(
		&t->rcv, seg->sack, t->ts_ok ? SEGMENT_SACKS - 1 : SEGMENT_SACKS);
	t->rcv.dsack = (struct range){0};
	return true;
}

/* ---- the list ---- */

/* In order of urgency. In CLOSED only the first may apply. */
static const struct reason {
	bool (*due)(const struct tcb *t);
	bool (*send)(struct tcb *t, struct segment *seg, usec_t now);
} reasons[] = {
	{reset_due, send_reset},
	{resend_due, resend},
	{tail_probe_due, send_tail_probe},
	{output_data_due, send_data},
	{window_probe_due, send_window_probe},
	{ack_due, send_ack},
};

static const struct reason *first_due(const struct tcb *t)
{
	size_t n = t->state == TCPS_CLOSED ? 1 : sizeof(reasons) / sizeof(reasons[0]);

	for (size_t i = 0; i < n; i++)
		if (reasons[i].due(t))
			return &reasons[i];
	return NULL;
}

/* All that tcb_output() answers for; the rest belongs to the caller. */
static void blank(struct segment *seg)
{
	seg->flags = 0;
	seg->ack = 0;
	seg->wnd = seg->mss = seg->gso_size = 0;
	seg->options = seg->wscale = seg->sack_count = seg->ecn = 0;
	seg->ts_val = seg->ts_ecr = 0;
	seg->truncated = false;
	seg->payload[0] = seg->payload[1] = span_none();
}

/* RFC 5681 4.1: after a silence the path is unknown again. Before anybody asks for the room. */
static void restart_after_idling(struct tcb *t, usec_t now)
{
	if (t->state != TCPS_CLOSED && sendq_flight(&t->snd) == 0 && sendq_unsent(&t->snd) > 0 &&
		now - t->sent_at > rtt_rto(&t->rtt))
		loss_idled(t);
}

bool tcb_output(struct tcb *t, usec_t now, struct segment *seg)
{
	const struct reason *reason;

	timers_run(t, now);
	restart_after_idling(t, now);
	window_tune(t, now);
	reason = first_due(t);
	if (!reason) {
		timers_arm(t, now);
		return false;
	}
	blank(seg);
	if (!reason->send(t, seg, now)) {
		/* not even a record of what is sent: nothing can be kept up */
		tcb_abort(t, FAULT_NO_MEMORY);
		return tcb_output(t, now, seg);
	}
	timers_arm(t, now);
	return true;
}

usec_t tcb_deadline(const struct tcb *t)
{
	usec_t at = USEC_NEVER;

	if (first_due(t))
		return 0;
	for (int i = 0; i < TCB_TIMERS; i++)
		at = usec_min(at, t->timer[i]);
	return at;
}
