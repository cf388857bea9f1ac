/* SPDX-License-Identifier: GPL-3.0-or-later */
/* notation.c - segments as a line of text */
#include "notation.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* In the order in which they are written. */
static const struct {
	char letter;
	uint16_t flag;
} flag_letters[] = {{'F', SEG_FIN}, {'S', SEG_SYN}, {'R', SEG_RST}, {'P', SEG_PSH}, {'U', SEG_URG},
	{'E', SEG_ECE}, {'W', SEG_CWR}, {'.', SEG_ACK}};

enum { FLAG_LETTERS = sizeof(flag_letters) / sizeof(flag_letters[0]) };

static const char *const ecn_words[] = {"", "ect1", "ect0", "ce"}; /* by codepoint, RFC 3168 5 */

bool words_cut(struct words *w, char *line)
{
	*w = (struct words){0};
	for (char *p = line; *p; p++)
		if ((strchr("<>", *p) && p[1] && !isspace((unsigned char)p[1])) || *p == ',' ||
			(*p == '>' && p > line && !isspace((unsigned char)p[-1])))
			*p = ' ';
	while (*line) {
		line += strspn(line, " \t\n");
		if (!*line)
			break;
		if (w->count == WORDS_MAX)
			return false;
		w->word[w->count++] = line;
		line += strcspn(line, " \t\n");
		if (*line)
			*line++ = '\0';
	}
	return true;
}

const char *words_next(struct words *w)
{
	return w->at < w->count ? w->word[w->at++] : "";
}

bool number_read(const char *s, int64_t *n)
{
	char *end;

	*n = strtoll(s, &end, 10);
	return end != s && *end == '\0';
}

bool words_number(struct words *w, int64_t *n)
{
	return number_read(words_next(w), n);
}

static bool read_flags(struct segment *seg, const char *s)
{
	if (strcmp(s, "-") == 0)
		return true;
	for (; *s; s++) {
		unsigned i = 0;

		while (i < FLAG_LETTERS && flag_letters[i].letter != *s)
			i++;
		if (i == FLAG_LETTERS)
			return false;
		seg->flags |= flag_letters[i].flag;
	}
	return true;
}

/* "FROM:TO" and what follows. Return: that, or NULL */
static const char *read_pair(const char *s, int64_t *from, int64_t *to)
{
	char *end;

	*from = strtoll(s, &end, 10);
	if (end == s || *end != ':')
		return NULL;
	s = end + 1;
	*to = strtoll(s, &end, 10);
	return end == s ? NULL : end;
}

/* "FROM:TO(LEN)", where the two say the same */
static bool read_text(struct notation *n, const char *s, uint32_t seq0)
{
	int64_t from, to;
	char *end;

	s = read_pair(s, &from, &to);
	if (!s || *s != '(')
		return false;
	n->len = (uint32_t)strtoul(s + 1, &end, 10);
	n->seg.seq = seq0 + (uint32_t)from;
	return strcmp(end, ")") == 0 && to - from == n->len;
}

static bool read_sacks(struct segment *seg, struct words *w, uint32_t ack0)
{
	while (w->at < w->count && strchr(w->word[w->at], ':')) {
		int64_t from, to;
		const char *end = read_pair(words_next(w), &from, &to);

		if (!end || *end || seg->sack_count == SEGMENT_SACKS)
			return false;
		seg->sack[seg->sack_count++] =
			(struct sack_block){ack0 + (uint32_t)from, ack0 + (uint32_t)to};
	}
	return seg->sack_count > 0;
}

static bool read_numbers(struct words *w, int64_t *a, int64_t *b)
{
	return words_number(w, a) && (!b || words_number(w, b));
}

