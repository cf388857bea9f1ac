/* SPDX-License-Identifier: GPL-3.0-or-later */
/* drive.c - let flows say what they have to say */
#include "gateway/worker/drive.h"

#include "gateway/worker/now.h"

void drive_later(struct worker *w, struct flow *f)
{
	if (list_empty(&f->dirty))
		list_append(&w->dirty, &f->dirty);
}

void drive_send(struct worker *w, enum side side, const struct segment *seg)
{
	if (inject_send(w->config->inject, side, seg)) {
		w->counts[WORKER_INJECTED]++;
		w->counts[WORKER_INJECTED_BYTES] += segment_payload_len(seg);
	} else {
		w->intake.drops[DROP_NO_LINK]++;
	}
}

static void send_output(struct worker *w, struct flow *f, usec_t now)
{
	struct segment seg;

	for (enum side side = SIDE_PLAIN; side < SIDES; side++) {
		while (flow_output(f, side, now, &seg))
			drive_send(w, side, &seg);
	}
}

void drive_flow(struct worker *w, struct flow *f, usec_t now)
{
	enum flow_state before = f->state;

	list_remove(&f->dirty);
	flow_advance(f, now); /* first: what has arrived may be what the deadline is about */
	flow_expire(f, now);
	send_output(w, f, now);
	flow_settle(f, now);
	if (before == FLOW_HANDSHAKE && f->state == FLOW_ESTABLISHED)
		w->intake.counts[INTAKE_ESTABLISHED]++;
	if (f->state == FLOW_DEAD)
		intake_end(&w->intake, f, now);
	else
		deadlines_set(&w->intake.table.deadlines, f, flow_deadline(f));
}

static void reset(struct worker *w, struct flow *f, enum fault why, usec_t now)
{
	if (flow_has_legs(f)) {
		flow_abort(f, why);
		drive_flow(w, f, now);
	} else if (f->state == FLOW_OPENING) {
		intake_retire(&w->intake, f);
	}
}

void drive_reset_all(struct worker *w, enum fault why)
{
	usec_t now = now_monotonic();

	list_each_safe (node, &w->intake.table.flows)
		reset(w, list_entry(node, struct flow, by_state), why, now);
	table_reap(&w->intake.table);
}

void drive_removed(struct worker *w, const struct snapshot *now_in_force)
{
	usec_t now = now_monotonic();

	list_each_safe (node, &w->intake.table.flows) {
		struct flow *f = list_entry(node, struct flow, by_state);

		if (!f->rule || f->rule->on_removal == ON_REMOVAL_KEEP ||
			snapshot_rule(now_in_force, f->rule->name))
			continue;
		if (f->rule->on_removal == ON_REMOVAL_RESET) {
			reset(w, f, FAULT_ADMIN, now);
		} else {
			flow_drain(f);
			drive_later(w, f);
		}
	}
	table_reap(&w->intake.table);
}
