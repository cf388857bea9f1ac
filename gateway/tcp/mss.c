/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * mss.c - how large a segment the path takes: lowered by reports and by silence, raised again
 *
 * A router that cannot forward a segment says so by ICMP, or says nothing (a black hole, RFC 2923
 * 2.1). The first is a fact; the second is guessed from full-size segments that time out in a row,
 * and may as well be a path that was down for a moment. So the first guess is held for a short
 * time only. Whatever the reason, the path may have changed since: the old size is tried again.
 */
#include "gateway/tcp/internal.h"

/* RFC 1191 6.3, 8201 5.3: not before 5 minutes, 10 recommended */
#define HOLD_KNOWN   (600 * USEC_SEC)
#define HOLD_GUESSED (30 * USEC_SEC)

enum { TIMEOUTS_PER_GUESS = 2, BASE_MSS = 1024 }; /* RFC 4821 7.2 */

/* Larger packets than that do not arrive, through no congestion (RFC 8201 5.4). */
static void lower(struct tcb *t, uint16_t mss, usec_t until)
{
	t->mss = mss;
	t->timer[TCB_TIMER_MSS] = until;
	cc_set_mss(&t->cc, tcb_payload_mss(t));
	if (t->rcv_mss > tcb_payload_mss(t))
		t->rcv_mss = tcb_payload_mss(t);
	for (unsigned i = 0; i < t->snd.count; i++) {
		const struct sent *r = sendq_record(&t->snd, i);

		if (r->to - r->from > tcb_payload_mss(t))
			sendq_lose(&t->snd, i);
	}
	sendq_join(&t->snd);
}

void tcb_set_mss(struct tcb *t, uint16_t mss, usec_t now)
{
	if (mss < TCB_MSS_MIN)
		mss = TCB_MSS_MIN;
	if (mss < t->mss && t->state != TCPS_CLOSED)
		lower(t, mss, now + HOLD_KNOWN);
}

static bool head_is_full(const struct tcb *t)
{
	const struct sent *head = sendq_record(&t->snd, 0);

	return seq_min(head->to, t->snd.fin) - head->from >= tcb_payload_mss(t);
}

void mss_timed_out(struct tcb *t, usec_t now)
{
	unsigned guess = t->attempts / TIMEOUTS_PER_GUESS;
	uint16_t mss = t->mss_floor;

	if (t->near || t->attempts % TIMEOUTS_PER_GUESS || !head_is_full(t))
		return;
	if (guess == 1 && mss < BASE_MSS)
		mss = BASE_MSS;
	if (mss >= t->mss)
		return;
	lower(t, mss, now + (t->mss_guessed ? HOLD_KNOWN : HOLD_GUESSED));
	t->mss_guessed = t->mss_guessed || mss == t->mss_floor;
}

void mss_hold_expired(struct tcb *t, usec_t now)
{
	(void)now;
	t->mss_guessed = true;
	t->mss = t->mss_most;
	cc_set_mss(&t->cc, tcb_payload_mss(t));
}
