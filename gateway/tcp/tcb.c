/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tcb.c - one TCP endpoint: its life, its states, its byte ports
 *
 * Theory of operation
 *
 * A tcb is two queues and the rules between them and the peer. recvq takes the peer's bytes in any
 * order and hands them out in order; sendq keeps our bytes until the peer has acknowledged them.
 * input.c moves both queues by what a segment says, output.c looks at both and decides whether
 * there is a reason to send, timer.c turns the passing of time into such reasons. Nothing is ever
 * sent from within input or timer code: they only change state, and tcb_output() is asked until
 * it finds no further reason. That gives one ACK for a whole batch of arrivals.
 *
 * loss.c decides which records of sendq are lost, cc.c how many bytes may be on their way, rtt.c
 * how long to wait. Sequence numbers are 64-bit positions everywhere inside (seq.h).
 *
 * Invariants; the simulation (tests/sim) checks them after every event:
 *
 *  1. Our right edge (rcv_edge) never moves left. Offers are rounded up to the window scale's
 *     unit for that. Only when the buffer cannot hold a rounded-up offer is the number sent
 *     rounded down, by less than one unit, and data up to the old edge is still taken (RFC 7323
 *     2.4).
 *  2. Nothing is sent at or beyond the peer's right edge (snd_edge), retransmissions included.
 *  3. una <= nxt <= end of the outbox; records of sendq tile [una, nxt); their sums are right.
 *  4. A byte is acknowledged only when it is stored; it stays stored until it is consumed.
 *  5. A byte sent stays unchanged until it is acknowledged.
 *  6. While something is in flight TCB_TIMER_REXMT runs; while something waits that cannot be
 *     sent with nothing in flight, TCB_TIMER_PERSIST runs. So nothing waits for ever.
 *  7. After tcb_output() returned false, tcb_deadline() is later than the time it was given:
 *     both ask the same predicates, and timers_run() leaves no timer in the past.
 *  8. The state changes in tcb_set_state() only, and only as the table there allows.
 *  9. TSval never decreases and is never one that the real endpoint has not shown.
 */
#include <assert.h>

#include "gateway/tcp/internal.h"

/* Who may follow whom, as bits (RFC 9293 3.3.2, figure 5). */
#define S(state) (1u << TCPS_##state)
static const struct {
	const char *name;
	unsigned next;
} states[TCPS_STATES] = {
	[TCPS_ESTABLISHED] = {"ESTABLISHED", S(FIN_WAIT_1) | S(CLOSE_WAIT) | S(CLOSED)},
	[TCPS_FIN_WAIT_1] = {"FIN-WAIT-1", S(FIN_WAIT_2) | S(CLOSING) | S(TIME_WAIT) | S(CLOSED)},
	[TCPS_FIN_WAIT_2] = {"FIN-WAIT-2", S(TIME_WAIT) | S(CLOSED)},
	[TCPS_CLOSE_WAIT] = {"CLOSE-WAIT", S(LAST_ACK) | S(CLOSED)},
	[TCPS_CLOSING] = {"CLOSING", S(TIME_WAIT) | S(CLOSED)},
	[TCPS_LAST_ACK] = {"LAST-ACK", S(CLOSED)},
	[TCPS_TIME_WAIT] = {"TIME-WAIT", S(CLOSED)},
	[TCPS_CLOSED] = {"CLOSED", 0},
};
#undef S

const char *tcb_state_name(enum tcb_state s)
{
	return (unsigned)s < TCPS_STATES ? states[s].name : "unknown";
}

void tcb_set_state(struct tcb *t, enum tcb_state to)
{
	assert(states[t->state].next & 1u << to);
	t->state = to;
	if (to != TCPS_CLOSED)
		return;
	for (int i = 0; i < TCB_TIMERS; i++)
		t->timer[i] = USEC_NEVER;
	/* nobody will acknowledge any more; what was received may still be read */
	sendq_fini(&t->snd);
	undo_end(&t->loss.undo);
}

static void init_sender(struct tcb *t, const struct tcb_params *p, usec_t now)
{
	t->iss = seq_first(p->iss);
	t->snd_wscale = p->snd_wscale;
	t->snd_edge = t->iss + 1 + p->snd_wnd;
	t->snd_wl1 = seq_first(p->irs);
	t->snd_wnd_max = p->snd_wnd;
	t->sent_at = t->stuck_since = now;
	sendq_init(&t->snd, t->iss + 1, p->snd_limit, p->budget);
	rtt_init(&t->rtt, p->near);
	if (p->rtt) {
		rtt_note_min(&t->rtt, p->rtt, now);
		rtt_sample(&t->rtt, p->rtt);
	}
	cc_init(&t->cc, tcb_payload_mss(t), p->near);
	loss_init(&t->loss);
}

