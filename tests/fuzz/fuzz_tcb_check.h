/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_tcb_check.h - a tcb and all that fuzz_tcb knows about it from what it saw pass */
#ifndef ATTLS_FUZZ_TCB_CHECK_H
#define ATTLS_FUZZ_TCB_CHECK_H

#include "gateway/tcp/internal.h"
#include "tests/fuzz/fuzz.h"

enum { ARRIVED_MAX = 100000, OUTPUTS_MAX = 6000 };

struct check {
	struct tcb t;
	struct tcb_params params;
	struct budget budget;
	usec_t now;
	uint64_t written;      /* bytes pushed into the outbox */
	uint64_t consumed;     /* bytes read */
	struct ranges arrived; /* positions that the peer has sent, FIN included */
	uint64_t seen_edge;    /* the largest right edge that the peer has offered */
	uint64_t our_edge;     /* ours, as seen on the wire */
	uint64_t our_ack;
	uint64_t rcv_edge; /* ours, as the engine keeps it */
	uint64_t una;
	uint32_t ts_val;
};

/* The byte that either stream has at position @pos. */
static inline uint8_t check_byte(uint64_t pos)
{
	return (uint8_t)((uint32_t)pos * 0x9e3779b9u >> 21);
}

static inline void check_init(struct check *c, const struct tcb_params *p)
{
	struct budget budget = {.limit = c->budget.limit};

	*c = (struct check){.params = *p, .budget = budget, .now = 100 * USEC_SEC};
	c->params.budget = &c->budget;
	tcb_init(&c->t, &c->params, c->now);
	ranges_init(&c->arrived, ARRIVED_MAX);
	c->seen_edge = c->t.snd_edge;
	c->our_edge = c->rcv_edge = c->t.rcv_edge;
	c->our_ack = c->t.irs + 1;
	c->una = c->t.snd.una;
	c->ts_val = p->ts_val;
}

static inline void check_fini(struct check *c)
{
	tcb_fini(&c->t);
	ranges_fini(&c->arrived);
	held(c->budget.used == 0, "storage is left");
}

/* ---- what goes in ---- */

static inline void check_input(struct check *c, const struct segment *seg)
{
	uint64_t ack = seq_unwrap(seg->ack, c->t.snd.una), edge;
	uint64_t pos = seq_unwrap(seg->seq, recvq_ack(&c->t.rcv));

	if (!(seg->flags & (SEG_SYN | SEG_RST)) && seg->flags & SEG_ACK) {
		edge = ack + ((uint64_t)seg->wnd << c->params.snd_wscale);
		ranges_add(&c->arrived, pos, pos + segment_len(seg));
		if (edge > c->seen_edge && ack <= c->t.snd.nxt)
			c->seen_edge = edge;
	}
	tcb_input(&c->t, seg, c->now);
}

static inline void check_write(struct check *c, size_t n)
{
	uint64_t pos = c->t.iss + 1 + c->written;
	uint8_t *bytes = malloc(n + 1);

	for (size_t i = 0; i < n; i++)
		bytes[i] = check_byte(pos + i);
	if (c->t.state != TCPS_CLOSED && !tcb_finished(&c->t) &&
		ring_push(tcb_outbox(&c->t), span_of(bytes, n)))
		c->written += n;
	free(bytes);
}

static inline void check_read(struct check *c, size_t n)
{
	struct span s = span_head(tcb_peek(&c->t), n);

	for (size_t i = 0; i < s.len; i++)
		held(s.ptr[i] == check_byte(c->t.irs + 1 + c->consumed + i), "byte %llu is wrong",
			(unsigned long long)(c->consumed + i));
	tcb_consume(&c->t, s.len);
	c->consumed += s.len;
}

/* ---- what comes out ---- */

/* Invariants 2 and 5. */
static inline void check_text(const struct check *c, const struct segment *seg, uint64_t pos)
{
	uint64_t end = pos + segment_len(seg), at = pos;

	held(!segment_len(seg) || end <= c->t.snd_edge, "beyond the right edge by %llu",
		(unsigned long long)(end - c->t.snd_edge));
	held(!segment_len(seg) || end <= c->seen_edge, "beyond any edge offered");
	held(pos + 1 >= c->t.snd.una && end <= c->t.snd.nxt, "seq out of place");
	for (int k = 0; k < 2; k++)
		for (size_t i = 0; i < seg->payload[k].len; i++, at++)
			held(seg->payload[k].ptr[i] == check_byte(at), "sends a wrong byte");
	held(!segment_payload_len(seg) || at <= c->t.iss + 1 + c->written, "sends unwritten");
	held(!(seg->flags & SEG_FIN) || at == c->t.iss + 1 + c->written, "FIN too soon");
	held(!(seg->flags & SEG_FIN) || tcb_finished(&c->t), "FIN without being asked");
}

