/* SPDX-License-Identifier: GPL-3.0-or-later */
/* end.c - one end of the simulated connection: a tcb, an application, maybe some mischief */
#include "end.h"

#include "gateway/tcp/internal.h"
#include "mischief.h"
#include "report.h"
#include "steps.h"
#include "text.h"

enum { PUMP_MAX = 20000 };

void end_init(struct end *e, const struct tcb_params *params, uint64_t seed)
{
	struct watch *w = &e->watch;

	e->rng = rng_seed(seed);
	w->tcb = &e->tcb;
	w->params = *params;
	w->budget = (struct budget){.limit = (size_t)e->p->budget};
	w->shared = w->params.budget = &w->budget;
	w->total = (uint64_t)e->p->total;
	tcb_init(&e->tcb, &w->params, 0);
	watch_init(w);
}

void end_fini(struct end *e)
{
	tcb_fini(&e->tcb);
	watch_fini(&e->watch);
	sim_check(e->watch.budget.used == 0, "%s: %zu bytes leaked", e->watch.name,
		e->watch.budget.used);
}

/* ---- application ---- */

/* How far the dialogue has come: A speaks first, and waits for each answer to be complete. */
static uint64_t may_have_written(const struct end *e)
{
	uint64_t turns;

	if (!e->p->turn || !e->peer->p->turn || e->consumed == e->peer->watch.total)
		return e->watch.total;
	turns = e->consumed / (uint64_t)e->peer->p->turn + (e->watch.stream == PLACE_A);
	turns *= (uint64_t)e->p->turn;
	return turns < e->watch.total ? turns : e->watch.total;
}

static usec_t gap(struct end *e, int64_t longest)
{
	return longest ? rng_in(&e->rng, 1, longest) : 0;
}

static void app_write(struct end *e, usec_t now)
{
	struct ring *out = tcb_outbox(&e->tcb);
	uint64_t want = may_have_written(e) - e->written;

	want = seq_min(want, (uint64_t)rng_in(&e->rng, 1, e->p->write_chunk));
	want = seq_min(want, ring_room(out));
	while (want > 0) {
		size_t n = seq_min(want, 16384);

		if (!ring_push(out, text_at(e->watch.stream, e->written, n)))
			break;
		e->written += n;
		want -= n;
	}
	e->write_at = now + gap(e, e->p->write_gap);
	if (out->refused)
		e->write_at = usec_max(e->write_at, now + USEC_MSEC);
}

static void app_read(struct end *e, usec_t now)
{
	uint64_t most = (uint64_t)rng_in(&e->rng, 1, e->p->read_chunk);

	if (now >= e->p->pause_at && now < e->p->pause_at + e->p->pause_for) {
		e->read_at = e->p->pause_at + e->p->pause_for;
		return;
	}
	while (most > 0) {
		struct span s = span_head(tcb_peek(&e->tcb), seq_min(most, TEXT_PERIOD));

		if (s.len == 0)
			break;
		sim_check(span_equal(s, text_at(e->peer->watch.stream, e->consumed, s.len)),
			"%s: reads a wrong byte between %llu and %llu", e->watch.name,
			(unsigned long long)e->consumed, (unsigned long long)(e->consumed + s.len));
		e->consumed += s.len;
		most -= s.len;
		tcb_consume(&e->tcb, s.len);
	}
	e->read_at = now + gap(e, e->p->read_gap);
}

static bool is_open(const struct end *e)
{
	return e->tcb.state != TCPS_CLOSED && !tcb_finished(&e->tcb);
}

static bool may_write(const struct end *e)
{
	return is_open(e) && e->written < may_have_written(e) && ring_room(&e->tcb.snd.ring) > 0;
}

static bool may_finish(const struct end *e)
{
	return is_open(e) && e->written == e->watch.total &&
	       (!e->p->finish_after_peer || tcb_ended(&e->tcb));
}

static bool may_abort(const struct end *e)
{
	return !e->aborted && e->abort_at && e->tcb.state != TCPS_CLOSED;
}

