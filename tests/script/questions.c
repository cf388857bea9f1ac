/* SPDX-License-Identifier: GPL-3.0-or-later */
/* questions.c - what a script asks of the endpoint: timers, state, figures */
#include <inttypes.h>
#include <stdio.h>

#include "play.h"

static bool do_drop(struct play *p, struct words *w)
{
	const char *want = words_next(w);

	return strcmp(want, drop_name(p->result)) == 0 ||
	       play_fail(p, "expected drop %s\n\tgot      drop %s", want, drop_name(p->result));
}

static bool same_time(const struct play *p, const char *what, usec_t at, struct words *w)
{
	const char *word = words_next(w);
	usec_t want = USEC_NEVER;
	char got[32] = "none";

	if (strcmp(word, "none") != 0 && !play_seconds(word, &want))
		return play_fail(p, "seconds from now are expected, or \"none\"");
	if (at != USEC_NEVER)
		at -= p->now;
	if (at == want)
		return true;
	if (at != USEC_NEVER)
		snprintf(got, sizeof(got), "%.6f", (double)at / USEC_SEC);
	return play_fail(p, "expected %s %s\n\tgot      %s %s", what, word, what, got);
}

static bool do_deadline(struct play *p, struct words *w)
{
	return play_silence(p) && same_time(p, "deadline", tcb_deadline(&p->tcb), w);
}

static bool do_timer(struct play *p, struct words *w)
{
	static const char *const names[] = {
		[TCB_TIMER_REXMT] = "rexmt",
		[TCB_TIMER_PROBE] = "probe",
		[TCB_TIMER_PERSIST] = "persist",
		[TCB_TIMER_ACK] = "ack",
		[TCB_TIMER_WAIT] = "wait",
	};
	const char *name = words_next(w);

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i] && strcmp(name, names[i]) == 0)
			return same_time(p, name, p->tcb.timer[i], w);
	return play_fail(p, "no timer has this name");
}

static bool same_word(const struct play *p, const char *what, const char *got, struct words *w)
{
	char want[256] = "";

	while (w->at < w->count) {
		size_t len = strlen(want);

		snprintf(want + len, sizeof(want) - len, "%s%s", len ? " " : "", words_next(w));
	}
	return strcmp(want, got) == 0 ||
	       play_fail(p, "expected %s %s\n\tgot      %s %s", what, want, what, got);
}

static bool do_state(struct play *p, struct words *w)
{
	return same_word(p, "state", tcb_state_name(p->tcb.state), w);
}

static bool do_fault(struct play *p, struct words *w)
{
	return same_word(p, "fault", fault_name(tcb_fault(&p->tcb)), w);
}

static bool do_ended(struct play *p, struct words *w)
{
	return same_word(p, "ended", tcb_ended(&p->tcb) ? "yes" : "no", w);
}

static bool same_number(struct play *p, const char *what, uint64_t got, struct words *w)
{
	int64_t want;

	if (!play_count(p, w, &want))
		return false;
	return (uint64_t)want == got ||
	       play_fail(
		       p, "expected %s %" PRId64 "\n\tgot      %s %" PRIu64, what, want, what, got);
}

static bool do_unread(struct play *p, struct words *w)
{
	return same_number(p, "unread", ring_len(&p->tcb.rcv.ring), w);
}

static bool do_cwnd(struct play *p, struct words *w)
{
	return same_number(p, "cwnd", p->tcb.cc.cubic.cwnd, w);
}

static bool do_ssthresh(struct play *p, struct words *w)
{
	return same_number(p, "ssthresh", p->tcb.cc.cubic.ssthresh, w);
}

static bool do_flight(struct play *p, struct words *w)
{
	return same_number(p, "flight", sendq_flight(&p->tcb.snd), w);
}

static bool do_edge(struct play *p, struct words *w)
{
	return same_number(p, "edge", p->tcb.snd_edge - p->tcb.iss, w);
}

static bool do_retransmits(struct play *p, struct words *w)
{
	return same_number(p, "retransmits", p->tcb.retransmits, w);
}

static bool do_held(struct play *p, struct words *w)
{
	return same_number(p, "held", p->budget.used, w);
}

static const struct verb verbs[] = {
	{"drop", do_drop},
	{"deadline", do_deadline},
	{"timer", do_timer},
	{"state", do_state},
	{"fault", do_fault},
	{"ended", do_ended},
	{"unread", do_unread},
	{"cwnd", do_cwnd},
	{"ssthresh", do_ssthresh},
	{"flight", do_flight},
	{"edge", do_edge},
	{"retransmits", do_retransmits},
	{"held", do_held},
};

const struct verb *play_question(const char *word)
{
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (strcmp(verbs[i].word, word) == 0)
			return &verbs[i];
	return NULL;
}
