/* SPDX-License-Identifier: GPL-3.0-or-later */
/* commands.c - what attlsctl can ask of the daemon */
#include "gateway/daemon/commands.h"

#include "base/json_text.h"
#include "base/log.h"
#include "base/rfc3339.h"
#include "gateway/daemon/adopt.h"
#include "gateway/daemon/describe.h"
#include "gateway/daemon/effective.h"
#include "gateway/daemon/flowlist.h"
#include "gateway/daemon/reload.h"
#include "gateway/daemon/ringlist.h"
#include "gateway/daemon/stale.h"
#include "gateway/worker/drive.h"
#include "rules/job.h"

#include <pwd.h>
#include <stdlib.h>

static bool command_status(void *ctx, const json_t *args, json_t **result, struct err_list *err)
{
	(void)args, (void)err;
	*result = describe_status(ctx);
	return true;
}

static bool command_flows(void *ctx, const json_t *args, json_t **result, struct err_list *err)
{
	(void)args, (void)err;
	*result = flowlist_describe(ctx);
	return true;
}

static bool command_stats(void *ctx, const json_t *args, json_t **result, struct err_list *err)
{
	(void)args, (void)err;
	*result = describe_stats(ctx);
	return true;
}

static bool command_keyring(void *ctx, const json_t *args, json_t **result, struct err_list *err)
{
	(void)args, (void)err;
	*result = ringlist_describe(ctx);
	return true;
}

static bool command_reload(void *ctx, const json_t *args, json_t **result, struct err_list *err)
{
	struct daemon *d = ctx;

	(void)args;
	if (!reload_run(d, err))
		return false;
	*result = json_pack("{s:I}", "generation", (json_int_t)d->snapshot->generation);
	return true;
}

/* With "effective": value by value, of the whole policy or of the rule that "rule" names. */
static bool show_effective(
	struct daemon *d, const json_t *args, json_t **result, struct err_list *err)
{
	const char *name = json_string_value(json_object_get(args, "rule"));
	const struct rule *rule = name ? snapshot_rule(d->snapshot, name) : NULL;

	if (name && !rule) {
		err_add(err, "there is no rule %s in the policy in force", name);
		return false;
	}
	*result = json_pack("{s:I, s:o, s:o}", "generation", (json_int_t)d->snapshot->generation,
		"effective", effective_describe(d, rule), "stale", stale_describe(d));
	return true;
}

static bool command_policy_show(
	void *ctx, const json_t *args, json_t **result, struct err_list *err)
{
	struct daemon *d = ctx;
	char *text = NULL;
	size_t len = 0;
	FILE *out;

	if (json_is_true(json_object_get(args, "effective")))
		return show_effective(d, args, result, err);
	out = open_memstream(&text, &len);
	if (!out) {
		err_add(err, "out of memory");
		return false;
	}
	policy_print(d->snapshot->policy, out);
	fclose(out);
	*result = json_pack("{s:I, s:o, s:o, s:o}", "generation",
		(json_int_t)d->snapshot->generation, "ini", json_text(text), "rules",
		describe_rules(d), "stale", stale_describe(d));
	free(text);
	return true;
}

/* ---- policy match ---- */

static bool take_endpoint(
	const json_t *args, const char *key, struct endpoint *e, struct err_list *err)
{
	const char *text = json_string_value(json_object_get(args, key));

	if (text && endpoint_parse(text, e))
		return true;
	err_add(err, "%s: \"%s\" is no ADDRESS:PORT", key, text ? text : "");
	return false;
}

static bool take_direction(const json_t *args, enum direction *d, struct err_list *err)
{
	const char *text = json_string_value(json_object_get(args, "direction"));

	if (text && strcmp(text, "outbound") == 0)
		*d = DIRECTION_OUTBOUND;
	else if (text && strcmp(text, "inbound") == 0)
		*d = DIRECTION_INBOUND;
	else
		err_add(err, "direction: \"%s\" is neither inbound nor outbound", text ? text : "");
	return !err_any(err);
}

static bool take_user(const json_t *args, struct query *q, struct err_list *err)
{
	const char *text = json_string_value(json_object_get(args, "userid"));
	const struct passwd *account;
	unsigned long long n;
	char *end;

	if (!text)
		return true;
	q->owner.known = OWNER_UID;
	n = strtoull(text, &end, 10);
	if (*text >= '0' && *text <= '9' && !*end && n < UINT32_MAX) {
		q->owner.uid = (uid_t)n;
		return true;
	}
	account = getpwnam(text);
	if (!account) {
		err_add(err, "userid: there is no account %s on this system", text);
		return false;
	}
	q->owner.uid = account->pw_uid;
	return true;
}