static void app_run(struct end *e, usec_t now)
{
	if (may_abort(e) && now >= e->abort_at) {
		e->aborted = true;
		tcb_abort(&e->tcb, FAULT_ADMIN);
	}
	if (tcb_peek(&e->tcb).len && now >= e->read_at)
		app_read(e, now);
	if (may_write(e) && now >= e->write_at)
		app_write(e, now);
	if (tcb_ended(&e->tcb))
		sim_check(e->consumed == e->peer->watch.total, "%s: ended after %llu of %llu",
			e->watch.name, (unsigned long long)e->consumed,
			(unsigned long long)e->peer->watch.total);
	if (may_finish(e))
		tcb_finish(&e->tcb);
}

/* ---- sending ---- */

static void send_mischief(struct end *e, const struct segment *seg, usec_t now)
{
	struct act act = {
		.t = &e->tcb, .victim = &e->peer->tcb, .stream = e->watch.stream, .r = &e->rng};

	mischief_act(&act, (enum mischief)e->p->mischief, seg);
	for (unsigned i = 0; i < act.count; i++)
		link_send(e->out, &act.out[i], now);
}

static void pump(struct end *e, usec_t now)
{
	struct segment seg = {.ttl = 64};
	uint64_t before = steps;

	for (unsigned n = 0; tcb_output(&e->tcb, now, &seg); n++) {
		sim_check(n < PUMP_MAX, "%s: output does not end", e->watch.name);
		sim_check(steps_check(before), "%s: %llu steps for an output", e->watch.name,
			(unsigned long long)(steps - before));
		seg.src = e->watch.src;
		seg.dst = e->watch.dst;
		watch_output(&e->watch, &seg);
		if (e->p->mischief && now >= e->p->mischief_from)
			send_mischief(e, &seg, now);
		else
			link_send(e->out, &seg, now);
		before = steps;
	}
}

static usec_t next_event(const struct end *e)
{
	usec_t at = tcb_deadline(&e->tcb);

	if (may_write(e))
		at = usec_min(at, e->write_at);
	if (tcb_peek(&e->tcb).len)
		at = usec_min(at, e->read_at);
	if (may_abort(e))
		at = usec_min(at, e->abort_at);
	return at;
}

void end_run(struct end *e, usec_t now)
{
	/* the clock of the endpoint that is played is seen now and then */
	if (rng_chance(&e->rng, 500))
		tcb_note_ts(&e->tcb, e->watch.params.ts_val + (uint32_t)(now / USEC_MSEC));
	app_run(e, now);
	pump(e, now);
	watch_state(&e->watch, now);
	e->wake = next_event(e);
}

/* ---- the end ---- */

/*
 * Every answer to our FIN was lost, for longer than the peer's TIME-WAIT: it is gone for good, and
 * rightly. It has got everything.
 */
static bool outlived_time_wait(const struct end *e)
{
	const struct end *peer = e->peer;

	/* it is silent, or says that it knows nothing of us */
	if (tcb_fault(&e->tcb) != FAULT_TIMEOUT && tcb_fault(&e->tcb) != FAULT_PEER_RESET)
		return false;
	return tcb_finished(&e->tcb) && peer->tcb.state == TCPS_CLOSED &&
	       tcb_fault(&peer->tcb) == FAULT_NONE && peer->consumed == e->watch.total;
}

void end_check_done(const struct end *e)
{
	const char *name = e->watch.name;

	if (outlived_time_wait(e))
		return;
	sim_check(tcb_fault(&e->tcb) == FAULT_NONE, "%s: ends with: %s", name,
		fault_name(tcb_fault(&e->tcb)));
	sim_check(e->tcb.state == TCPS_CLOSED, "%s: waits for ever in %s, read %llu of %llu", name,
		tcb_state_name(e->tcb.state), (unsigned long long)e->consumed,
		(unsigned long long)e->peer->watch.total);
	sim_check(e->written == e->watch.total && e->consumed == e->peer->watch.total,
		"%s: wrote %llu, read %llu of %llu", name, (unsigned long long)e->written,
		(unsigned long long)e->consumed, (unsigned long long)e->peer->watch.total);
}
