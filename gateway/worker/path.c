/* SPDX-License-Identifier: GPL-3.0-or-later */
/* path.c - what the path says by ICMP: taken by worker 0, brought to the worker with the flow */
#include "gateway/worker/path.h"

#include "gateway/worker/drive.h"
#include "gateway/worker/mail.h"

void path_apply(struct worker *w, const struct icmp_error *e, usec_t now)
{
	const struct tuple wire = {.local = e->src, .remote = e->dst};
	const struct tuple plain = {.local = e->dst, .remote = e->src};
	enum side side = SIDE_WIRE;
	struct flow *f = table_find(&w->intake.table, SIDE_WIRE, &wire);

	if (!f) {
		f = table_find(&w->intake.table, SIDE_PLAIN, &plain);
		side = SIDE_PLAIN;
	}
	if (!f || !flow_has_legs(f))
		return;
	w->counts[WORKER_ICMP]++;
	if (e->too_big && flow_path_mtu(f, side, e->seq, e->mtu))
		drive_flow(w, f, now);
}

void path_take(struct worker *w, const struct packet *p, usec_t now)
{
	struct icmp_error e;

	queue_accept(&w->queue, p, p->mark, 0);
	if (!icmp_decode(&e, span_of(p->bytes, p->len)))
		return;
	path_apply(w, &e, now);
	for (unsigned i = 0; i < w->config->workers; i++) {
		if (&w->all[i] != w)
			mail_post(&w->all[i], &e);
	}
}
