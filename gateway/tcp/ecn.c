/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ecn.c - explicit congestion notification (RFC 3168), reacted to by ABE (RFC 8511) */
#include "gateway/tcp/ecn.h"

#include "gateway/tcp/internal.h"

void ecn_arrived(struct tcb *t, const struct segment *seg)
{
	bool marked = seg->ecn == ECN_CE && segment_payload_len(seg) > 0;

	if (!t->ecn.ok)
		return;
	if (seg->flags & SEG_CWR)
		t->ecn.echo = false;
	if (!marked)
		return;
	t->ack_now |= !t->ecn.echo; /* the sooner it knows, the better */
	t->ecn.echo = true;
}

void ecn_echoed(struct tcb *t, uint64_t flight)
{
	/* in recovery the window has been reduced already */
	if (!t->ecn.ok || t->loss.phase != LOSS_OPEN || t->ecn.reduced || t->snd.una < t->ecn.end)
		return;
	cc_mark(&t->cc, flight);
	undo_end(&t->loss.undo);
	ecn_reduced(t);
}

void ecn_reduced(struct tcb *t)
{
	t->ecn.reduced = t->ecn.ok;
}

void ecn_mark(struct tcb *t, struct segment *seg)
{
	if (!t->ecn.ok || segment_payload_len(seg) == 0)
		return;
	seg->ecn = ECN_ECT0;
	if (!t->ecn.reduced)
		return;
	seg->flags |= SEG_CWR;
	t->ecn.reduced = false;
	t->ecn.end = t->snd.nxt;
}