static inline void check_shape(const struct check *c, const struct segment *seg)
{
	uint32_t len = segment_payload_len(seg), mss = tcb_payload_mss(&c->t);

	held(len + SEGMENT_HEADER_MAX <= 65535, "%u bytes", len);
	held(seg->gso_size ? seg->gso_size == mss && len > mss : len <= mss,
		"gso_size %u for %u bytes, mss %u", seg->gso_size, len, mss);
	held(!(len && seg->sack_count), "blocks in data");
	held(!seg->sack_count || c->params.sack_ok, "blocks without being asked for");
	held(seg->sack_count <= (c->params.ts_ok ? 3 : 4), "%u blocks", seg->sack_count);
	held(seg->flags & SEG_ACK && !(seg->flags & SEG_SYN), "flags %x", seg->flags);
	held((seg->options & SEG_OPT_TS) == (c->params.ts_ok ? SEG_OPT_TS : 0), "timestamps");
	if (c->params.ts_ok) {
		held((int32_t)(seg->ts_val - c->ts_val) >= 0, "TSval goes back");
		held(seg->ts_val == c->t.ts_val, "TSval never shown");
	}
}

/* Invariants 1 and 4. */
static inline void check_acks(struct check *c, const struct segment *seg)
{
	uint64_t ack = seq_unwrap(seg->ack, c->our_ack), unit = 1u << c->params.rcv_wscale;
	uint64_t edge = ack + (uint64_t)seg->wnd * unit;
	uint64_t first = c->t.irs + 1;
	const struct range *in_order = ranges_find(&c->arrived, first);

	held(ack >= c->our_ack, "ACK goes back");
	held(ack == first || (in_order && ack <= in_order->to), "ACK of what has not arrived");
	held(edge + unit > c->our_edge, "right edge goes back by %llu",
		(unsigned long long)(c->our_edge - edge));
	if (edge > c->our_edge)
		c->our_edge = edge;
	c->our_ack = ack;
	for (unsigned i = 0; i < seg->sack_count; i++) {
		uint64_t from = seq_unwrap(seg->sack[i].from, ack);
		uint64_t to = seq_unwrap(seg->sack[i].to, ack);
		const struct range *have = ranges_find(&c->arrived, from);

		held(from < to, "an empty block");
		held(have && have->to >= to, "block of what has not arrived");
		held(i == 0 || from > ack, "block below the ACK");
	}
}

/* Ask until nothing is due. */
static inline void check_drain(struct check *c)
{
	struct segment seg = {0};
	unsigned n = 0;

	while (tcb_output(&c->t, c->now, &seg)) {
		held(n++ < OUTPUTS_MAX, "output does not end");
		if (seg.flags & SEG_RST) {
			held(c->t.state == TCPS_CLOSED, "RST, but open");
			held(segment_len(&seg) == 0, "RST with text");
			continue;
		}
		held(c->t.state != TCPS_CLOSED, "closed, and sends");
		check_text(c, &seg, seq_unwrap(seg.seq, c->t.snd.una));
		check_shape(c, &seg);
		check_acks(c, &seg);
		c->ts_val = seg.ts_val;
	}
}

/* ---- what is inside ---- */

/* Invariant 3. */
static inline void check_records(const struct sendq *q)
{
	uint64_t at = q->una, sacked = 0, lost = 0;

	for (unsigned i = 0; i < q->count; i++) {
		const struct sent *r = sendq_record(q, i);

		held(r->from == at && r->to > at, "records do not tile");
		held((r->flags & 3) != 3, "SACKed and lost");
		at = r->to;
		sacked += r->flags & SENT_SACKED ? r->to - r->from : 0;
		lost += r->flags & SENT_LOST ? r->to - r->from : 0;
	}
	held(at == q->nxt && q->nxt <= sendq_end(q), "records end elsewhere");
	held(sacked == q->sacked && lost == q->lost, "sums");
	held(q->count <= SENDQ_RECORDS_MAX, "%u records", q->count);
}

/* After tcb_output() returned false: invariants 6 and 7, memory, and what never goes back. */
static inline void check_state(struct check *c)
{
	const struct tcb *t = &c->t;
	usec_t deadline = tcb_deadline(t);
	struct tcb_info info;

	held(deadline > c->now, "deadline %lld is not later", (long long)deadline);
	held(c->budget.used <= c->budget.limit * 5 / 4, "over budget");
	held(c->budget.used == t->snd.ring.size + t->rcv.ring.size, "budget is off");
	held(t->rcv_edge >= c->rcv_edge, "the right edge inside goes back");
	c->rcv_edge = t->rcv_edge;
	tcb_info(t, &info);
	held(info.cwnd > 0 && info.state == t->state, "info");
	held(!tcb_ended(t) || info.bytes_in == c->consumed, "ended before the end");
	if (t->state == TCPS_CLOSED)
		return;
	held(t->snd.una >= c->una, "una goes back");
	c->una = t->snd.una;
	held(t->rcv.ooo.count <= RECVQ_RANGES, "too many intervals");
	held(tcb_idle(t) || deadline != USEC_NEVER, "no timer runs");
	held(!sendq_flight(&t->snd) || t->timer[TCB_TIMER_REXMT] != USEC_NEVER,
		"no retransmission timer");
	held(info.bytes_in - ring_len(&t->rcv.ring) == c->consumed, "bytes vanish");
	check_records(&t->snd);
}

#endif
