/* SPDX-License-Identifier: GPL-3.0-or-later */
/* uses.c - how often each rule was used, and when last: summed over workers and reloads */
#include "gateway/daemon/uses.h"

#include <stdlib.h>

struct rule_use *uses_new(const struct snapshot *s)
{
	struct rule_use *uses = calloc(s->policy->rule_count + 1, sizeof(*uses));

	if (!uses)
		abort();
	return uses;
}

static void add(struct rule_use *to, const struct rule_use *from)
{
	to->hits += from->hits;
	to->last_used = usec_max(to->last_used, from->last_used);
}

void uses_add(const struct worker *w, struct rule_use *const *uses)
{
	for (size_t i = 0; w->intake.uses && i < w->intake.snapshot->policy->rule_count; i++)
		add(&(*uses)[i], &w->intake.uses[i]);
}

struct rule_use *uses_carry(
	struct rule_use *uses, const struct snapshot *was, const struct snapshot *now)
{
	struct rule_use *carried = uses_new(now);

	for (size_t i = 0; i < was->policy->rule_count; i++) {
		const struct rule *rule = snapshot_rule(now, was->policy->rules[i]->name);

		if (rule)
			carried[rule->place] = uses[i];
	}
	free(uses);
	return carried;
}

static void call_add(struct worker *w, void *arg)
{
	uses_add(w, arg);
}

struct rule_use *uses_sum(struct daemon *d)
{
	struct rule_use *uses = uses_new(d->snapshot);

	for (size_t i = 0; i < d->snapshot->policy->rule_count; i++)
		uses[i] = d->uses[i];
	pool_call(&d->pool, call_add, &uses);
	return uses;
}
