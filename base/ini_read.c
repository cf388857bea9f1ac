/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ini_read.c - the lines of an INI file: sections, keys and raw values, each with its line number
 *
 * A logical line is a physical line, joined with the next while it ends in a backslash. Comments
 * are cut from each physical line first, so a list can be commented item by item, and a comment
 * never continues. A comment starts with '#' or ';' at the start of a line or after white space,
 * outside a quoted value. Whatever is neither blank, comment, section header nor key = value is an
 * error: nothing is dropped without a word.
 */
#include "base/ini.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ini_internal.h"

struct reader {
	struct ini *ini;
	struct err_list *err;
	const char *next; /* start of the next physical line */
	const char *end;
	int line;   /* of the physical line last taken */
	int first;  /* of the logical line's first physical line */
	char *text; /* the logical line */
	size_t len;
	size_t room;
	char quote;      /* the quote that the value is inside of, or 0 */
	bool has_equals; /* the '=' of the logical line was seen */
	bool has_value;  /* so was the first character of its value */
	bool skipping;   /* below a broken section header: already complained about */
};

static void complain(struct reader *r, const char *key, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* "FILE:LINE: [section] key: sentence" about the current logical line. */
static void complain(struct reader *r, const char *key, const char *fmt, ...)
{
	const struct ini_section *s = NULL;
	char *sentence;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&sentence, fmt, ap) < 0)
		abort();
	va_end(ap);
	if (r->ini->section_count && !r->skipping)
		s = &r->ini->sections[r->ini->section_count - 1];
	ini_complain(r->err, r->ini->path, r->first, s, key, sentence);
	free(sentence);
}

static bool blank(char c)
{
	return c == ' ' || c == '\t';
}

static void append(struct reader *r, char c)
{
	if (r->len + 1 >= r->room)
		r->text = ini_alloc(r->text, r->room = r->room ? 2 * r->room : 256);
	r->text[r->len++] = c;
	r->text[r->len] = '\0';
}

/* Follow key, '=', and quotes, so that a '#' inside a quoted value is known to be one. */
static void track(struct reader *r, char c)
{
	if (r->quote) {
		if (c == r->quote)
			r->quote = 0;
	} else if (!r->has_equals) {
		r->has_equals = c == '=' && r->text[0] != '[';
	} else if (!r->has_value && !blank(c)) {
		r->has_value = true;
		if (c == '"' || c == '\'')
			r->quote = c;
	}
}

/*
 * Append the physical line from @at to @end without its comment.
 * Return: whether it ends in a backslash, which is not appended: the next line belongs to it.
 */
static bool line_append(struct reader *r, const char *at, const char *end)
{
	size_t start = r->len;

	for (const char *p = at; p < end; p++) {
		if ((*p == '#' || *p == ';') && !r->quote && (p == at || blank(p[-1])))
			break;
		if (r->len == 0 && blank(*p))
			continue;
		append(r, *p);
		track(r, *p);
	}
	while (r->len > start && blank(r->text[r->len - 1]))
		r->len--;
	if (r->len > start && r->text[r->len - 1] == '\\') {
		r->text[--r->len] = '\0';
		return true;
	}
	if (r->text)
		r->text[r->len] = '\0';
	return false;
}

/* Text that no INI file holds: control characters (a binary file, UTF-16, a stray CR). */
static bool line_is_text(struct reader *r, const char *at, const char *end)
{
	for (const char *p = at; p < end; p++) {
		if ((iscntrl((unsigned char)*p) && *p != '\t')) {
			r->first = r->line;
			complain(r, NULL, "control character 0x%02x: write plain text (UTF-8)",
				(unsigned char)*p);
			return false;
		}
	}
	return true;
}

static bool line_is_comment(const char *at, const char *end)
{
	while (at < end && blank(*at))
		at++;
	return at < end && (*at == '#' || *at == ';');
}

