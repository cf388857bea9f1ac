/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * parameter.h - what an action or a level may say beyond the keys that have readers of their own
 *
 * One row for each parameter of AT-TLS: its key here, its values, and those of them that have an
 * effect. A value without effect is refused: a wish that is silently ignored would be worse.
 */
#ifndef ATTLS_RULES_PARAMETER_H
#define ATTLS_RULES_PARAMETER_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/tls/profile.h"

enum parameter_kind {
	PARAMETER_WORD,   /* one of @words */
	PARAMETER_NUMBER, /* @min to @max */
	PARAMETER_TIME,   /* a duration, @min to @max seconds */
	PARAMETER_BYTES,  /* a size, @min to @max */
	PARAMETER_TEXT,   /* @min to @max characters */
	PARAMETER_WORDS,  /* a list of @words */
};

enum parameter_place { PARAMETER_OF_ACTION, PARAMETER_OF_LEVEL };

/* Whose actions may say it. */
enum parameter_role { PARAMETER_FOR_BOTH, PARAMETER_FOR_CLIENT, PARAMETER_FOR_SERVER };

struct parameter {
	enum parameter_place place;
	enum parameter_role role;
	const char *key;
	const char *at_tls; /* the names there, for people */
	enum parameter_kind kind;
	int64_t min, max;
	const char *words; /* separated by '|' */
	/* Values with an effect, separated by '|'; of WORDS each item; "*": all; NULL: none yet */
	const char *built;
};

enum { PARAMETER_COUNT = 77 };

extern const struct parameter parameters[PARAMETER_COUNT];

/* What was said about each parameter. */
struct parameter_value {
	char *text;     /* as written; NULL: nothing */
	int64_t number; /* WORD: its place; NUMBER, BYTES: itself; TIME: milliseconds */
};

struct parameter_set {
	struct parameter_value values[PARAMETER_COUNT];
};

struct reader;

/** parameter_find() - the index of @key, which is one of @place; -1 if there is none */
int parameter_find(enum parameter_place place, const char *key);

/** parameter_names() - the keys of @place, NULL-terminated, static */
const char *const *parameter_names(enum parameter_place place);

/** parameter_read() - check @value and enter it into @set; complains of what has no effect yet */
void parameter_read(struct reader *r, int which, const char *value, struct parameter_set *set);

/** parameter_suits() - complain of what @set says and an action of @role must not */
void parameter_suits(struct reader *r, const struct parameter_set *set, enum tls_role role);

/** parameter_wishes() - @wishes of a profile, which borrow from @set */
void parameter_wishes(const struct parameter_set *set, struct wish wishes[WISHES]);

/** parameter_join() - copy what @from says into @to */
void parameter_join(struct parameter_set *to, const struct parameter_set *from);

void parameter_fini(struct parameter_set *set);

#endif
