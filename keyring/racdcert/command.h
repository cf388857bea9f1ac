/* SPDX-License-Identifier: GPL-3.0-or-later */
/* command.h - TSO command text cut into commands, and a command into words */
#ifndef ATTLS_KEYRING_RACDCERT_COMMAND_H
#define ATTLS_KEYRING_RACDCERT_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* A word with what may stand in parentheses behind it: KEYWORD(VALUE ...), 'quoted value'. */
struct word {
	char *text; /* owned; quotes gone, doubled ones single */
	int depth;  /* how many parentheses it is in */
	bool quoted;
};

/* The words of one command; those in a word's parentheses follow it, one deeper. */
struct command {
	struct word *words;
	size_t count;
	int line; /* where it begins, from 1 */
};

struct commands {
	struct command *items;
	size_t count;
};

/**
 * commands_parse() - @text as TSO reads it
 * A line that ends in '-' or '+' is continued by the next, whose leading blanks count or do not.
 * Comments, and lines of JCL ("//..."), are left out. Commas are blanks.
 * Return: false with a sentence for what cannot be read; owned either way, commands_free()d.
 */
bool commands_parse(struct commands *c, const char *text, struct err_list *err);
void commands_free(struct commands *c);

/** command_after() - the word after @i and all in its parentheses, at most the end */
size_t command_after(const struct command *c, size_t i);

/** command_value() - the only word in the parentheses of word @i; NULL if there is not one alone */
const char *command_value(const struct command *c, size_t i);

/** word_matches() - whether @text is @keyword or its first three letters or more, any case */
bool word_matches(const char *text, const char *keyword);

#endif
