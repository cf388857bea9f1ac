/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * policy_match.c - map a connection to a rule
 *
 * A condition holds, fails or is unknown. Everything here is one walk over the rules in order of
 * search; the functions differ in what they do about the unknown. Matching allocates nothing.
 */
#include "rules/policy.h"
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
	if (!q->owner_known)
		return UNKNOWN;
	return holds(uid_ranges_hold(r->uids, r->uid_count, q->uid));
}

/* Cheap ones first. */
static const struct {
	const char *key;
	enum verdict (*check)(const struct rule *r, const struct query *q);
} conditions[] = {
	{"direction", direction_check},
	{"remote_port", remote_port_check},
	{"local_port", local_port_check},
	{"remote_addr", remote_addr_check},
	{"local_addr", local_addr_check},
	{"userid", userid_check},
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

enum outcome policy_explain(const struct policy *p, const struct query *q, const struct rule **rule,
	struct explanation *passed, size_t *count)
{
	size_t n = 0;

	*rule = NULL;
	for (size_t i = 0; i < p->rule_count; i++) {
		const struct rule *r = p->rules[i];
		const char *key = NULL;
		enum verdict v = rule_check(r, q, &key);

		if (v == HOLDS || (v == UNKNOWN && r->action->mode == ACTION_TLS)) {
			*rule = r;
			if (count)
				*count = n;
			return v == HOLDS ? OUTCOME_RULE : OUTCOME_UNKNOWN_REJECT;
		}
		if (passed)
			passed[n++] = (struct explanation){.rule = r, .condition = key};
	}
	if (count)
		*count = n;
	return OUTCOME_UNMATCHED;
}

enum outcome policy_match(const struct policy *p, const struct query *q, const struct rule **rule)
{
	return policy_explain(p, q, rule, NULL, NULL);
}

bool policy_wants_owner(const struct policy *p, const struct query *q)
{
	struct query nobody = *q;

	nobody.owner_known = false;
	for (size_t i = 0; i < p->rule_count; i++) {
		const char *key;
		enum verdict v = rule_check(p->rules[i], &nobody, &key);

		if (v != FAILS)
			return v == UNKNOWN;
	}
	return false;
}

bool policy_may_protect(const struct policy *p, const struct query *q)
{
	for (size_t i = 0; i < p->rule_count; i++) {
		const struct rule *r = p->rules[i];
		const char *key;
		enum verdict v = rule_check(r, q, &key);

		if (v != FAILS && r->action->mode != ACTION_PASS)
			return true;
		if (v == HOLDS)
			return false;
	}
	return p->unmatched_reject;
}
