/* SPDX-License-Identifier: GPL-3.0-or-later */
/* end.c - one end of the simulated connection: a tcb, an application, and all that is checked */
#include "end.h"

#include <stdio.h>

#include "gateway/tcp/internal.h"

enum { PUMP_MAX = 20000, ARRIVED_MAX = 100000 };

static uint8_t pattern(uint64_t seed, uint64_t at)
{
	return (uint8_t)((at * 0x9e3779b97f4a7c15ULL + seed) >> 37);
}

void end_init(struct end *e, const struct tcb_params *p, const struct app *app, struct rng *rng)
{
	e->params = *p;
	e->app = *app;
	e->rng = rng;
	e->written = e->consumed = 0;
	e->write_at = e->read_at = 0;
	e->aborted = false;
	if (p->budget) {
		e->budget = *p->budget;
		e->params.budget = &e->budget;
	}
	tcb_init(&e->tcb, &e->params, 0);
	e->seen_edge = e->tcb.snd_edge;
	e->our_edge = e->tcb.rcv_edge;
	e->our_ack = e->tcb.rcv.nxt;
	e->our_ts = p->ts_val;
	e->pumped = 0;
	ranges_init(&e->arrived, ARRIVED_MAX);
}

void end_fini(struct end *e)
{
	tcb_fini(&e->tcb);
	ranges_fini(&e->arrived);
	sim_check(e->budget.used == 0, "%c: %zu bytes leaked", e->name, e->budget.used);
}

/* ---- application ---- */

static void app_write(struct end *e, usec_t now)
{
	struct ring *out = tcb_outbox(&e->tcb);
	uint8_t bytes[16384];
	uint64_t want = e->app.total - e->written;
	uint64_t most = rng_in(e->rng, 1, e->app.write_chunk);

	if (want > most)
		want = most;
	if (want > ring_room(out))
		want = ring_room(out);
	while (want > 0) {
		size_t n = want < sizeof(bytes) ? want : sizeof(bytes);

		for (size_t i = 0; i < n; i++)
			bytes[i] = pattern(e->seed, e->written + i);
		if (!ring_push(out, span_of(bytes, n)))
			break;
		e->written += n;
		want -= n;
	}
	e->write_at = now + (e->app.write_gap ? (usec_t)rng_in(e->rng, 1, e->app.write_gap) : 0);
	if (out->refused)
		e->write_at = usec_max(e->write_at, now + USEC_MSEC);
}

static void app_read(struct end *e, usec_t now)
{
	uint64_t most = rng_in(e->rng, 1, e->app.read_chunk);

	if (now >= e->app.pause_at && now < e->app.pause_at + e->app.pause_for) {
		e->read_at = e->app.pause_at + e->app.pause_for;
		return;
	}
	while (most > 0) {
		struct span s = span_head(tcb_peek(&e->tcb), most);

		if (s.len == 0)
			break;
		for (size_t i = 0; i < s.len; i++)
			sim_check(s.ptr[i] == pattern(e->peer->seed, e->consumed + i),
				"%c: byte %llu is wrong", e->name,
				(unsigned long long)(e->consumed + i));
		e->consumed += s.len;
		most -= s.len;
		tcb_consume(&e->tcb, s.len);
	}
	e->read_at = now + (e->app.read_gap ? (usec_t)rng_in(e->rng, 1, e->app.read_gap) : 0);
}

static bool may_write(const struct end *e)
{
	return e->tcb.state != TCPS_CLOSED && !tcb_finished(&e->tcb) && e->written < e->app.total &&
	       ring_room(&e->tcb.snd.ring) > 0;
}

static bool may_finish(const struct end *e)
{
	return e->tcb.state != TCPS_CLOSED && !tcb_finished(&e->tcb) &&
	       e->written == e->app.total && (e->app.finish == FINISH_AT_END || tcb_ended(&e->tcb));
}

usec_t end_next(const struct end *e)
{
	usec_t at = tcb_deadline(&e->tcb);

	if (may_write(e))
		at = usec_min(at, e->write_at);
	if (tcb_peek(&e->tcb).len)
		at = usec_min(at, e->read_at);
	if (!e->aborted && e->tcb.state != TCPS_CLOSED)
		at = usec_min(at, e->app.abort_at);
	return at;
}

static void app_run(struct end *e, usec_t now)
{
	if (rng_chance(e->rng, 500) || e->tcb.ts_val == 0)
		tcb_note_ts(&e->tcb, e->params.ts_val + (uint32_t)(now / 1000));
	if (!e->aborted && now >= e->app.abort_at && e->tcb.state != TCPS_CLOSED) {
		e->aborted = true;
		tcb_abort(&e->tcb, FAULT_ADMIN);
	}
	if (may_write(e) && now >= e->write_at)
		app_write(e, now);
	if (tcb_peek(&e->tcb).len && now >= e->read_at)
		app_read(e, now);
	if (tcb_ended(&e->tcb))
		sim_check(e->consumed == e->peer->app.total, "%c: ended after %llu of %llu",
			e->name, (unsigned long long)e->consumed,
			(unsigned long long)e->peer->app.total);
	if (may_finish(e))
		tcb_finish(&e->tcb);
}

