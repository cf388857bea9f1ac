/* SPDX-License-Identifier: GPL-3.0-or-later */
/* path.c - what the path says by ICMP: taken by worker 0, brought to the worker with the flow */
#include "gateway/worker/path.h"

#include "gateway/worker/drive.h"
#include "gateway/worker/mail.h"
#include "gateway/worker/now.h"

static struct tuple toward_wire(const struct icmp_error *e)
{
	return (struct tuple){.local = e->src, .remote = e->dst};
}

static struct tuple toward_plain(const struct icmp_error *e)
{
	return (struct tuple){.local = e->dst, .remote = e->src};
}

/* The flow whose segment is quoted, and the side it was sent to. */
static struct flow *find_quoted(const struct table *t, const struct icmp_error *e, enum side *side)
{
	const struct tuple wire = toward_wire(e), plain = toward_plain(e);
	struct flow *f;

	*side = SIDE_WIRE;
	/* what we inject shows the plain side's addresses until this host has translated them */
	if ((f = table_find(t, SIDE_WIRE, &wire)) || (f = table_find(t, SIDE_PLAIN, &wire)))
		return f;
	*side = SIDE_PLAIN;
	return table_find(t, SIDE_PLAIN, &plain);
}

void path_apply(struct worker *w, const struct icmp_error *e)
{
	enum side side;
	struct flow *f = find_quoted(&w->intake.table, e, &side);

	if (!f || !flow_has_legs(f))
		return;
	w->counts[WORKER_ICMP]++;
	if (e->too_big && flow_path_mtu(f, side, e->seq, e->mtu, now_monotonic()))
		drive_later(w, f);
}

/* An error about a segment to the application quotes cleartext: it must not reach the network. */
static bool quotes_cleartext(const struct worker *w, const struct icmp_error *e)
{
	struct query q = {.tuple = toward_plain(e), .direction = DIRECTION_BOTH};
	const struct flow *f = table_find(&w->intake.table, SIDE_PLAIN, &q.tuple);

	return (f && flow_has_legs(f)) || policy_may_protect(w->intake.snapshot->policy, &q);
}

void path_take(struct worker *w, const struct packet *p)
{
	struct icmp_error e;
	bool readable = icmp_decode(&e, span_of(p->bytes, p->len));

	if (readable && quotes_cleartext(w, &e))
		queue_reject(&w->queue, p);
	else
		queue_accept(&w->queue, p, p->mark, 0);
	if (!readable)
		return;
	path_apply(w, &e);
	for (unsigned i = 0; i < w->config->workers; i++) {
		if (&w->all[i] != w)
			mail_post(&w->all[i], &e);
	}
}
