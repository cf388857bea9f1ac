/* SPDX-License-Identifier: GPL-3.0-or-later */
/* play.h - a script that is being played; shared by the files that know its words */
#ifndef ATTLS_SCRIPT_PLAY_H
#define ATTLS_SCRIPT_PLAY_H

#include "gateway/tcp/tcb.h"
#include "notation.h"

#define PLAY_BEGINNING (100 * USEC_SEC) /* scripts count from here */

enum { PLAY_TEXT_MAX = 1 << 20 };

struct play {
	const char *name;
	unsigned line;
	bool open;
	bool settled; /* the first ACKs, which are never late, count as sent */
	struct tcb tcb;
	struct tcb_params params;
	struct budget budget;
	usec_t now;
	enum drop result; /* of the newest arrival */
	uint64_t written, consumed;
	uint8_t text[PLAY_TEXT_MAX];
};

/* A word of the language; it takes what follows it in the line from @w. */
struct verb {
	const char *word;
	bool (*play)(struct play *p, struct words *w);
};

/** play_fail() - say what is wrong with the line. Return: false */
bool play_fail(const struct play *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/** play_silence() - the endpoint has nothing to send now */
bool play_silence(struct play *p);

/** play_until() - let time pass up to @to; the endpoint has nothing to say before */
bool play_until(struct play *p, usec_t to);

/** play_seconds() - read seconds with up to six decimals */
bool play_seconds(const char *s, usec_t *t);

/** play_count() - the next word as a number that is not negative */
bool play_count(struct play *p, struct words *w, int64_t *n);

/** play_event() - a word for something that happens; NULL if @word is none */
const struct verb *play_event(const char *word);

/** play_question() - a word for something that is asked; NULL if @word is none */
const struct verb *play_question(const char *word);

#endif
