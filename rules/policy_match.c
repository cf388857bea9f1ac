/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * policy_match.c - map a connection to a rule
 *
 * A condition holds, fails or is unknown. Everything here is one walk over the rules in order of
 * search; the functions differ in what they do about the unknown. Matching allocates nothing.
 */
#include <stdatomic.h>

#include "rules/interface.h"
#include "rules/job.h"
#include "rules/policy_index.h"
#include "rules/schedule.h"
#include "rules/set.h"

enum verdict { FAILS, UNKNOWN, HOLDS };

static inline enum verdict holds(bool condition)
{
	return condition ? HOLDS : FAILS;
}

/* Who opened it may be unknown (DIRECTION_BOTH), which a rule for one direction cannot judge. */
static enum verdict direction_check(const struct rule *r, const struct query *q)
{
	if (r->direction == DIRECTION_BOTH)
		return HOLDS;
	if (q->direction == DIRECTION_BOTH)
		return UNKNOWN;
	return holds(r->direction == q->direction);
}

static enum verdict local_port_check(const struct rule *r, const struct query *q)
{
	return holds(!r->local_port_count ||
		     port_ranges_hold(r->local_ports, r->local_port_count, q->tuple.local.port));
}

static enum verdict remote_port_check(const struct rule *r, const struct query *q)
{
	return holds(!r->remote_port_count ||
		     port_ranges_hold(r->remote_ports, r->remote_port_count, q->tuple.remote.port));
}

static enum verdict local_addr_check(const struct rule *r, const struct query *q)
{
	return holds(!r->local_addr_count ||
		     addr_ranges_hold(r->local_addrs, r->local_addr_count, &q->tuple.local.addr));
}

static enum verdict remote_addr_check(const struct rule *r, const struct query *q)
{
	return holds(!r->remote_addr_count || addr_ranges_hold(r->remote_addrs,
						      r->remote_addr_count, &q->tuple.remote.addr));
}

static enum verdict userid_check(const struct rule *r, const struct query *q)
{
	if (!r->has_userid)
		return HOLDS;
	if (!owner_has(&q->owner, OWNER_UID))
		return UNKNOWN;
	return holds(uid_ranges_hold(r->uids, r->uid_count, q->owner.uid));
}

/* One alternative that holds is enough; else one that is unknown leaves it open. */
static enum verdict jobname_check(const struct rule *r, const struct query *q)
{
	enum verdict best = r->job_count ? FAILS : HOLDS;

	for (size_t i = 0; i < r->job_count && best != HOLDS; i++) {
		if (!owner_has(&q->owner, r->jobs[i].fact))
			best = UNKNOWN;
		else if (job_fits(&r->jobs[i], &q->owner))
			best = HOLDS;
	}
	return best;
}

static enum verdict interface_check(const struct rule *r, const struct query *q)
{
	if (!r->interfaces)
		return HOLDS;
	if (!q->inside_interface)
		return UNKNOWN;
	return holds(interfaces_hold(r->interfaces, q->inside_interface));
}

static bool scheduled_at(const struct rule *r, int64_t t)
{
	for (size_t i = 0; i < r->schedule_count; i++) {
		if (schedule_holds(r->schedules[i], t))
			return true;
	}
	return !r->schedule_count;
}

static enum verdict time_check(const struct rule *r, const struct query *q)
{
	switch (q->when) {
	case QUERY_NOW: return holds(atomic_load_explicit(&r->active, memory_order_relaxed));
	case QUERY_AT: return holds(scheduled_at(r, q->at));
	default: return r->schedule_count ? UNKNOWN : HOLDS;
	}
}

int64_t policy_activate(struct policy *p, int64_t now)
{
	int64_t next = INT64_MAX;

	for (size_t i = 0; i < p->schedule_count; i++) {
		int64_t change = schedule_next(p->schedules[i], now);

		next = change < next ? change : next;
	}
	for (size_t i = 0; i < p->rule_count; i++) {
		if (p->rules[i]->schedule_count)
			atomic_store_explicit(&p->rules[i]->active, scheduled_at(p->rules[i], now),
				memory_order_relaxed);
	}
	return next;
}

unsigned rule_asks_owner(const struct rule *r)
{
	unsigned asks = r->has_userid ? OWNER_UID : 0;

	for (size_t i = 0; i < r->job_count; i++)
		asks |= r->jobs[i].fact;
	return asks;
}

