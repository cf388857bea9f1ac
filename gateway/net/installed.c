/* SPDX-License-Identifier: GPL-3.0-or-later */
/* installed.c - which of our rules a table holds, and how to bring it to a plan; pure text */
#include "gateway/net/installed.h"

#include <stdlib.h>
#include <string.h>

static bool is_ours(const char *name)
{
	return strncmp(name, CHAIN_PREFIX, strlen(CHAIN_PREFIX)) == 0;
}

static void *grown(void *items, size_t count, size_t size)
{
	void *more = reallocarray(items, count + 1, size);

	if (!more)
		abort();
	return more;
}

static char *copied(const char *text, size_t len)
{
	char *copy = strndup(text, len);

	if (!copy)
		abort();
	return copy;
}

static void name_add(char ***names, size_t *count, const char *name, size_t len)
{
	*names = grown(*names, *count, sizeof(**names));
	(*names)[(*count)++] = copied(name, len);
}

/* The target of a saved rule if it jumps to us, else NULL. */
static const char *jump_target(const char *rule)
{
	for (const char *at = rule; (at = strstr(at, " -")); at++) {
		if ((at[2] == 'j' || at[2] == 'g') && at[3] == ' ' && is_ours(at + 4))
			return at + 4;
	}
	return NULL;
}

/* Where the reading of a table is: rules of one chain follow one another. */
struct reading {
	char *chain;
	bool foreign; /* the chain has shown a rule that is not a jump to us */
};

static void parse_rule(struct installed *in, const char *rule, struct reading *at)
{
	size_t chain_len = strcspn(rule, " ");

	if (!at->chain || strlen(at->chain) != chain_len ||
		strncmp(at->chain, rule, chain_len) != 0) {
		free(at->chain);
		*at = (struct reading){copied(rule, chain_len), false};
	}
	if (is_ours(rule)) {
		in->rule_count++;
	} else if (jump_target(rule)) {
		in->hooks = grown(in->hooks, in->hook_count, sizeof(*in->hooks));
		in->hooks[in->hook_count++] =
			(struct installed_hook){copied(rule, strlen(rule)), !at->foreign};
	} else {
		at->foreign = true;
	}
}

static void parse_line(struct installed *in, const char *line, struct reading *at)
{
	size_t len;

	if (line[0] == ':') {
		len = strcspn(line + 1, " ");
		if (is_ours(line + 1))
			name_add(&in->ours, &in->our_count, line + 1, len);
		else
			name_add(&in->others, &in->other_count, line + 1, len);
	} else if (strncmp(line, "-A ", 3) == 0) {
		parse_rule(in, line + 3, at);
	}
}

void installed_parse(struct installed *in, const char *saved)
{
	struct reading at = {0};

	*in = (struct installed){0};
	while (*saved) {
		size_t len = strcspn(saved, "\n");
		char *line = copied(saved, len);

		parse_line(in, line, &at);
		free(line);
		saved += len + (saved[len] == '\n');
	}
	free(at.chain);
}

static void names_free(char **names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(names[i]);
	free(names);
}

void installed_free(struct installed *in)
{
	names_free(in->ours, in->our_count);
	names_free(in->others, in->other_count);
	for (size_t i = 0; i < in->hook_count; i++)
		free(in->hooks[i].rule);
	free(in->hooks);
	*in = (struct installed){0};
}

/* Whether @hook applies: it is not optional or its chain exists. */
static bool hook_applies(const struct installed *in, const struct plan_hook *hook)
{
	if (!hook->optional)
		return true;
	for (size_t i = 0; i < in->other_count; i++)
		if (strcmp(in->others[i], hook->chain) == 0)
			return true;
	return false;
}

static bool hook_is(const struct installed_hook *have, const struct plan_hook *want)
{
	char rule[PLAN_MATCH + 96];

	snprintf(rule, sizeof(rule), "%s%s%s -j %s", want->chain, want->match[0] ? " " : "",
		want->match, want->target);
	return strcmp(have->rule, rule) == 0;
}

/* There once, and before the rules of others: need not be touched. */
static bool hook_is_placed(const struct installed *in, const struct plan_hook *want)
{
	size_t times = 0;
	bool first = false;

	for (size_t i = 0; i < in->hook_count; i++) {
		if (!hook_is(&in->hooks[i], want))
			continue;
		times++;
		first = first || in->hooks[i].first;
	}
	return times == 1 && first;
}

static bool hook_is_wanted(const struct installed *in, const struct installed_hook *have,
	const struct plan_table *want)
{
	for (size_t i = 0; i < want->hook_count; i++)
		if (hook_is(have, &want->hooks[i]) && hook_is_placed(in, &want->hooks[i]))
			return true;
	return false;
}

bool installed_hooked(const struct installed *in, const struct plan_table *want)
{
	for (size_t i = 0; i < want->hook_count; i++)
		if (hook_applies(in, &want->hooks[i]) && !hook_is_placed(in, &want->hooks[i]))
			return false;
	return true;
}

static bool chain_is_wanted(const char *name, const struct plan_table *want)
{
	for (size_t i = 0; i < want->chain_count; i++)
		if (strcmp(name, want->chains[i]) == 0)
			return true;
	return false;
}

static void change_hooks(FILE *out, const struct installed *in, const struct plan_table *want)
{
	for (size_t i = 0; i < in->hook_count; i++)
		if (!hook_is_wanted(in, &in->hooks[i], want))
			fprintf(out, "-D %s\n", in->hooks[i].rule);
	for (size_t i = 0; i < want->hook_count; i++) {
		const struct plan_hook *h = &want->hooks[i];

		if (hook_applies(in, h) && !hook_is_placed(in, h))
			fprintf(out, "-I %s 1%s%s -j %s\n", h->chain, h->match[0] ? " " : "",
				h->match, h->target);
	}
}

void installed_change(
	FILE *out, const char *table, const struct installed *in, const struct plan_table *want)
{
	if (!installed_any(in) && want->chain_count == 0)
		return;
	fprintf(out, "*%s\n", table);
	for (size_t i = 0; i < want->chain_count; i++)
		fprintf(out, ":%s - [0:0]\n", want->chains[i]);
	for (size_t i = 0; i < in->our_count; i++) /* naming a chain empties it */
		if (!chain_is_wanted(in->ours[i], want))
			fprintf(out, ":%s - [0:0]\n", in->ours[i]);
	change_hooks(out, in, want);
	if (want->rules)
		fputs(want->rules, out);
	for (size_t i = 0; i < in->our_count; i++)
		if (!chain_is_wanted(in->ours[i], want))
			fprintf(out, "-X %s\n", in->ours[i]);
	fputs("COMMIT\n", out);
}
