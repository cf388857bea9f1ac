/* SPDX-License-Identifier: GPL-3.0-or-later */
/* player.c - play one script against a tcb in virtual time */
#include "player.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "play.h"

enum { LINE_BYTES = 256 };

bool play_fail(const struct play *p, const char *fmt, ...)
{
	va_list ap;

	fflush(stdout);
	fprintf(stderr, "%s:%u: at %.6f: ", p->name, p->line,
		(double)(p->now - PLAY_BEGINNING) / USEC_SEC);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "\n");
	return false;
}

bool play_silence(struct play *p)
{
	struct segment seg;
	struct notation n;
	char got[NOTATION_MAX];

	if (!tcb_output(&p->tcb, p->now, &seg))
		return true;
	n = (struct notation){.seg = seg, .len = segment_payload_len(&seg), .has_wnd = true};
	return play_fail(p, "expected nothing\n\tgot      > %s",
		notation_write(&n, p->params.iss, p->params.irs, got));
}

/* Let time pass up to @to; the endpoint has nothing to say before. */
bool play_until(struct play *p, usec_t to)
{
	if (to < p->now)
		return play_fail(p, "time does not go back");
	while (p->open && p->now < to) {
		usec_t next;

		if (!play_silence(p))
			return false;
		next = tcb_deadline(&p->tcb);
		if (next <= p->now)
			return play_fail(p, "silent, but its deadline is not in the future");
		p->now = usec_min(next, to);
	}
	p->now = to;
	return true;
}

bool play_seconds(const char *s, usec_t *t)
{
	usec_t unit = USEC_SEC;
	char *end;

	if (!isdigit((unsigned char)*s))
		return false;
	*t = strtoll(s, &end, 10) * USEC_SEC;
	if (*end == '.')
		for (end++; isdigit((unsigned char)*end) && unit > 1; end++)
			*t += (*end - '0') * (unit /= 10);
	return *end == '\0';
}

bool play_count(struct play *p, struct words *w, int64_t *n)
{
	return (words_number(w, n) && *n >= 0) || play_fail(p, "a number is expected");
}

/* ---- open ---- */

/* A setting of the connection: where its numbers go. */
struct setting {
	const char *word;
	unsigned numbers;
	void (*set)(struct play *p, const int64_t n[2]);
};

static void set_mss(struct play *p, const int64_t n[2])
{
	p->params.mss = (uint16_t)n[0];
}

static void set_sack(struct play *p, const int64_t n[2])
{
	(void)n;
	p->params.sack_ok = true;
}

static void set_ts(struct play *p, const int64_t n[2])
{
	p->params.ts_ok = true;
	p->params.ts_recent = (uint32_t)n[0];
	p->params.ts_val = (uint32_t)n[1];
}

static void set_window(struct play *p, const int64_t n[2])
{
	p->params.snd_wnd = (uint32_t)n[0];
}

static void set_offered(struct play *p, const int64_t n[2])
{
	p->params.rcv_wnd = (uint32_t)n[0];
}

static void set_shift(struct play *p, const int64_t n[2])
{
	p->params.snd_wscale = (uint8_t)n[0];
	p->params.rcv_wscale = (uint8_t)n[1];
}

static void set_iss(struct play *p, const int64_t n[2])
{
	p->params.iss = (uint32_t)n[0];
}

static void set_irs(struct play *p, const int64_t n[2])
{
	p->params.irs = (uint32_t)n[0];
}

static void set_buffer(struct play *p, const int64_t n[2])
{
	p->params.rcv_limit = (size_t)n[0];
}

static void set_outbox(struct play *p, const int64_t n[2])
{
	p->params.snd_limit = (size_t)n[0];
}

static void set_memory(struct play *p, const int64_t n[2])
{
	p->budget.limit = (size_t)n[0];
}

static void set_rtt(struct play *p, const int64_t n[2])
{
	p->params.rtt = n[0] * USEC_MSEC;
}

static void set_answers(struct play *p, const int64_t n[2])
{
	(void)n;
	p->params.answers = true;
}

static void set_near(struct play *p, const int64_t n[2])
{
	(void)n;
	p->params.near = true;
}

static void set_ack_due(struct play *p, const int64_t n[2])
{
	(void)n;
	p->params.ack_due = true;
}

static void set_ecn(struct play *p, const int64_t n[2])
{
	(void)n;
	p->params.ecn_ok = true;
}