/* Cheap ones first. */
static const struct {
	const char *key;
	enum verdict (*check)(const struct rule *r, const struct query *q);
} conditions[] = {
	{"direction", direction_check},
	{"time", time_check},
	{"remote_port", remote_port_check},
	{"local_port", local_port_check},
	{"remote_addr", remote_addr_check},
	{"local_addr", local_addr_check},
	{"inside_interface", interface_check},
	{"userid", userid_check},
	{"jobname", jobname_check},
};

/* All conditions of @r together; @key is set to the one that fails or, if none, is unknown. */
static enum verdict rule_check(const struct rule *r, const struct query *q, const char **key)
{
	enum verdict all = HOLDS;

	for (size_t i = 0; i < sizeof(conditions) / sizeof(conditions[0]); i++) {
		enum verdict v = conditions[i].check(r, q);

		if (v < all) {
			all = v;
			*key = conditions[i].key;
		}
		if (all == FAILS)
			break;
	}
	return all;
}

/* A walk over the rules that could take a connection, in order of search. */
struct search {
	const struct policy *policy;
	const struct query *query;
	struct policy_walk walk;
	size_t next; /* without an index */
};

static void search_init(struct search *s, const struct policy *p, const struct query *q)
{
	s->policy = p;
	s->query = q;
	s->next = 0;
	if (p->index)
		policy_walk_init(&s->walk, p->index, q);
}

/* The next rule that does not fail, and whether it holds. Return: NULL at the end. */
static const struct rule *search_next(struct search *s, enum verdict *verdict)
{
	uint32_t place;
	const char *key;

	for (;;) {
		if (s->policy->index ? !policy_walk_next(&s->walk, &place)
				     : s->next == s->policy->rule_count)
			return NULL;
		if (!s->policy->index)
			place = (uint32_t)s->next++;
		*verdict = rule_check(s->policy->rules[place], s->query, &key);
		if (*verdict != FAILS)
			return s->policy->rules[place];
	}
}

/* Whether a search ends with @r. */
static bool decides(const struct rule *r, enum verdict v)
{
	return v == HOLDS || (v == UNKNOWN && r->on_unknown != ON_UNKNOWN_NO_MATCH);
}

static enum outcome outcome_of(const struct rule *r, enum verdict v)
{
	return v == HOLDS || r->on_unknown == ON_UNKNOWN_MATCH ? OUTCOME_RULE
							       : OUTCOME_UNKNOWN_REJECT;
}

enum outcome policy_match(const struct policy *p, const struct query *q, const struct rule **rule)
{
	struct search s;
	enum verdict v;

	search_init(&s, p, q);
	while ((*rule = search_next(&s, &v))) {
		if (decides(*rule, v))
			return outcome_of(*rule, v);
	}
	return OUTCOME_UNMATCHED;
}

enum outcome policy_explain(const struct policy *p, const struct query *q, const struct rule **rule,
	struct explanation *passed, size_t *count)
{
	*rule = NULL;
	for (*count = 0; *count < p->rule_count; (*count)++) {
		const struct rule *r = p->rules[*count];
		const char *key = NULL;
		enum verdict v = rule_check(r, q, &key);

		if (decides(r, v)) {
			*rule = r;
			return outcome_of(r, v);
		}
		passed[*count] = (struct explanation){.rule = r, .condition = key};
	}
	return OUTCOME_UNMATCHED;
}

unsigned policy_wants_owner(const struct policy *p, const struct query *q)
{
	unsigned wants = 0, unknown = p->asks_owner & ~q->owner.known;
	const struct rule *r;
	struct search s;
	enum verdict v;

	search_init(&s, p, q);
	while (wants != unknown && (r = search_next(&s, &v)) && v == UNKNOWN)
		wants |= rule_asks_owner(r) & ~q->owner.known;
	return wants;
}

/* With the direction taken for granted, the first rule that is certain decides. */
static bool may_protect_one(const struct policy *p, const struct query *q)
{
	const struct rule *r;
	struct search s;
	enum verdict v;

	search_init(&s, p, q);
	while ((r = search_next(&s, &v))) {
		if (r->action->mode != ACTION_PASS)
			return true;
		if (v == HOLDS)
			return false;
	}
	return p->unmatched_reject;
}

bool policy_may_protect(const struct policy *p, const struct query *q)
{
	static const enum direction directions[] = {DIRECTION_OUTBOUND, DIRECTION_INBOUND};
	struct query one = *q;

	one.when = QUERY_EVER;
	for (size_t i = 0; i < 2; i++) {
		one.direction = directions[i];
		if ((q->direction & directions[i]) && may_protect_one(p, &one))
			return true;
	}
	return false;
}
