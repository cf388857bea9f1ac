/* SPDX-License-Identifier: GPL-3.0-or-later */
/* command.c - TSO command text cut into commands, and a command into words */
#include "keyring/racdcert/command.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "keyring/heap.h"

enum { DEPTH_LIMIT = 4 };

/* One command as a single line, and where the next one begins. */
struct joined {
	char *text; /* owned */
	const char *rest;
	int lines;
};

/* Comments within one line; one that is not closed ends with the line. */
static void blank_comments(char *line)
{
	bool quoted = false;

	for (char *p = line; *p; p++) {
		char *end;

		if (*p == '\'')
			quoted = !quoted;
		if (quoted || p[0] != '/' || p[1] != '*')
			continue;
		end = strstr(p + 2, "*/");
		end = end ? end + 2 : p + strlen(p);
		memset(p, ' ', (size_t)(end - p));
		p = end - 1;
	}
}

static void cut_blanks(char *line)
{
	size_t len = strlen(line);

	while (len && isspace((unsigned char)line[len - 1]))
		line[--len] = '\0';
}

static char *next_line(const char **rest)
{
	size_t len = strcspn(*rest, "\n");
	char *line = heap_format("%.*s", (int)len, *rest);

	*rest += len + ((*rest)[len] == '\n');
	return line;
}

/* Take lines as long as they say that they go on. */
static void join_lines(struct joined *j, const char *text)
{
	bool more = true, trim = false;

	*j = (struct joined){.text = heap_copy(""), .rest = text};
	while (more && *j->rest) {
		char *line = next_line(&j->rest), *all;
		size_t len, skip;

		j->lines++;
		if (strncmp(line, "//", 2) == 0)
			line[0] = '\0';
		blank_comments(line);
		cut_blanks(line);
		len = strlen(line);
		more = len && (line[len - 1] == '+' || line[len - 1] == '-');
		skip = trim ? strspn(line, " \t") : 0;
		trim = more && line[len - 1] == '+';
		if (more)
			line[len - 1] = '\0';
		all = heap_format("%s%s", j->text, line + skip);
		free(line);
		free(j->text);
		j->text = all;
	}
}

static void add_word(struct command *c, char *text, int depth, bool quoted)
{
	c->words = heap_append(c->words, c->count, sizeof(*c->words));
	c->words[c->count++] = (struct word){.text = text, .depth = depth, .quoted = quoted};
}

/* 'It''s' from after its first quote. Return: what follows; NULL if it does not end. */
static const char *take_quoted(struct command *c, const char *p, int depth)
{
	char *text = heap_copy(p), *to = text;

	for (; *p; p++) {
		if (*p == '\'' && *++p != '\'')
			break;
		if (*p)
			*to++ = *p;
	}
	if (p[-1] != '\'' || to == text + strlen(text)) {
		free(text);
		return NULL;
	}
	*to = '\0';
	add_word(c, text, depth, true);
	return p;
}

static const char *take_plain(struct command *c, const char *p, int depth)
{
	size_t len = strcspn(p, " \t\r(),'");

	add_word(c, heap_format("%.*s", (int)len, p), depth, false);
	return p + len;
}

/* Return: NULL if all is well, else what is wrong. */
static const char *take_words(struct command *c, const char *p)
{
	int depth = 0;

	while (p && *p) {
		if (*p == '(' && (c->count == 0 || ++depth > DEPTH_LIMIT))
			return "has a parenthesis too many";
		if (*p == ')' && --depth < 0)
			return "closes a parenthesis that is not open";
		if (strchr("() \t\r,", *p))
			p++;
		else if (*p == '\'')
			p = take_quoted(c, p + 1, depth);
		else
			p = take_plain(c, p, depth);
	}
	if (!p)
		return "has a quote that is not closed";
	return depth ? "has a parenthesis that is not closed" : NULL;
}

static void command_fini(struct command *c)
{
	for (size_t i = 0; i < c->count; i++)
		free(c->words[i].text);
	free(c->words);
}

static bool add_command(struct commands *all, const char *text, int line, struct err_list *err)
{
	struct command c = {.line = line};
	const char *wrong = take_words(&c, text);

	if (wrong)
		err_add(err, "line %d: the command %s", line, wrong);
	if (wrong || c.count == 0) {
		command_fini(&c);
		return !wrong;
	}
	all->items = heap_append(all->items, all->count, sizeof(*all->items));
	all->items[all->count++] = c;
	return true;
}

bool commands_parse(struct commands *c, const char *text, struct err_list *err)
{
	bool good = true;
	int line = 1;

	*c = (struct commands){0};
	while (*text) {
		struct joined j;

		join_lines(&j, text);
		good = add_command(c, j.text, line, err) && good;
		text = j.rest;
		line += j.lines;
		free(j.text);
	}
	return good;
}

void commands_free(struct commands *c)
{
	for (size_t i = 0; i < c->count; i++)
		command_fini(&c->items[i]);
	free(c->items);
	*c = (struct commands){0};
}

size_t command_after(const struct command *c, size_t i)
{
	int depth = c->words[i].depth;

	for (i++; i < c->count && c->words[i].depth > depth;)
		i++;
	return i;
}

const char *command_value(const struct command *c, size_t i)
{
	size_t end = command_after(c, i);

	return end == i + 2 ? c->words[i + 1].text : NULL;
}

bool word_matches(const char *text, const char *keyword)
{
	size_t len = strlen(text);

	return strcasecmp(text, keyword) == 0 || (len >= 3 && strncasecmp(text, keyword, len) == 0);
}
