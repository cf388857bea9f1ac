/* SPDX-License-Identifier: GPL-3.0-or-later */
/* diff.c - which connections of a running gateway other rules would map differently */
#include "gateway/ctl/diff.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/json_text.h"

/* What a connection comes to; the texts are borrowed. */
struct mapping {
	const char *rule; /* NULL: none takes it */
	const char *action;
	const char *digest; /* of what the action says; NULL without a rule */
};

static const char *text_of(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

static unsigned owner_known(const json_t *flow)
{
	const json_t *name;
	unsigned known = 0;
	size_t i;

	json_array_foreach(json_object_get(flow, "owner_known"), i, name)
	{
		for (unsigned k = 0; json_is_string(name) && k < OWNER_FACTS; k++) {
			if (strcmp(owner_fact_name(k), json_string_value(name)) == 0)
				known |= 1u << k;
		}
	}
	return known;
}

static struct owner owner_of(const json_t *flow)
{
	return (struct owner){
		.known = owner_known(flow),
		.uid = (uid_t)json_integer_value(json_object_get(flow, "uid")),
		.cgroup = text_of(flow, "cgroup"),
		.unit = text_of(flow, "unit"),
		.container = text_of(flow, "container"),
		.container_name = text_of(flow, "container_name"),
		.process = text_of(flow, "process"),
		.exe = text_of(flow, "exe"),
	};
}

static enum direction direction_of(const json_t *flow)
{
	const char *text = text_of(flow, "direction");

	if (text && strcmp(text, "outbound") == 0)
		return DIRECTION_OUTBOUND;
	return text && strcmp(text, "inbound") == 0 ? DIRECTION_INBOUND : DIRECTION_BOTH;
}

/* The connection as it was at its SYN, time included: only the rules are to make a difference. */
static bool query_of(const json_t *flow, struct query *q)
{
	const char *local = text_of(flow, "local"), *remote = text_of(flow, "remote");

	*q = (struct query){
		.direction = direction_of(flow),
		.owner = owner_of(flow),
		.inside_interface = text_of(flow, "inside_interface"),
		.when = QUERY_AT,
		.at = time(NULL) - (int64_t)json_number_value(json_object_get(flow, "age_s")),
	};
	return local && remote && endpoint_parse(local, &q->tuple.local) &&
	       endpoint_parse(remote, &q->tuple.remote);
}

static struct mapping mapping_now(const json_t *flow)
{
	const char *action = text_of(flow, "action");

	return (struct mapping){
		.rule = text_of(flow, "rule"),
		.action = action ? action : "pass",
		.digest = text_of(flow, "action_digest"),
	};
}

/* @digest is room for the text. */
static struct mapping mapping_then(
	const struct policy *p, const struct query *q, char digest[ACTION_DIGEST_TEXT])
{
	const struct rule *rule;
	enum outcome outcome = policy_match(p, q, &rule);

	if (outcome == OUTCOME_RULE)
		return (struct mapping){
			rule->name, rule->action->name, action_digest_format(rule->action, digest)};
	return (struct mapping){
		.rule = rule ? rule->name : NULL,
		.action = outcome == OUTCOME_UNMATCHED && !p->unmatched_reject ? "pass" : "reject",
	};
}

static bool same(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

/* What tells the two apart; NULL: nothing. */
static const char *difference(const struct mapping *now, const struct mapping *then)
{
	if (!same(now->rule, then->rule))
		return "rule";
	if (!same(now->action, then->action))
		return "action";
	return same(now->digest, then->digest) ? NULL : "action changed";
}

static json_t *describe(
	const json_t *flow, const struct mapping *now, const struct mapping *then, const char *why)
{
	static const char *const keys[] = {"id", "local", "remote", "direction", "generation"};
	json_t *row = json_object();

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		json_object_set(row, keys[i], json_object_get(flow, keys[i]));
	json_object_set_new(row, "old_rule", json_text(now->rule));
	json_object_set_new(row, "old_action", json_text(now->action));
	json_object_set_new(row, "new_rule", json_text(then->rule));
	json_object_set_new(row, "new_action", json_text(then->action));
	json_object_set_new(row, "because", json_text(why));
	return row;
}

json_t *diff_flows(const json_t *flows, const struct policy *p, bool judges_owner)
{
	json_t *rows = json_array();
	const json_t *flow;
	size_t i;

	json_array_foreach(flows, i, flow)
	{
		char digest[ACTION_DIGEST_TEXT];
		struct mapping now = mapping_now(flow), then;
		const char *why;
		struct query q;

		if (!query_of(flow, &q))
			continue;
		then = mapping_then(p, &q, digest);
		why = difference(&now, &then);
		if (judges_owner && policy_wants_owner(p, &q)) {
			then = (struct mapping){0};
			why = "owner not known";
		}
		if (why)
			json_array_append_new(rows, describe(flow, &now, &then, why));
	}
	return json_pack(
		"{s:I, s:o}", "flows", (json_int_t)json_array_size(flows), "different", rows);
}
