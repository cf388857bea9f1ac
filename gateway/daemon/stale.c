/* SPDX-License-Identifier: GPL-3.0-or-later */
/* stale.c - actions that connections go on with though the policy in force has them no longer */
#include "gateway/daemon/stale.h"

#include "base/json_text.h"

#include <stdlib.h>

/* For each replaced policy, the flows of each of its rules. */
struct tally {
	const struct daemon *daemon;
	uint64_t *flows[DAEMON_RETIRED];
};

/* On a worker's thread. */
static void call_tally(struct worker *w, void *arg)
{
	const struct tally *t = arg;

	list_each (node, &w->intake.table.flows) {
		const struct flow *f = list_entry(node, struct flow, by_state);

		for (size_t i = 0; f->rule && i < t->daemon->retired_count; i++) {
			if (f->snapshot == t->daemon->retired[i])
				t->flows[i][f->rule->place]++;
		}
	}
}

static json_t *describe_rule(const struct snapshot *now, const struct snapshot *was,
	const struct rule *rule, uint64_t flows)
{
	return json_pack("{s:o, s:o, s:I, s:I, s:s}", "action", json_text(rule->action->name),
		"rule", json_text(rule->name), "generation", (json_int_t)was->generation, "flows",
		(json_int_t)flows, "because",
		snapshot_rule(now, rule->name) ? "action changed" : "rule gone");
}

json_t *stale_describe(struct daemon *d)
{
	struct tally t = {.daemon = d};
	json_t *list = json_array();

	for (size_t i = 0; i < d->retired_count; i++) {
		t.flows[i] = calloc(d->retired[i]->policy->rule_count + 1, sizeof(uint64_t));
		if (!t.flows[i])
			abort();
	}
	pool_call(&d->pool, call_tally, &t);
	for (size_t i = 0; i < d->retired_count; i++) {
		const struct snapshot *was = d->retired[i];

		for (size_t j = 0; j < was->policy->rule_count; j++) {
			const struct rule *rule = was->policy->rules[j];

			if (t.flows[i][j] && snapshot_stale(d->snapshot, rule))
				json_array_append_new(
					list, describe_rule(d->snapshot, was, rule, t.flows[i][j]));
		}
		free(t.flows[i]);
	}
	return list;
}