static bool take_time(const json_t *args, struct query *q, struct err_list *err)
{
	const char *text = json_string_value(json_object_get(args, "at"));

	if (!text)
		return true;
	q->when = QUERY_AT;
	if (rfc3339_parse(text, &q->at))
		return true;
	err_add(err, "at: \"%s\" is no instant, such as 2026-01-31T18:00:00Z", text);
	return false;
}

static json_t *passed_over(const struct explanation *passed, size_t count)
{
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(
			list, json_pack("{s:o, s:s}", "rule", json_text(passed[i].rule->name),
				      "condition", passed[i].condition));
	return list;
}

static json_t *explained(const struct policy *p, const struct query *q)
{
	static const char *const outcomes[] = {
		[OUTCOME_RULE] = "rule",
		[OUTCOME_UNMATCHED] = "unmatched",
		[OUTCOME_UNKNOWN_REJECT] = "unknown-reject",
	};
	struct explanation *passed = calloc(p->rule_count + 1, sizeof(*passed));
	const struct rule *rule = NULL;
	const char *action;
	enum outcome outcome;
	size_t count = 0;
	json_t *result;

	if (!passed)
		return NULL;
	outcome = policy_explain(p, q, &rule, passed, &count);
	action = outcome == OUTCOME_RULE                                ? rule->action->name
		 : outcome == OUTCOME_UNMATCHED && !p->unmatched_reject ? "pass"
									: "reject";
	result = json_pack("{s:o, s:o, s:s, s:o}", "rule", json_text(rule ? rule->name : NULL),
		"action", json_text(action), "outcome", outcomes[outcome], "passed_over",
		passed_over(passed, count));
	free(passed);
	return result;
}

static bool command_policy_match(
	void *ctx, const json_t *args, json_t **result, struct err_list *err)
{
	const struct policy *p = ((const struct daemon *)ctx)->snapshot->policy;
	const char *job = json_string_value(json_object_get(args, "jobname"));
	char *jobname = job ? strdup(job) : NULL;
	struct query q = {
		.inside_interface = json_string_value(json_object_get(args, "inside_interface"))};

	if (take_endpoint(args, "local", &q.tuple.local, err) &&
		take_endpoint(args, "remote", &q.tuple.remote, err) &&
		take_direction(args, &q.direction, err) && take_user(args, &q, err) &&
		take_time(args, &q, err) && (!jobname || job_claim(&q.owner, jobname, err))) {
		*result = explained(p, &q);
		if (!*result)
			err_add(err, "out of memory");
	}
	free(jobname);
	return !err_any(err);
}

/* ---- quiesce and resume, for attls-net ---- */

static void call_quiesce(struct worker *w, void *arg)
{
	w->intake.quiesced = *(bool *)arg;
	if (w->intake.quiesced)
		drive_reset_all(w, FAULT_ADMIN);
}

void daemon_quiesce(struct daemon *d, bool on)
{
	d->quiesced = on;
	pool_call(&d->pool, call_quiesce, &on);
	log_info(on ? "quiesced: no new connections, TLS flows reset" : "resumed");
}

static bool command_quiesce(void *ctx, const json_t *args, json_t **result, struct err_list *err)
{
	(void)args, (void)err;
	daemon_quiesce(ctx, true);
	*result = json_pack("{s:b}", "quiesced", 1);
	return true;
}

/* The devices may have been made anew since: attach again before anything is sent. */
static bool command_resume(void *ctx, const json_t *args, json_t **result, struct err_list *err)
{
	struct daemon *d = ctx;

	(void)args;
	if (!inject_reopen(&d->inject, err))
		return false;
	daemon_quiesce(d, false);
	adopt_established(d);
	*result = json_pack("{s:b}", "quiesced", 0);
	return true;
}

const struct control_command daemon_commands[] = {
	{"status", command_status},
	{"flows", command_flows},
	{"stats", command_stats},
	{"keyring", command_keyring},
	{"reload", command_reload},
	{"policy-show", command_policy_show},
	{"policy-match", command_policy_match},
	{"quiesce", command_quiesce},
	{"resume", command_resume},
	{NULL, NULL},
};
