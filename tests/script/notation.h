/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * notation.h - segments as a line of text: "P. 1:1001(1000) ack 1 win 64 <ts 5 1, sack 7:8>"
 *
 * FLAGS are of F S R P U E W, and '.' for ACK; '-' for none. Sequence numbers are relative: the
 * first byte of either side is 1, its SYN was 0. "win" is the field as it stands in the header;
 * an expected segment without "win" leaves it open. Words within < >: "ts VAL ECR",
 * "sack FROM:TO ...", "gso SIZE", "ect0", "ect1", "ce", "truncated", and "other" for bytes that are
 * not those of the stream.
 */
#ifndef ATTLS_SCRIPT_NOTATION_H
#define ATTLS_SCRIPT_NOTATION_H

#include "gateway/packet/segment.h"

enum { WORDS_MAX = 48, NOTATION_MAX = 512 };

/* A line cut into words; borrowed from the buffer it was cut in. */
struct words {
	char *word[WORDS_MAX];
	unsigned count;
	unsigned at; /* the next to be taken */
};

/* A segment as it stands in a script. Numbers in @seg are absolute, its payload is not set. */
struct notation {
	struct segment seg;
	uint32_t len;
	bool has_wnd;
	bool other; /* bytes that are not those of the stream */
};

/** words_cut() - cut @line in place; '<', '>' and ',' that touch a word are taken off it */
bool words_cut(struct words *w, char *line);

/** words_next() - the next word, "" at the end */
const char *words_next(struct words *w);

/** words_number() - the next word as a number; false if it is none */
bool words_number(struct words *w, int64_t *n);

/** number_read() - all of @s as a decimal number */
bool number_read(const char *s, int64_t *n);

/**
 * notation_read() - the rest of @w as a segment
 * @seq0, @ack0: what relative numbers count from
 * Return: NULL, or what is wrong.
 */
const char *notation_read(struct notation *n, struct words *w, uint32_t seq0, uint32_t ack0);

/** notation_write() - the inverse, into @buf of NOTATION_MAX. Return: @buf */
const char *notation_write(const struct notation *n, uint32_t seq0, uint32_t ack0, char *buf);

#endif
