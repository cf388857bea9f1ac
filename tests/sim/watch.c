/* SPDX-License-Identifier: GPL-3.0-or-later */
/* watch.c - all that is checked of one tcb: what enters, what leaves, what is inside */
#include "watch.h"

#include <stdio.h>

#include "gateway/tcp/internal.h"
#include "report.h"
#include "steps.h"
#include "text.h"

enum { ARRIVED_MAX = 100000 };

void watch_init(struct watch *w)
{
	const struct tcb *t = w->tcb;

	w->seen_edge = t->snd_edge;
	w->our_edge = w->rcv_edge = t->rcv_edge;
	w->our_ack = t->rcv.nxt;
	w->una = t->snd.una;
	w->our_ts = w->params.ts_val;
	ranges_init(&w->arrived, ARRIVED_MAX);
}

void watch_fini(struct watch *w)
{
	ranges_fini(&w->arrived);
}

/* ---- what enters ---- */

void watch_arrival(struct watch *w, const struct segment *seg)
{
	uint64_t ack = seq_unwrap(seg->ack, w->tcb->snd.una), pos, edge;

	watch_show(w, seg, "<-");
	if (!(seg->flags & SEG_ACK) || seg->flags & (SEG_SYN | SEG_RST))
		return;
	pos = seq_unwrap(seg->seq, recvq_ack(&w->tcb->rcv));
	edge = ack + ((uint64_t)seg->wnd << w->params.snd_wscale);
	if (segment_len(seg))
		ranges_add(&w->arrived, pos, pos + segment_len(seg));
	if (edge > w->seen_edge && ack <= w->tcb->snd.nxt)
		w->seen_edge = edge;
}

void watch_input(struct watch *w, const struct segment *seg, usec_t now)
{
	uint64_t before = steps;

	watch_arrival(w, seg);
	tcb_input(w->tcb, seg, now);
	sim_check(steps_check(before), "%s: %llu steps for an arrival", w->name,
		(unsigned long long)(steps - before));
}

/* ---- what leaves ---- */

/* All bytes are what the application has written, at their place; FIN comes after the last. */
static void check_text(const struct watch *w, const struct segment *seg, uint64_t at)
{
	for (int k = 0; k < 2; k++) {
		struct span part = seg->payload[k];

		sim_check(span_equal(part, text_at(w->stream, at, part.len)),
			"%s: sends a wrong byte between %llu and %llu", w->name,
			(unsigned long long)at, (unsigned long long)(at + part.len));
		at += part.len;
	}
	sim_check(at + w->tcb->iss + 1 <= sendq_data_end(&w->tcb->snd) || !segment_len(seg),
		"%s: sends what nobody has written", w->name);
	if (seg->flags & SEG_FIN)
		sim_check(at == w->total, "%s: FIN at %llu of %llu", w->name,
			(unsigned long long)at, (unsigned long long)w->total);
}

static void check_shape(const struct watch *w, const struct segment *seg)
{
	uint32_t len = segment_payload_len(seg), mss = tcb_payload_mss(w->tcb);
	uint32_t headers = 20 + (seg->options & SEG_OPT_TS ? 12 : 0) +
			   (seg->sack_count ? 4 + 8 * seg->sack_count : 0);

	sim_check(len + SEGMENT_HEADER_MAX <= 65535, "%s: %u bytes", w->name, len);
	sim_check(headers <= 60, "%s: %u bytes of headers", w->name, headers);
	sim_check(seg->gso_size ? seg->gso_size == mss && len > mss : len <= mss,
		"%s: gso_size %u for %u bytes, mss %u", w->name, seg->gso_size, len, mss);
	sim_check(!(len && seg->sack_count), "%s: blocks in data", w->name);
	sim_check(!seg->sack_count || w->params.sack_ok, "%s: blocks unasked", w->name);
	sim_check(seg->flags & SEG_ACK && !(seg->flags & SEG_SYN), "%s: flags", w->name);
	sim_check(!(seg->options & SEG_OPT_TS) == !w->params.ts_ok, "%s: timestamps", w->name);
	if (w->params.ts_ok) {
		sim_check((int32_t)(seg->ts_val - w->our_ts) >= 0, "%s: TSval back", w->name);
		sim_check(seg->ts_val == w->tcb->ts_val, "%s: TSval never shown", w->name);
	}
}

static void check_sacks(const struct watch *w, const struct segment *seg, uint64_t ack)
{
	for (unsigned i = 0; i < seg->sack_count; i++) {
		uint64_t from = seq_unwrap(seg->sack[i].from, ack);
		uint64_t to = seq_unwrap(seg->sack[i].to, ack);
		const struct range *have = ranges_find(&w->arrived, from);

		sim_check(from < to, "%s: empty SACK block", w->name);
		sim_check(have && have->to >= to, "%s: SACK of what has not arrived", w->name);
		sim_check(i == 0 || from > ack, "%s: SACK below the ACK", w->name);
	}
}

/* Invariants 1 and 4: the right edge never moves left, and only what is here is acknowledged. */
static void check_acks(struct watch *w, const struct segment *seg)
{
	const struct tcb *t = w->tcb;
	uint64_t ack = seq_unwrap(seg->ack, w->our_ack), unit = 1u << w->params.rcv_wscale;
	uint64_t edge = ack + (uint64_t)seg->wnd * unit, first = t->irs + 1;
	uint64_t hard = t->rcv.nxt + t->rcv_most + unit - ring_len(&t->rcv.ring);
	const struct range *in_order = ranges_find(&w->arrived, first);

	sim_check(ack >= w->our_ack, "%s: ACK goes back", w->name);
	sim_check(ack == first || (in_order && ack <= in_order->to),
		"%s: ACK of what has not arrived", w->name);
	sim_check(edge >= w->our_edge || (w->our_edge - edge < unit && edge + unit > hard),
		"%s: right edge goes back by %llu, unit %llu", w->name,
		(unsigned long long)(w->our_edge - edge), (unsigned long long)unit);
	sim_check(t->rcv_edge <= hard + 1 || t->rcv_edge <= first + w->params.rcv_wnd + unit,
		"%s: offers more than its limit", w->name);
	if (edge > w->our_edge)
		w->our_edge = edge;
	w->our_ack = ack;
	check_sacks(w, seg, ack);
}