static void set_settled(struct play *p, const int64_t n[2])
{
	(void)n;
	p->settled = true;
}

static const struct setting settings[] = {
	{"mss", 1, set_mss},
	{"sack", 0, set_sack},
	{"ts", 2, set_ts},
	{"window", 1, set_window},
	{"offered", 1, set_offered},
	{"shift", 2, set_shift},
	{"iss", 1, set_iss},
	{"irs", 1, set_irs},
	{"buffer", 1, set_buffer},
	{"outbox", 1, set_outbox},
	{"memory", 1, set_memory},
	{"rtt", 1, set_rtt},
	{"answers", 0, set_answers},
	{"near", 0, set_near},
	{"ack-due", 0, set_ack_due},
	{"settled", 0, set_settled},
	{"ecn", 0, set_ecn},
};

static const struct setting *setting_find(const char *word)
{
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
		if (strcmp(settings[i].word, word) == 0)
			return &settings[i];
	return NULL;
}

static bool open_connection(struct play *p, struct words *w)
{
	p->budget = (struct budget){.limit = SIZE_MAX};
	p->params = (struct tcb_params){
		.iss = 1000000,
		.irs = 5000000,
		.mss = 1000,
		.snd_wnd = 65535,
		.rcv_wnd = 65535,
		.rcv_limit = 65536,
		.snd_limit = 1 << 20,
		.budget = &p->budget,
	};
	while (w->at < w->count) {
		const struct setting *s = setting_find(words_next(w));
		int64_t n[2] = {0};

		if (!s)
			return play_fail(p, "no such setting: %s", w->word[w->at - 1]);
		for (unsigned i = 0; i < s->numbers; i++)
			if (!play_count(p, w, &n[i]))
				return false;
		s->set(p, n);
	}
	tcb_init(&p->tcb, &p->params, p->now);
	if (p->settled)
		p->tcb.quick = 0;
	p->open = true;
	return true;
}

/* ---- lines ---- */

/* The time that may begin a line; false if it is said wrongly, or something is sent before. */
static bool take_time(struct play *p, struct words *w)
{
	const char *word = w->word[0];
	bool from_here = *word == '+';
	usec_t t;

	if (!from_here && !isdigit((unsigned char)*word))
		return true;
	w->at++;
	if (!play_seconds(word + from_here, &t))
		return play_fail(p, "a time is seconds: 0.040 or +0.040");
	return play_until(p, (from_here ? p->now : PLAY_BEGINNING) + t);
}

static bool play_words(struct play *p, struct words *w)
{
	const struct verb *verb;
	const char *word;

	if (w->count == 0)
		return true;
	if (!take_time(p, w))
		return false;
	word = words_next(w);
	if (strcmp(word, "open") == 0)
		return p->open ? play_fail(p, "already open") : open_connection(p, w);
	if (!p->open)
		return play_fail(p, "\"open\" comes first");
	verb = play_event(word);
	if (!verb)
		verb = play_question(word);
	if (!verb)
		return play_fail(p, "what is \"%s\"?", word);
	if (!verb->play(p, w))
		return false;
	return w->at == w->count || play_fail(p, "what is \"%s\" at the end?", w->word[w->at]);
}

static bool play_line(struct play *p, char *line)
{
	struct words w;

	line[strcspn(line, "#")] = '\0';
	if (!words_cut(&w, line))
		return play_fail(p, "too many words");
	return play_words(p, &w);
}

static bool play_file(struct play *p, FILE *f)
{
	char line[LINE_BYTES];

	while (fgets(line, sizeof(line), f)) {
		p->line++;
		if (!play_line(p, line))
			return false;
	}
	return p->open ? play_silence(p) : play_fail(p, "an empty script");
}

bool player_run(const char *name)
{
	struct play *p = calloc(1, sizeof(*p));
	FILE *f = fopen(name, "r");
	bool passed = false;

	if (p && f) {
		p->name = name;
		p->now = PLAY_BEGINNING;
		passed = play_file(p, f);
		if (p->open)
			tcb_fini(&p->tcb);
		if (passed && p->budget.used > 0)
			passed = play_fail(p, "%zu bytes are not given back", p->budget.used);
	} else {
		fprintf(stderr, "%s: cannot be read\n", name);
	}
	if (f)
		fclose(f);
	free(p);
	return passed;
}
