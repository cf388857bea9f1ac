/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ini_value.c - has iniparser read the values, one well-formed section at a time
 *
 * What iniparser reads as meant is handed over as it was written. What it would cut or refuse (';'
 * and '#' inside a value, a line beyond its buffer) is handed over in quoted pieces and put
 * together again. A few entries at a time go through one memfd, since its look-ups are linear.
 */
#include <errno.h>
#include <fcntl.h>
#include <iniparser/iniparser.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/ini_internal.h"

enum {
	LINE_SAFE = 1000, /* iniparser's buffer is 1,024 with its own overhead */
	PIECE = 800,      /* bytes of a value per piece */
	BATCH = 64,       /* entries, or pieces of one value, per load */
};

/* iniparser prints to stderr, process-wide. What it has to say is said here, with line and key. */
__attribute__((format(printf, 1, 2))) static int be_quiet(const char *fmt, ...)
{
	(void)fmt;
	return 0;
}

static void silence(void)
{
	iniparser_set_error_callback(be_quiet);
}

static bool quoted(const char *raw)
{
	return *raw == '"' || *raw == '\'';
}

/* Whether iniparser reads "key = raw" as it is meant. */
static bool readable(const struct ini_entry *e)
{
	size_t len = strlen(e->value);

	if (strlen(e->key) + len > LINE_SAFE)
		return false;
	return quoted(e->value) ||
	       (!strpbrk(e->value, ";#") && (!len || e->value[len - 1] != '\\'));
}

/* Bytes of @text that one kind of quotes can hold, at most PIECE; sets the kind. */
static size_t piece_len(const char *text, char *quote)
{
	size_t n = 0;

	*quote = '"';
	for (bool decided = false; n < PIECE && text[n]; n++) {
		if (!quoted(text + n))
			continue;
		if (decided && text[n] == *quote)
			break;
		if (!decided)
			*quote = text[n] == '"' ? '\'' : '"';
		decided = true;
	}
	return n;
}

/* What iniparser makes of the lines written to @out, a stream on memfd @fd; NULL if it refuses. */
static dictionary *parse(FILE *out, int fd)
{
	char path[64];
	bool good = fflush(out) == 0 && ftruncate(fd, ftell(out)) == 0;

	if (fclose(out) != 0 || !good)
		return NULL;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return iniparser_load(path);
}

/* A stream that writes @fd from its start. */
static FILE *rewritten(int fd)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	FILE *out = copy >= 0 ? fdopen(copy, "w") : NULL;

	if (out)
		rewind(out);
	else if (copy >= 0)
		close(copy);
	return out;
}

/* Append the first pieces of @text to @value through iniparser. Return: bytes done, 0: failed */
static size_t pieces_parse(int fd, const char *text, char *value)
{
	FILE *out = rewritten(fd);
	const char *at = text;
	dictionary *d;
	int count = 0;

	if (!out)
		return 0;
	fputs("[p]\n", out);
	for (size_t n; *at && count < BATCH; at += n) {
		char quote;

		n = piece_len(at, &quote);
		fprintf(out, "%d = %c%.*s%c\n", count++, quote, (int)n, at, quote);
	}
	d = parse(out, fd);
	for (int i = 0; d && i < count; i++) {
		char name[16];
		const char *piece;

		snprintf(name, sizeof(name), "p:%d", i);
		piece = iniparser_getstring(d, name, "");
		if (strlen(piece) <= PIECE)
			value = stpcpy(value, piece);
	}
	iniparser_freedict(d);
	return d ? (size_t)(at - text) : 0;
}

/* Have iniparser read a value in pieces. Return: false if any byte of it was lost. */
static bool entry_parse(int fd, struct ini_entry *e)
{
	size_t skip = quoted(e->value), len = strlen(e->value) - 2 * skip;
	char *text = ini_strndup(e->value + skip, len);
	char *value = ini_alloc(NULL, len + (size_t)BATCH * PIECE + 1);
	size_t done = 0, n = 1;

	*value = '\0';
	while (done < len && n) {
		n = pieces_parse(fd, text + done, value + done);
		done = n && strlen(value + done) == n ? done + n : len + 1;
	}
	free(text);
	if (done == len) {
		free(e->value);
		e->value = ini_strndup(value, len);
	}
	free(value);
	return done == len;
}

/* Have iniparser read the @plain ones of the entries. Return: false if it lost any. */
static bool batch_parse(int fd, struct ini_entry *entries, const bool *plain, size_t count)
{
	FILE *out = rewritten(fd);
	bool good = true;
	dictionary *d;

	if (!out)
		return false;
	fputs("[e]\n", out);
	for (size_t i = 0; i < count; i++) {
		if (plain[i])
			fprintf(out, "%s = %s\n", entries[i].key, entries[i].value);
	}
	d = parse(out, fd);
	for (size_t i = 0; d && good && i < count; i++) {
		size_t len = strlen(entries[i].value) - (quoted(entries[i].value) ? 2 : 0);
		char name[LINE_SAFE + 8];
		const char *value;

		if (!plain[i])
			continue;
		snprintf(name, sizeof(name), "e:%s", entries[i].key);
		value = iniparser_getstring(d, name, NULL);
		good = value && strlen(value) == len;
		if (good)
			memcpy(entries[i].value, value, len + 1);
	}
	iniparser_freedict(d);
	return d && good;
}

static bool section_parse(int fd, struct ini_section *s)
{
	bool plain[BATCH], good = true;

	for (size_t at = 0; good && at < s->entry_count; at += BATCH) {
		size_t left = s->entry_count - at, count = left < BATCH ? left : BATCH;

		for (size_t i = 0; i < count; i++)
			plain[i] = readable(&s->entries[at + i]);
		good = batch_parse(fd, s->entries + at, plain, count);
		for (size_t i = 0; good && i < count; i++)
			good = plain[i] || entry_parse(fd, &s->entries[at + i]);
	}
	return good;
}

bool ini_values(struct ini *ini, struct err_list *err)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	int fd = memfd_create("ini", MFD_CLOEXEC);
	bool good = fd >= 0;

	pthread_once(&once, silence);
	if (fd < 0)
		err_add(err, "%s: no memory file for iniparser: %s", ini->path, strerror(errno));
	for (size_t i = 0; good && i < ini->section_count; i++) {
		good = section_parse(fd, &ini->sections[i]);
		if (!good)
			ini_error(err, &ini->sections[i], NULL,
				"iniparser cannot read it through /proc/self/fd");
	}
	if (fd >= 0)
		close(fd);
	return good;
}