/* One of the words behind FROM:TO(LEN). */
static bool read_field(struct notation *n, const char *key, struct words *w, uint32_t ack0)
{
	struct segment *seg = &n->seg;
	int64_t a = 0, b = 0;

	if (strcmp(key, "sack") == 0)
		return read_sacks(seg, w, ack0);
	if (strcmp(key, "truncated") == 0) {
		seg->truncated = true;
		return true;
	}
	if (strcmp(key, "other") == 0) {
		n->other = true;
		return true;
	}
	for (uint8_t i = 1; i < 4; i++)
		if (strcmp(key, ecn_words[i]) == 0) {
			seg->ecn = i;
			return true;
		}
	if (!read_numbers(w, &a, strcmp(key, "ts") == 0 ? &b : NULL))
		return false;
	if (strcmp(key, "ack") == 0) {
		seg->ack = ack0 + (uint32_t)a;
	} else if (strcmp(key, "win") == 0) {
		seg->wnd = (uint16_t)a;
		n->has_wnd = true;
	} else if (strcmp(key, "ts") == 0) {
		seg->options |= SEG_OPT_TS;
		seg->ts_val = (uint32_t)a;
		seg->ts_ecr = (uint32_t)b;
	} else if (strcmp(key, "gso") == 0) {
		seg->gso_size = (uint16_t)a;
	} else {
		return false;
	}
	return true;
}

const char *notation_read(struct notation *n, struct words *w, uint32_t seq0, uint32_t ack0)
{
	*n = (struct notation){.seg.ack = ack0};
	if (!read_flags(&n->seg, words_next(w)))
		return "flags are of F S R P U E W and '.', or '-'";
	if (!read_text(n, words_next(w), seq0))
		return "FROM:TO(LEN) is expected, where LEN is TO - FROM";
	while (w->at < w->count)
		if (!read_field(n, words_next(w), w, ack0))
			return "a word that no segment has, or its number is wrong";
	return NULL;
}

/* Text that is written piece by piece into NOTATION_MAX bytes. */
struct pen {
	char *buf;
	size_t at;
	unsigned options;
};

static void __attribute__((format(printf, 2, 3))) put(struct pen *p, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(p->buf + p->at, NOTATION_MAX - p->at, fmt, ap);
	va_end(ap);
	if (n > 0)
		p->at += (size_t)n < NOTATION_MAX - p->at ? (size_t)n : NOTATION_MAX - p->at - 1;
}

/* What stands before the next option. */
static const char *comma(struct pen *p)
{
	return p->options++ ? ", " : " <";
}

static int32_t relative(uint32_t n, uint32_t zero)
{
	return (int32_t)(n - zero);
}

static void write_options(struct pen *p, const struct notation *n, uint32_t ack0)
{
	const struct segment *seg = &n->seg;

	if (seg->options & SEG_OPT_TS)
		put(p, "%sts %" PRIu32 " %" PRIu32, comma(p), seg->ts_val, seg->ts_ecr);
	for (unsigned i = 0; i < seg->sack_count; i++)
		put(p, "%s%s%" PRId32 ":%" PRId32, i ? " " : comma(p), i ? "" : "sack ",
			relative(seg->sack[i].from, ack0), relative(seg->sack[i].to, ack0));
	if (seg->gso_size)
		put(p, "%sgso %u", comma(p), seg->gso_size);
	if (seg->ecn)
		put(p, "%s%s", comma(p), ecn_words[seg->ecn & 3]);
	if (seg->truncated)
		put(p, "%struncated", comma(p));
	if (n->other)
		put(p, "%sother", comma(p));
	if (p->options)
		put(p, ">");
}

const char *notation_write(const struct notation *n, uint32_t seq0, uint32_t ack0, char *buf)
{
	struct pen p = {.buf = buf};
	const struct segment *seg = &n->seg;
	int64_t from = relative(seg->seq, seq0);

	buf[0] = '\0';
	for (unsigned i = 0; i < FLAG_LETTERS; i++)
		if (seg->flags & flag_letters[i].flag)
			put(&p, "%c", flag_letters[i].letter);
	if (!seg->flags)
		put(&p, "-");
	put(&p, " %" PRId64 ":%" PRId64 "(%" PRIu32 ")", from, from + n->len, n->len);
	if (seg->flags & SEG_ACK)
		put(&p, " ack %" PRId32, relative(seg->ack, ack0));
	if (n->has_wnd)
		put(&p, " win %u", seg->wnd);
	write_options(&p, n, ack0);
	return buf;
}