/* ---- checks ---- */

static void check_text(const struct end *e, const struct segment *seg, uint64_t pos)
{
	uint64_t at = pos - e->tcb.iss - 1;

	for (int k = 0; k < 2; k++)
		for (size_t i = 0; i < seg->payload[k].len; i++, at++)
			sim_check(seg->payload[k].ptr[i] == pattern(e->seed, at),
				"%c: sends a wrong byte at %llu", e->name, (unsigned long long)at);
	sim_check(!segment_payload_len(seg) || at <= e->written, "%c: sends unwritten", e->name);
	if (seg->flags & SEG_FIN)
		sim_check(at == e->app.total, "%c: FIN at %llu", e->name, (unsigned long long)at);
}

static void check_shape(const struct end *e, const struct segment *seg)
{
	uint32_t len = segment_payload_len(seg), mss = tcb_payload_mss(&e->tcb);
	uint32_t headers = 20 + (seg->options & SEG_OPT_TS ? 12 : 0) +
			   (seg->sack_count ? 4 + 8 * seg->sack_count : 0);

	sim_check(len + SEGMENT_HEADER_MAX <= 65535, "%c: %u bytes", e->name, len);
	sim_check(headers <= 60, "%c: %u bytes of headers", e->name, headers);
	sim_check(seg->gso_size ? seg->gso_size == mss && len > mss : len <= mss,
		"%c: gso_size %u for %u bytes, mss %u", e->name, seg->gso_size, len, mss);
	sim_check(!(len && seg->sack_count), "%c: blocks in data", e->name);
	if (e->params.ts_ok && !(seg->flags & SEG_RST)) {
		sim_check(seg->options & SEG_OPT_TS, "%c: no timestamp", e->name);
		sim_check((int32_t)(seg->ts_val - e->our_ts) >= 0, "%c: TSval back", e->name);
	}
}

static void check_acks(struct end *e, const struct segment *seg)
{
	uint64_t ack = seq_unwrap(seg->ack, e->our_ack), unit = 1u << e->params.rcv_wscale;
	uint64_t edge = ack + (uint64_t)seg->wnd * unit;
	uint64_t held = ring_len(&e->tcb.rcv.ring);
	uint64_t hard = e->tcb.rcv.nxt + e->tcb.rcv_most + unit - held;

	sim_check(ack >= e->our_ack, "%c: ACK goes back", e->name);
	sim_check(ack <= e->peer->tcb.snd.nxt, "%c: ACK of what was not sent", e->name);
	sim_check(edge >= e->our_edge || (e->our_edge - edge < unit && edge + unit > hard),
		"%c: right edge goes back by %llu, unit %llu", e->name,
		(unsigned long long)(e->our_edge - edge), (unsigned long long)unit);
	sim_check(e->tcb.rcv_edge <= hard + 1 ||
			  e->tcb.rcv_edge <= e->tcb.irs + 1 + e->params.rcv_wnd + unit,
		"%c: offers more than its limit", e->name);
	if (edge > e->our_edge)
		e->our_edge = edge;
	e->our_ack = ack;
	for (unsigned i = 0; i < seg->sack_count; i++) {
		uint64_t from = seq_unwrap(seg->sack[i].from, ack);
		uint64_t to = seq_unwrap(seg->sack[i].to, ack);
		const struct range *have = ranges_find(&e->arrived, from);

		sim_check(from < to, "%c: empty SACK block", e->name);
		sim_check(have && have->to >= to, "%c: SACK of what has not arrived", e->name);
		sim_check(i == 0 || from > ack, "%c: SACK below the ACK", e->name);
	}
}

static void check_segment(struct end *e, const struct segment *seg)
{
	uint64_t pos = seq_unwrap(seg->seq, e->tcb.snd.una);

	if (seg->flags & SEG_RST)
		return;
	check_shape(e, seg);
	check_text(e, seg, pos);
	sim_check(!segment_len(seg) || pos + segment_len(seg) <= e->seen_edge,
		"%c: %llu beyond the right edge", e->name,
		(unsigned long long)(pos + segment_len(seg) - e->seen_edge));
	check_acks(e, seg);
	e->our_ts = seg->ts_val;
}

static void check_records(const struct end *e)
{
	const struct sendq *q = &e->tcb.snd;
	uint64_t at = q->una, sacked = 0, lost = 0;

	for (unsigned i = 0; i < q->count; i++) {
		const struct sent *r = sendq_record(q, i);

		sim_check(r->from == at && r->to > at, "%c: records do not tile", e->name);
		sim_check((r->flags & 3) != 3, "%c: sacked and lost", e->name);
		at = r->to;
		sacked += r->flags & SENT_SACKED ? r->to - r->from : 0;
		lost += r->flags & SENT_LOST ? r->to - r->from : 0;
	}
	sim_check(at == q->nxt, "%c: records end early", e->name);
	sim_check(sacked == q->sacked && lost == q->lost, "%c: sums are wrong", e->name);
	sim_check(q->count <= SENDQ_RECORDS_MAX, "%c: too many records", e->name);
}