static void init_receiver(struct tcb *t, const struct tcb_params *p, usec_t now)
{
	uint64_t unit = 1u << p->rcv_wscale;
	size_t least = seq_max(65536, 2 * unit);

	t->irs = seq_first(p->irs);
	t->rcv_wscale = p->rcv_wscale;
	t->rcv_most = seq_max(p->rcv_limit, least);
	t->rcv_edge = t->irs + 1 + p->rcv_wnd;
	t->ack_sent = t->irs + 1;
	t->rcv_mss = tcb_payload_mss(t) < 536 ? tcb_payload_mss(t) : 536;
	t->quick = TCB_QUICK_ACKS;
	t->answers = p->answers;
	t->ack_now = p->ack_due;
	t->challenge_at = now;
	/* room for rounding up to one unit, and for what the handshake has promised */
	recvq_init(&t->rcv, t->irs + 1, seq_max(t->rcv_most, p->rcv_wnd) + unit, p->budget);
}

void tcb_init(struct tcb *t, const struct tcb_params *p, usec_t now)
{
	*t = (struct tcb){
		.state = TCPS_ESTABLISHED,
		.sack_ok = p->sack_ok,
		.ts_ok = p->ts_ok,
		.near = p->near,
		.ecn.ok = p->ecn_ok,
		.mss = p->mss < TCB_MSS_MIN ? TCB_MSS_MIN : p->mss,
		.mss_floor = p->mss_floor ? p->mss_floor : TCB_MSS_DEFAULT,
		.active_at = now,
		.ts_val = p->ts_val,
		.ts_recent = p->ts_recent,
		.ts_recent_at = now,
	};
	t->mss_most = t->mss;
	for (int i = 0; i < TCB_TIMERS; i++)
		t->timer[i] = USEC_NEVER;
	init_sender(t, p, now);
	init_receiver(t, p, now);
	window_init(t, now);
}

void tcb_fini(struct tcb *t)
{
	sendq_fini(&t->snd);
	undo_end(&t->loss.undo);
	recvq_fini(&t->rcv);
	t->state = TCPS_CLOSED;
	t->rst_due = false;
}

struct span tcb_peek(const struct tcb *t)
{
	return recvq_peek(&t->rcv);
}

void tcb_consume(struct tcb *t, size_t n)
{
	recvq_consume(&t->rcv, n);
}

bool tcb_ended(const struct tcb *t)
{
	return recvq_fin_reached(&t->rcv) && recvq_len(&t->rcv) == 0 && !t->aborted;
}

void tcb_keep(struct tcb *t)
{
	recvq_keep(&t->rcv);
}

struct ring *tcb_outbox(struct tcb *t)
{
	return &t->snd.ring;
}

void tcb_finish(struct tcb *t)
{
	if (t->state != TCPS_ESTABLISHED && t->state != TCPS_CLOSE_WAIT)
		return;
	sendq_close(&t->snd);
	tcb_set_state(t, t->state == TCPS_ESTABLISHED ? TCPS_FIN_WAIT_1 : TCPS_LAST_ACK);
}

void tcb_abort(struct tcb *t, enum fault why)
{
	if (t->state != TCPS_CLOSED) {
		if (t->fault == FAULT_NONE)
			t->fault = why;
		/* in TIME-WAIT the peer has forgotten us, or will without help (3.10.5) */
		t->rst_due = t->state != TCPS_TIME_WAIT;
		t->rst_seq = (uint32_t)t->snd.nxt;
		tcb_set_state(t, TCPS_CLOSED);
	}
	t->aborted = true;
	recvq_fini(&t->rcv);
}

enum fault tcb_fault(const struct tcb *t)
{
	return t->fault;
}

bool tcb_finished(const struct tcb *t)
{
	return t->snd.fin != SENDQ_NO_FIN;
}

bool tcb_idle(const struct tcb *t)
{
	return t->state == TCPS_CLOSED ||
	       (sendq_flight(&t->snd) == 0 && sendq_unsent(&t->snd) == 0);
}

void tcb_note_ts(struct tcb *t, uint32_t ts_val)
{
	if ((int32_t)(ts_val - t->ts_val) > 0)
		t->ts_val = ts_val;
}

void tcb_probe(struct tcb *t)
{
	if (t->state != TCPS_CLOSED)
		t->window_probe = true;
}

bool tcb_is_keepalive(const struct tcb *t, const struct segment *seg)
{
	uint64_t ack = recvq_ack(&t->rcv);

	return (seg->flags & (SEG_SYN | SEG_FIN | SEG_RST | SEG_ACK)) == SEG_ACK &&
	       seg->seq == (uint32_t)ack - 1 && segment_payload_len(seg) <= 1 &&
	       t->rcv_edge >= ack + t->rcv_mss;
}

void tcb_acknowledge(struct tcb *t)
{
	if (t->state != TCPS_CLOSED)
		t->ack_now = true;
}

void tcb_info(const struct tcb *t, struct tcb_info *info)
{
	uint64_t acked = t->snd.una - t->iss - 1;
	uint64_t ack = recvq_ack(&t->rcv);

	*info = (struct tcb_info){
		.state = t->state,
		.bytes_in = t->rcv.nxt - t->irs - 1,
		.bytes_out = acked - tcb_fin_acked(t),
		.retransmits = t->retransmits,
		.srtt = t->rtt.srtt,
		.rto = rtt_rto(&t->rtt),
		.cwnd = t->cc.cubic.cwnd,
		.snd_wnd = (uint32_t)(t->snd_edge - t->snd.una),
		.rcv_wnd = (uint32_t)(t->rcv_edge > ack ? t->rcv_edge - ack : 0),
		.mss = t->mss,
	};
}
