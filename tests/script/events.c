/* SPDX-License-Identifier: GPL-3.0-or-later */
/* events.c - what happens in a script: segments, the application's deeds, time */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "play.h"

/* Byte @n of either stream, the first being 1. */
static uint8_t stream_byte(uint64_t n, bool other)
{
	uint8_t b = (uint8_t)(n * 7 + n / 256);

	return other ? (uint8_t)~b : b;
}

/* ---- what the endpoint sends ---- */

static bool bytes_match(const struct play *p, const struct segment *seg)
{
	uint64_t at = seg->seq - p->params.iss;

	for (int k = 0; k < 2; k++)
		for (size_t i = 0; i < seg->payload[k].len; i++)
			if (seg->payload[k].ptr[i] != stream_byte(at++, false))
				return false;
	return true;
}

static const char *when_due(const struct play *p, char *buf, size_t size)
{
	usec_t at = tcb_deadline(&p->tcb);

	if (at == USEC_NEVER)
		snprintf(buf, size, "none");
	else
		snprintf(buf, size, "%.6f", (double)(at - PLAY_BEGINNING) / USEC_SEC);
	return buf;
}

static bool do_expect(struct play *p, struct words *w)
{
	char want[NOTATION_MAX], got[NOTATION_MAX], due[32];
	struct notation expected, sent;
	struct segment seg = {0};
	const char *wrong = notation_read(&expected, w, p->params.iss, p->params.irs);

	if (wrong)
		return play_fail(p, "%s", wrong);
	notation_write(&expected, p->params.iss, p->params.irs, want);
	if (!tcb_output(&p->tcb, p->now, &seg))
		return play_fail(p, "expected > %s\n\tgot      nothing (deadline %s)", want,
			when_due(p, due, sizeof(due)));
	sent = (struct notation){.seg = seg, .len = segment_payload_len(&seg)};
	sent.has_wnd = expected.has_wnd;
	sent.other = !bytes_match(p, &seg);
	notation_write(&sent, p->params.iss, p->params.irs, got);
	return strcmp(want, got) == 0 || play_fail(p, "expected > %s\n\tgot      > %s", want, got);
}

static bool do_silent(struct play *p, struct words *w)
{
	(void)w;
	return play_silence(p);
}

/* ---- what arrives ---- */

static bool do_arrive(struct play *p, struct words *w)
{
	struct notation n;
	const char *wrong = notation_read(&n, w, p->params.irs, p->params.iss);

	if (wrong)
		return play_fail(p, "%s", wrong);
	if (n.len > PLAY_TEXT_MAX)
		return play_fail(p, "at most %d bytes", PLAY_TEXT_MAX);
	for (uint32_t i = 0; i < n.len; i++)
		p->text[i] = stream_byte(n.seg.seq - p->params.irs + i, n.other);
	n.seg.payload[0] = span_of(p->text, n.len);
	if (!n.has_wnd)
		n.seg.wnd = (uint16_t)(p->params.snd_wnd >> p->params.snd_wscale);
	p->result = tcb_input(&p->tcb, &n.seg, p->now);
	return true;
}

/* ---- the application ---- */

static bool do_write(struct play *p, struct words *w)
{
	int64_t n;

	if (!play_count(p, w, &n))
		return false;
	if (n > PLAY_TEXT_MAX)
		return play_fail(p, "at most %d bytes", PLAY_TEXT_MAX);
	for (int64_t i = 0; i < n; i++)
		p->text[i] = stream_byte(1 + p->written + (uint64_t)i, false);
	p->written += (uint64_t)n;
	return ring_push(tcb_outbox(&p->tcb), span_of(p->text, (size_t)n)) ||
	       play_fail(p, "the outbox does not take so much");
}

static bool do_read(struct play *p, struct words *w)
{
	bool other;
	int64_t n;

	if (!play_count(p, w, &n))
		return false;
	other = strcmp(words_next(w), "other") == 0;
	while (n > 0) {
		struct span s = span_head(tcb_peek(&p->tcb), (size_t)n);

		if (s.len == 0)
			return play_fail(
				p, "expected %" PRId64 " bytes more to read\n\tgot      none", n);
		for (size_t i = 0; i < s.len; i++)
			if (s.ptr[i] != stream_byte(1 + p->consumed + i, other))
				return play_fail(p, "byte %" PRIu64 " is not the stream's",
					1 + p->consumed + i);
		tcb_consume(&p->tcb, s.len);
		p->consumed += s.len;
		n -= (int64_t)s.len;
	}
	return true;
}

static bool do_finish(struct play *p, struct words *w)
{
	(void)w;
	tcb_finish(&p->tcb);
	return true;
}

static bool do_abort(struct play *p, struct words *w)
{
	(void)w;
	tcb_abort(&p->tcb, FAULT_ADMIN);
	return true;
}

static bool do_probe(struct play *p, struct words *w)
{
	(void)w;
	tcb_probe(&p->tcb);
	return true;
}

static bool do_mss(struct play *p, struct words *w)
{
	int64_t n;

	if (!play_count(p, w, &n))
		return false;
	tcb_set_mss(&p->tcb, (uint16_t)n, p->now);
	return true;
}

static bool do_clock(struct play *p, struct words *w)
{
	int64_t n;

	if (!play_count(p, w, &n))
		return false;
	tcb_note_ts(&p->tcb, (uint32_t)n);
	return true;
}

/* ---- time ---- */

/* "40ms", "2s", "500us" */
static bool duration_read(const char *s, usec_t *d)
{
	static const struct {
		const char *unit;
		usec_t is;
	} units[] = {{"us", 1}, {"ms", USEC_MSEC}, {"s", USEC_SEC}};
	char *end;
	long long n = strtoll(s, &end, 10);

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (end == s || strcmp(end, units[i].unit) != 0)
			continue;
		*d = n * units[i].is;
		return true;
	}
	return false;
}

static bool do_advance(struct play *p, struct words *w)
{
	usec_t d;

	if (!duration_read(words_next(w), &d))
		return play_fail(p, "a duration is expected: 40ms, 2s, 500us");
	return play_until(p, p->now + d) && play_silence(p);
}

static const struct verb verbs[] = {
	{"<", do_arrive},
	{">", do_expect},
	{"silent", do_silent},
	{"write", do_write},
	{"read", do_read},
	{"finish", do_finish},
	{"abort", do_abort},
	{"probe", do_probe},
	{"mss", do_mss},
	{"clock", do_clock},
	{"advance", do_advance},
};

const struct verb *play_event(const char *word)
{
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (strcmp(verbs[i].word, word) == 0)
			return &verbs[i];
	return NULL;
}
