/* SPDX-License-Identifier: GPL-3.0-or-later */
/* offline.c - questions about rule files that need no daemon */
#include "gateway/ctl/offline.h"

#include <ctype.h>
#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_text.h"
#include "base/rfc3339.h"
#include "rules/interface.h"
#include "rules/job.h"
#include "rules/policy.h"

static json_t *sentences(char *const *lines, size_t count)
{
	json_t *array = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(array, json_text(lines[i]));
	return array;
}

/* The policy as the gateway @s would have it. */
static struct policy *load(
	const char *const *files, size_t count, const struct settings *s, struct err_list *err)
{
	struct policy *p = policy_load_files(files, count, err);

	if (!p || !s)
		return p;
	p->unmatched_reject = s->unmatched_reject;
	interfaces_check(p, s, err);
	if (!err_any(err))
		return p;
	policy_put(p);
	return NULL;
}

enum ctl_exit offline_check(
	struct ctl *ctl, const char *const *files, size_t count, const struct settings *s)
{
	struct err_list *err = &ctl->err;
	struct policy *p = load(files, count, s, err);
	size_t rules = p ? p->rule_count : 0, actions = p ? p->action_count : 0;

	if (p)
		policy_review(p, REVIEW_CHECK, err);
	if (ctl->json) {
		json_t *verdict = json_pack("{s:b, s:I, s:I, s:o, s:o}", "ok", p != NULL, "rules",
			(json_int_t)rules, "actions", (json_int_t)actions, "errors",
			sentences(err->lines, err->count), "warnings",
			sentences(err->warnings, err->warning_count));

		ctl_print_json(verdict);
		json_decref(verdict);
		err_fini(err);
	} else if (p) {
		printf("the policy is good: %zu rule%s, %zu action%s\n", rules,
			rules == 1 ? "" : "s", actions, actions == 1 ? "" : "s");
	}
	if (!p)
		return CTL_FAILED;
	policy_put(p);
	return CTL_OK;
}

/* A user name or number. Return: false with a sentence */
static bool uid_parse(const char *text, uid_t *uid, struct err_list *err)
{
	const struct passwd *pw = getpwnam(text);
	unsigned long number;
	char *end;

	if (pw) {
		*uid = pw->pw_uid;
		return true;
	}
	errno = 0;
	number = strtoul(text, &end, 10);
	if (isdigit((unsigned char)*text) && !*end && errno == 0 && number < (uid_t)-1) {
		*uid = (uid_t)number;
		return true;
	}
	err_add(err, "--userid: this host has no account named %s", text);
	return false;
}

/* @jobname is freed by the caller, when @q is no longer used. */
static bool query_make(struct ctl *ctl, struct query *q, char **jobname)
{
	*q = (struct query){.owner.known = ctl->userid ? OWNER_UID : 0,
		.inside_interface = ctl->inside_interface};
	*jobname = ctl->jobname ? strdup(ctl->jobname) : NULL;
	if (*jobname && !job_claim(&q->owner, *jobname, &ctl->err))
		return false;
	if (ctl->at && rfc3339_parse(ctl->at, &q->at))
		q->when = QUERY_AT;
	q->direction =
		strcmp(ctl->direction, "outbound") == 0 ? DIRECTION_OUTBOUND : DIRECTION_INBOUND;
	return endpoint_parse(ctl->local, &q->tuple.local) &&
	       endpoint_parse(ctl->remote, &q->tuple.remote) &&
	       (!ctl->userid || uid_parse(ctl->userid, &q->owner.uid, &ctl->err));
}

static json_t *match_json(const struct policy *p, const struct query *q)
{
	static const char *const names[] = {
		[OUTCOME_RULE] = "rule",
		[OUTCOME_UNMATCHED] = "unmatched",
		[OUTCOME_UNKNOWN_REJECT] = "unknown-reject",
	};
	struct explanation *passed = calloc(p->rule_count + 1, sizeof(*passed));
	const struct rule *rule = NULL;
	json_t *rows = json_array();
	enum outcome outcome;
	const char *action;
	size_t count = 0;

	outcome = policy_explain(p, q, &rule, passed, &count);
	for (size_t i = 0; i < count; i++)
		json_array_append_new(
			rows, json_pack("{s:o, s:o}", "rule", json_text(passed[i].rule->name),
				      "condition", json_text(passed[i].condition)));
	free(passed);
	if (outcome == OUTCOME_RULE)
		action = rule->action->name;
	else
		action = outcome == OUTCOME_UNMATCHED && !p->unmatched_reject ? "pass" : "reject";
	return json_pack("{s:o, s:o, s:s, s:o}", "rule", json_text(rule ? rule->name : NULL),
		"action", json_text(action), "outcome", names[outcome], "passed_over", rows);
}

enum ctl_exit offline_match(struct ctl *ctl, const struct settings *s, json_t **result)
{
	struct policy *p = NULL;
	struct query q;
	char *jobname;

	if (query_make(ctl, &q, &jobname))
		p = load(ctl->files, ctl->file_count, s, &ctl->err);
	if (p)
		*result = match_json(p, &q);
	free(jobname);
	policy_put(p);
	return *result ? CTL_OK : CTL_FAILED;
}