/* Take one physical line, without LF or CRLF. Return: false at the end. */
static bool line_take(struct reader *r, const char **at, const char **end)
{
	const char *lf;

	if (r->next >= r->end)
		return false;
	lf = memchr(r->next, '\n', (size_t)(r->end - r->next));
	*at = r->next;
	*end = lf ? lf : r->end;
	r->next = lf ? lf + 1 : r->end;
	if (*end > *at && (*end)[-1] == '\r')
		(*end)--;
	r->line++;
	return true;
}

/* Fill r->text with the next logical line. Return: false at the end of the file. */
static bool logical_line(struct reader *r)
{
	const char *at, *end;
	bool more = false;

	r->len = 0;
	r->quote = 0;
	r->has_equals = r->has_value = false;
	while (line_take(r, &at, &end)) {
		if (!more)
			r->first = r->line;
		if (!r->quote && line_is_comment(at, end)) {
			if (more)
				continue;
			return true;
		}
		if (!line_is_text(r, at, end))
			return true;
		more = line_append(r, at, end);
		if (!more)
			return true;
	}
	if (more) {
		complain(r, NULL, "the last line ends in a backslash, but nothing follows");
		r->len = 0;
		return true;
	}
	return false;
}

static void trim(const char **text, size_t *len)
{
	while (*len && blank(**text)) {
		(*text)++;
		(*len)--;
	}
	while (*len && blank((*text)[*len - 1]))
		(*len)--;
}

static void section_add(struct reader *r, const char *text, size_t len)
{
	struct ini *ini = r->ini;
	const char *name = text;
	size_t kind_len, name_len;

	while (name < text + len && !blank(*name))
		name++;
	kind_len = (size_t)(name - text);
	name_len = len - kind_len;
	trim(&name, &name_len);
	if ((ini->section_count & (ini->section_count - 1)) == 0) /* full at each power of two */
		ini->sections = ini_alloc(ini->sections,
			(ini->section_count ? 2 * ini->section_count : 1) * sizeof(*ini->sections));
	ini->sections[ini->section_count++] = (struct ini_section){
		.kind = ini_strndup(text, kind_len),
		.name = ini_strndup(name, name_len),
		.file = ini->path,
		.line = r->first,
	};
}

/* "[KIND NAME]" */
static void header(struct reader *r)
{
	const char *close = memchr(r->text, ']', r->len);
	const char *text = r->text + 1;
	size_t len = close ? (size_t)(close - text) : 0;

	r->skipping = true; /* until the header is found to be good */
	trim(&text, &len);
	if (!close)
		complain(r, NULL, "%s: a section header ends in ]", r->text);
	else if (close[1])
		complain(r, NULL, "%s: nothing but a comment may follow the ]", r->text);
	else if (len == 0)
		complain(r, NULL, "[]: a section needs a name");
	else if (memchr(text, ':', len))
		complain(r, NULL, "%s: a section name may not contain ':'", r->text);
	else if (memchr(text, '[', len))
		complain(r, NULL, "%s: a section name may not contain '['", r->text);
	else {
		section_add(r, text, len);
		r->skipping = false;
	}
}

static void entry_add(struct reader *r, const char *key, const char *value, size_t value_len)
{
	struct ini_section *s = &r->ini->sections[r->ini->section_count - 1];

	if ((s->entry_count & (s->entry_count - 1)) == 0)
		s->entries = ini_alloc(s->entries,
			(s->entry_count ? 2 * s->entry_count : 1) * sizeof(*s->entries));
	s->entries[s->entry_count++] = (struct ini_entry){
		.key = ini_strndup(key, strlen(key)),
		.value = ini_strndup(value, value_len),
		.line = r->first,
	};
}

/* A value that begins with a quote ends with the same one, and has no other of them. */
static bool quotes_fit(struct reader *r, const char *key, const char *value, size_t len)
{
	const char *close;

	if (len == 0 || (*value != '"' && *value != '\''))
		return true;
	close = memchr(value + 1, *value, len - 1);
	if (!close)
		complain(r, key, "the value begins with %c but does not end with it", *value);
	else if (close != value + len - 1)
		complain(r, key, "text after the closing quote: quote the value as a whole");
	return close == value + len - 1;
}