static void check_state(const struct end *e, usec_t now)
{
	const struct tcb *t = &e->tcb;
	usec_t deadline = tcb_deadline(t);

	sim_check(deadline > now, "%c: deadline %lld is not later", e->name, (long long)deadline);
	sim_check(e->budget.used <= e->budget.limit + e->budget.limit / 4, "%c: over budget",
		e->name);
	if (t->state == TCPS_CLOSED)
		return;
	if (e->params.budget)
		sim_check(e->budget.used == t->snd.ring.size + t->rcv.ring.size,
			"%c: budget is off", e->name);
	sim_check(t->rcv.ooo.count <= RECVQ_RANGES, "%c: too many intervals", e->name);
	sim_check(tcb_idle(t) || deadline != USEC_NEVER, "%c: no timer runs", e->name);
	sim_check(!sendq_flight(&t->snd) || t->timer[TCB_TIMER_REXMT] != USEC_NEVER,
		"%c: no retransmission timer", e->name);
	check_records(e);
}

static void show(const struct end *e, const struct segment *seg, const char *verb)
{
	printf("%12lld %c %s %s seq %u ack %u wnd %u len %u gso %u%s%s%s%s sacks %u", //
		(long long)sim_now, e->name, tcb_state_name(e->tcb.state), verb, seg->seq, seg->ack,
		seg->wnd, segment_payload_len(seg), seg->gso_size,
		seg->flags & SEG_FIN ? " FIN" : "", seg->flags & SEG_RST ? " RST" : "",
		seg->flags & SEG_SYN ? " SYN" : "", seg->flags & SEG_PSH ? " PSH" : "",
		seg->sack_count);
	for (unsigned i = 0; i < seg->sack_count; i++)
		printf(" %u-%u", seg->sack[i].from, seg->sack[i].to);
	printf(" | una %u nxt %u cwnd %u pipe %llu phase %d\n", (uint32_t)e->tcb.snd.una,
		(uint32_t)e->tcb.snd.nxt, e->tcb.cc.cubic.cwnd,
		(unsigned long long)sendq_pipe(&e->tcb.snd), e->tcb.loss.phase);
}

void end_run(struct end *e, usec_t now)
{
	struct segment seg = {0};
	unsigned n = 0;

	app_run(e, now);
	while (tcb_output(&e->tcb, now, &seg)) {
		sim_check(n++ < PUMP_MAX, "%c: output does not end", e->name);
		if (sim_verbose)
			show(e, &seg, "->");
		check_segment(e, &seg);
		link_send(e->out, &seg, now, e->rng);
		e->pumped++;
	}
	check_state(e, now);
}

void end_receive(struct end *e, const struct segment *seg, usec_t now)
{
	uint64_t ack = seq_unwrap(seg->ack, e->tcb.snd.una), pos, edge;

	if (sim_verbose)
		show(e, seg, "<-");
	if (seg->flags == (seg->flags & (SEG_ACK | SEG_PSH | SEG_FIN))) {
		pos = seq_unwrap(seg->seq, recvq_ack(&e->tcb.rcv));
		edge = ack + ((uint64_t)seg->wnd << e->params.snd_wscale);
		ranges_add(&e->arrived, pos, pos + segment_len(seg));
		if (edge > e->seen_edge && ack <= e->tcb.snd.nxt)
			e->seen_edge = edge;
	}
	tcb_input(&e->tcb, seg, now);
}

/*
 * Every answer to our FIN was lost, for longer than the peer's TIME-WAIT: it is gone for good, and
 * rightly. It has got everything.
 */
static bool outlived_time_wait(const struct end *e)
{
	const struct end *peer = e->peer;

	return tcb_fault(&e->tcb) == FAULT_TIMEOUT && tcb_finished(&e->tcb) &&
	       peer->tcb.state == TCPS_CLOSED && tcb_fault(&peer->tcb) == FAULT_NONE &&
	       peer->consumed == e->app.total;
}

void end_check_done(const struct end *e)
{
	if (outlived_time_wait(e))
		return;
	sim_check(e->tcb.state == TCPS_CLOSED, "%c: ends in %s", e->name,
		tcb_state_name(e->tcb.state));
	sim_check(tcb_fault(&e->tcb) == FAULT_NONE, "%c: %s", e->name,
		fault_name(tcb_fault(&e->tcb)));
	sim_check(e->written == e->app.total && e->consumed == e->peer->app.total,
		"%c: wrote %llu, read %llu of %llu", e->name, (unsigned long long)e->written,
		(unsigned long long)e->consumed, (unsigned long long)e->peer->app.total);
}