void watch_output(struct watch *w, struct segment *seg)
{
	uint64_t pos = seq_unwrap(seg->seq, w->tcb->snd.una), at = pos - w->tcb->iss - 1;
	uint64_t end = pos + segment_len(seg);

	watch_show(w, seg, "->");
	if (seg->flags & SEG_RST) {
		sim_check(w->tcb->state == TCPS_CLOSED && !segment_len(seg), "%s: RST", w->name);
		return;
	}
	sim_check(w->tcb->state != TCPS_CLOSED, "%s: closed, and sends", w->name);
	check_shape(w, seg);
	sim_check(!segment_len(seg) || end <= w->seen_edge, "%s: %llu beyond the right edge",
		w->name, (unsigned long long)(end - w->seen_edge));
	sim_check(pos + 1 >= w->tcb->snd.una && end <= w->tcb->snd.nxt, "%s: seq out of place",
		w->name);
	check_text(w, seg, at);
	check_acks(w, seg);
	w->our_ts = seg->ts_val;
	seg->payload[0] = text_at(w->stream, at, segment_payload_len(seg));
	seg->payload[1] = span_none();
}

/* ---- what is inside ---- */

/* Invariant 3; what is believed to be in the network is counted anew. */
static void check_records(const struct watch *w)
{
	const struct sendq *q = &w->tcb->snd;
	uint64_t at = q->una, sacked = 0, lost = 0, pipe = 0;

	for (unsigned i = 0; i < q->count; i++) {
		const struct sent *r = sendq_record(q, i);
		uint64_t len = r->to - r->from;

		sim_check(r->from == at && r->to > at, "%s: records do not tile", w->name);
		sim_check((r->flags & 3) != 3, "%s: SACKed and lost", w->name);
		at = r->to;
		sacked += r->flags & SENT_SACKED ? len : 0;
		lost += r->flags & SENT_LOST ? len : 0;
		pipe += r->flags & (SENT_SACKED | SENT_LOST) ? 0 : len;
	}
	sim_check(at == q->nxt && q->nxt <= sendq_end(q), "%s: records end elsewhere", w->name);
	sim_check(sacked == q->sacked && lost == q->lost, "%s: sums are wrong", w->name);
	sim_check(pipe == sendq_pipe(q), "%s: the pipe is wrong", w->name);
	sim_check(q->count <= SENDQ_RECORDS_MAX, "%s: too many records", w->name);
}

static void check_memory(const struct watch *w)
{
	const struct budget *b = w->shared;
	const struct tcb *t = w->tcb;

	sim_check(b->used <= b->limit + b->limit / 4, "%s: over budget", w->name);
	sim_check(b != &w->budget || b->used == t->snd.ring.size + t->rcv.ring.size,
		"%s: the budget is off", w->name);
	sim_check(t->rcv.ooo.count <= RECVQ_RANGES, "%s: too many intervals", w->name);
}

void watch_state(struct watch *w, usec_t now)
{
	const struct tcb *t = w->tcb;
	usec_t deadline = tcb_deadline(t);

	sim_check(deadline > now, "%s: deadline %lld is not later", w->name, (long long)deadline);
	check_memory(w);
	if (t->state == TCPS_CLOSED)
		return;
	sim_check(t->snd.una >= w->una && t->rcv_edge >= w->rcv_edge, "%s: an edge goes back",
		w->name);
	w->una = t->snd.una;
	w->rcv_edge = t->rcv_edge;
	sim_check(
		w->liar || t->snd.una <= recvq_ack(&w->peer->rcv) || w->peer->state == TCPS_CLOSED,
		"%s: counts as delivered what has not arrived", w->name);
	sim_check(t->cc.cubic.cwnd > 0, "%s: no congestion window", w->name);
	sim_check(tcb_idle(t) || deadline != USEC_NEVER, "%s: no timer runs", w->name);
	sim_check(!sendq_flight(&t->snd) || t->timer[TCB_TIMER_REXMT] != USEC_NEVER,
		"%s: no retransmission timer", w->name);
	check_records(w);
}

void watch_show(const struct watch *w, const struct segment *seg, const char *verb)
{
	static const char *const flags = "FSRPAUEC";
	const struct tcb *t = w->tcb;
	char text[9] = "";

	if (!sim_verbose)
		return;
	for (unsigned i = 0, n = 0; flags[i]; i++)
		if (seg->flags & 1u << i)
			text[n++] = flags[i];
	printf("%12lld %-5s %-11s %s %-3s seq %u ack %u wnd %u len %u", (long long)sim_now, w->name,
		tcb_state_name(t->state), verb, text, seg->seq, seg->ack, seg->wnd,
		segment_payload_len(seg));
	if (seg->gso_size)
		printf(" gso %u", seg->gso_size);
	if (seg->ecn)
		printf(" ecn %u", seg->ecn);
	for (unsigned i = 0; i < seg->sack_count; i++)
		printf(" %u-%u", seg->sack[i].from, seg->sack[i].to);
	printf(" | una %u nxt %u cwnd %u pipe %llu phase %d\n", (uint32_t)t->snd.una,
		(uint32_t)t->snd.nxt, t->cc.cubic.cwnd, (unsigned long long)sendq_pipe(&t->snd),
		t->loss.phase);
}