/* "KEY = VALUE" */
static void entry(struct reader *r)
{
	char *equals = memchr(r->text, '=', r->len);
	const char *key = r->text, *value;
	size_t key_len, value_len;

	if (!equals) {
		if (!r->skipping)
			complain(r, NULL, "\"%s\" is neither [section] nor key = value", r->text);
		return;
	}
	value = equals + 1;
	key_len = (size_t)(equals - r->text);
	value_len = r->len - key_len - 1;
	trim(&key, &key_len);
	trim(&value, &value_len);
	r->text[key - r->text + (ptrdiff_t)key_len] = '\0';
	if (r->skipping)
		return;
	if (key_len == 0)
		complain(r, NULL, "a key is missing before '='");
	else if (r->ini->section_count == 0)
		complain(r, key, "stands before the first [section]");
	else if (quotes_fit(r, key, value, value_len))
		entry_add(r, key, value, value_len);
}

static int compare_sections(const void *a, const void *b)
{
	const struct ini_section *x = *(const struct ini_section *const *)a;
	const struct ini_section *y = *(const struct ini_section *const *)b;
	int c = strcasecmp(x->kind, y->kind);

	if (c == 0)
		c = strcmp(x->name, y->name);
	return c ? c : x->line - y->line;
}

/* Kinds compare without case, names with: [rule A] and [rule a] are two rules. */
static void refuse_duplicate_sections(struct ini *ini, struct err_list *err)
{
	struct ini_section **sorted =
		ini_alloc(NULL, ini->section_count * sizeof(struct ini_section *));

	for (size_t i = 0; i < ini->section_count; i++)
		sorted[i] = &ini->sections[i];
	qsort(sorted, ini->section_count, sizeof(struct ini_section *), compare_sections);
	for (size_t i = 1; i < ini->section_count; i++) {
		const struct ini_section *a = sorted[i - 1], *b = sorted[i];

		if (strcasecmp(a->kind, b->kind) == 0 && strcmp(a->name, b->name) == 0)
			ini_error(err, b, NULL, "is there already, in line %d", a->line);
	}
	free(sorted);
}

static int compare_entries(const void *a, const void *b)
{
	const struct ini_entry *x = *(const struct ini_entry *const *)a;
	const struct ini_entry *y = *(const struct ini_entry *const *)b;
	int c = strcasecmp(x->key, y->key);

	return c ? c : x->line - y->line;
}

/* Take out the entries without a key. */
static void entries_compact(struct ini_section *s)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->entry_count; i++) {
		if (s->entries[i].key)
			s->entries[kept++] = s->entries[i];
	}
	s->entry_count = kept;
}

/* The first one stays, so that each key is there once for whoever goes on reading. */
static void refuse_duplicate_keys(struct ini_section *s, struct err_list *err)
{
	struct ini_entry **sorted = ini_alloc(NULL, s->entry_count * sizeof(struct ini_entry *));
	const struct ini_entry *first = NULL;
	char sentence[64];

	for (size_t i = 0; i < s->entry_count; i++)
		sorted[i] = &s->entries[i];
	qsort(sorted, s->entry_count, sizeof(struct ini_entry *), compare_entries);
	for (size_t i = 0; i < s->entry_count; i++) {
		struct ini_entry *e = sorted[i];

		if (!first || strcasecmp(first->key, e->key) != 0) {
			first = e;
			continue;
		}
		snprintf(sentence, sizeof(sentence), "is there already, in line %d", first->line);
		ini_complain(err, s->file, e->line, s, e->key, sentence);
		free(e->key);
		free(e->value);
		e->key = NULL;
	}
	free(sorted);
	entries_compact(s);
}

void ini_read(struct ini *ini, const char *text, size_t len, struct err_list *err)
{
	struct reader r = {.ini = ini, .err = err, .next = text, .end = text + len};

	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		r.next += 3;
	while (logical_line(&r)) {
		if (r.len == 0)
			continue;
		if (r.text[0] == '[')
			header(&r);
		else
			entry(&r);
	}
	free(r.text);
	refuse_duplicate_sections(ini, err);
	for (size_t i = 0; i < ini->section_count; i++)
		refuse_duplicate_keys(&ini->sections[i], err);
}
