/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lane_spec.c - the impairments of one direction from words */
#include "tests/impair/lane.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

struct unit {
	const char *suffix;
	double factor;
};

static const struct unit times[] = {{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {NULL, 0}};
static const struct unit shares[] = {{"%", 0.01}, {"", 1}, {NULL, 0}};
static const struct unit rates[] = {{"kbit", 125}, {"mbit", 125e3}, {"gbit", 125e6}, {NULL, 0}};
static const struct unit counts[] = {{"", 1}, {"k", 1e3}, {"m", 1e6}, {NULL, 0}};

static const struct key {
	const char *name;
	size_t offset;
	const struct unit *units;
} keys[] = {
	{"delay", offsetof(struct lane_spec, delay), times},
	{"jitter", offsetof(struct lane_spec, jitter), times},
	{"loss", offsetof(struct lane_spec, loss), shares},
	{"burst", offsetof(struct lane_spec, burst), counts},
	{"duplicate", offsetof(struct lane_spec, duplicate), shares},
	{"reorder", offsetof(struct lane_spec, reorder), shares},
	{"reorder_delay", offsetof(struct lane_spec, reorder_delay), times},
	{"corrupt", offsetof(struct lane_spec, corrupt), shares},
	{"rate", offsetof(struct lane_spec, rate), rates},
	{"queue", offsetof(struct lane_spec, queue), counts},
};

static const struct key *key_find(const char *name)
{
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (!strcmp(keys[i].name, name))
			return &keys[i];
	return NULL;
}

/* A number with its unit; a negative one is not understood. */
static bool value_read(const struct key *key, const char *text, double *value)
{
	char *end;
	double number = strtod(text, &end);

	if (end == text || !(number >= 0))
		return false;
	for (const struct unit *u = key->units; u->suffix; u++)
		if (!strcmp(u->suffix, end)) {
			*value = number * u->factor;
			return true;
		}
	return false;
}

const char *lane_spec_parse(struct lane_spec *spec, char *text)
{
	char *word, *value;

	while ((word = strsep(&text, ","))) {
		const struct key *key;

		if (!*word)
			continue;
		value = strchr(word, '=');
		if (!value)
			return word;
		*value++ = '\0';
		key = key_find(word);
		if (!key)
			return word;
		if (!value_read(key, value, (double *)(void *)((char *)spec + key->offset)))
			return value;
	}
	return NULL;
}
