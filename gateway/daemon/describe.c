/* SPDX-License-Identifier: GPL-3.0-or-later */
/* describe.c - the daemon, its counters and its rules as JSON, for the control socket */
#include "gateway/daemon/describe.h"

#include "base/json_text.h"
#include "gateway/daemon/ringlist.h"
#include "gateway/daemon/uses.h"
#include "gateway/worker/now.h"

#include <stdlib.h>

/* What is asked of every worker, summed up on its own thread. */
struct census {
	uint64_t intake[INTAKE_COUNTS];
	uint64_t worker[WORKER_COUNTS];
	uint64_t drops[DROPS];
	uint64_t states[FLOW_STATES];
	size_t memory;
	uint64_t tombstones;
};

static void call_census(struct worker *w, void *arg)
{
	struct census *c = arg;

	for (size_t i = 0; i < INTAKE_COUNTS; i++)
		c->intake[i] += w->intake.counts[i];
	for (size_t i = 0; i < WORKER_COUNTS; i++)
		c->worker[i] += w->counts[i];
	for (size_t i = 0; i < DROPS; i++)
		c->drops[i] += w->intake.drops[i];
	list_each (node, &w->intake.table.flows)
		c->states[list_entry(node, struct flow, by_state)->state]++;
	c->memory += w->intake.budget.used;
	c->tombstones += w->intake.tombstones.count;
}

static json_t *number(uint64_t n)
{
	return json_integer((json_int_t)n);
}

static json_t *drops_of(const struct census *c)
{
	json_t *drops = json_object();

	for (size_t i = DROP_NONE + 1; i < DROPS; i++)
		json_object_set_new(drops, drop_name((enum drop)i), number(c->drops[i]));
	return drops;
}

json_t *describe_stats(struct daemon *d)
{
	struct census c = {0};
	json_t *counters = json_object();

	pool_call(&d->pool, call_census, &c);
	for (size_t i = 0; i < INTAKE_COUNTS; i++)
		json_object_set_new(
			counters, intake_count_name((enum intake_count)i), number(c.intake[i]));
	for (size_t i = 0; i < WORKER_COUNTS; i++)
		json_object_set_new(
			counters, worker_count_name((enum worker_count)i), number(c.worker[i]));
	return json_pack("{s:o, s:o, s:o, s:o}", "counters", counters, "drops", drops_of(&c),
		"rules", describe_rules(d), "keyring", ringlist_describe(d));
}

json_t *describe_status(struct daemon *d)
{
	struct census c = {0};
	size_t certs, rings;
	uint64_t tls;

	pool_call(&d->pool, call_census, &c);
	keystore_count(d->snapshot->keystore, &certs, &rings);
	tls = c.states[FLOW_HANDSHAKE] + c.states[FLOW_ESTABLISHED];
	return json_pack("{s:s, s:I, s:s, s:i, s:I, s:I, s:b, s:{s:I, s:I},"
			 " s:{s:I, s:I, s:I, s:I, s:I, s:I}, s:o, s:{s:I, s:I}}",
		"version", ATTLS_VERSION, "uptime_s",
		(json_int_t)((now_monotonic() - d->started) / USEC_SEC), "mode",
		d->settings->mode == MODE_HOST ? "host" : "router", "workers",
		(int)d->settings->workers, "generation", (json_int_t)d->snapshot->generation,
		"rules", (json_int_t)d->snapshot->policy->rule_count, "quiesced", (int)d->quiesced,
		"keyring", "certificates", (json_int_t)certs, "rings", (json_int_t)rings, "flows",
		"tls", (json_int_t)tls, "pass", (json_int_t)c.states[FLOW_PASS], "pending",
		(json_int_t)c.states[FLOW_OPENING], "linger", (json_int_t)c.tombstones,
		"closed_total", (json_int_t)c.intake[INTAKE_CLOSED], "reset_total",
		(json_int_t)c.intake[INTAKE_RESET], "drops", drops_of(&c), "memory", "used",
		(json_int_t)c.memory, "limit", (json_int_t)d->settings->memory);
}

/* ---- rules ---- */

json_t *describe_rules(struct daemon *d)
{
	const struct policy *p = d->snapshot->policy;
	struct rule_use *uses = uses_sum(d);
	usec_t now = now_monotonic();
	json_t *list = json_array();

	for (size_t i = 0; i < p->rule_count; i++) {
		const struct rule_use *use = &uses[i];

		json_array_append_new(list,
			json_pack("{s:o, s:b, s:I, s:o}", "rule", json_text(p->rules[i]->name),
				"active", (int)p->rules[i]->active, "hits", (json_int_t)use->hits,
				"last_used_s",
				use->hits ? number((uint64_t)((now - use->last_used) / USEC_SEC))
					  : json_null()));
	}
	free(uses);
	return list;
}
