/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ctl.c - attlsctl: the verbs, each a row of a table */
#include "gateway/ctl/ctl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/ctl/client.h"
#include "gateway/ctl/cmdline.h"
#include "gateway/ctl/diff.h"
#include "base/columns.h"
#include "base/json_text.h"
#include "gateway/ctl/offline.h"
#include "gateway/ctl/render.h"
#include "rules/interface.h"

#define DEFAULT_INI "/etc/attls/attls.ini"

void ctl_print_json(const json_t *json)
{
	json_dumpf(json, stdout, JSON_INDENT(2) | JSON_ENCODE_ANY);
	putchar('\n');
}

static struct settings *ctl_settings(struct ctl *ctl)
{
	return settings_load(ctl->ini ? ctl->ini : DEFAULT_INI, &ctl->err);
}

/* Ask the daemon of the ini file. @args is taken over. */
static enum ctl_exit ctl_call(struct ctl *ctl, const char *command, json_t *args, json_t **result)
{
	struct settings *s = ctl_settings(ctl);
	enum ctl_exit code;

	if (!s) {
		json_decref(args);
		return CTL_FAILED;
	}
	code = client_call(s->control, command, args, result, &ctl->err);
	settings_free(s);
	return code;
}

/* Print @result as asked for and let go of it. */
static void ctl_show(
	const struct ctl *ctl, json_t *result, void (*render)(const json_t *result, FILE *out))
{
	if (ctl->json)
		ctl_print_json(result);
	else
		render(result, stdout);
	json_decref(result);
}

/* A verb that asks one thing and shows the answer. @args is taken over. */
static enum ctl_exit ctl_ask(struct ctl *ctl, const char *command, json_t *args,
	void (*render)(const json_t *result, FILE *out))
{
	json_t *result = NULL;
	enum ctl_exit code = ctl_call(ctl, command, args, &result);

	if (code == CTL_OK)
		ctl_show(ctl, result, render);
	return code;
}

static enum ctl_exit run_status(struct ctl *ctl)
{
	return ctl_ask(ctl, "status", NULL, render_status);
}

static enum ctl_exit run_flows(struct ctl *ctl)
{
	return ctl_ask(ctl, "flows", NULL, render_flows);
}

static enum ctl_exit run_policy_show(struct ctl *ctl)
{
	json_t *args = NULL;

	if (ctl->file_count > ctl->effective) {
		err_add(&ctl->err, "policy show takes one RULE, with --effective");
		return CTL_USAGE;
	}
	if (!ctl->effective)
		return ctl_ask(ctl, "policy-show", NULL, render_policy);
	args = json_pack("{s:b}", "effective", 1);
	if (ctl->file_count)
		json_object_set_new(args, "rule", json_text(ctl->files[0]));
	return ctl_ask(ctl, "policy-show", args, render_effective);
}

static enum ctl_exit run_stats(struct ctl *ctl)
{
	return ctl_ask(ctl, "stats", NULL, ctl->prometheus ? render_prometheus : render_stats);
}

static enum ctl_exit run_keyring(struct ctl *ctl)
{
	return ctl_ask(ctl, "keyring", NULL, render_keyring);
}

static enum ctl_exit run_reload(struct ctl *ctl)
{
	return ctl_ask(ctl, "reload", NULL, render_reload);
}

/*
 * What the rules are for: the ini file, if one was named or stands in the usual place.
 * Return: false after a complaint; @s may be NULL otherwise, and is owned.
 */
static bool ctl_gateway(struct ctl *ctl, struct settings **s)
{
	*s = NULL;
	if (!ctl->ini && access(DEFAULT_INI, F_OK) < 0)
		return true;
	*s = ctl_settings(ctl);
	return *s;
}

/* Without files: those that attls.ini names. */
static enum ctl_exit run_policy_check(struct ctl *ctl)
{
	struct settings *s = NULL;
	enum ctl_exit code = CTL_FAILED;

	if (ctl->file_count) {
		if (ctl_gateway(ctl, &s))
			code = offline_check(ctl, ctl->files, ctl->file_count, s);
	} else if ((s = ctl_settings(ctl))) {
		const char *path = s->rules;

		code = offline_check(ctl, &path, 1, s);
	}
	settings_free(s);
	return code;
}

/*
 * Files that do not load need no daemon to say so. What no rule takes is decided as the gateway's
 * ini file says.
 */
static enum ctl_exit run_policy_diff(struct ctl *ctl)
{
	struct settings *s = ctl_settings(ctl);
	struct policy *p = NULL;
	json_t *flows = NULL;
	enum ctl_exit code = CTL_FAILED;

	if (s && ctl->file_count)
		p = policy_load_files(ctl->files, ctl->file_count, &ctl->err);
	else if (s)
		p = policy_load(s->rules, &ctl->err);
	if (p)
		interfaces_check(p, s, &ctl->err);
	if (p && !err_any(&ctl->err))
		code = client_call(s->control, "flows", NULL, &flows, &ctl->err);
	if (code == CTL_OK) {
		p->unmatched_reject = s->unmatched_reject;
		ctl_show(ctl, diff_flows(flows, p, s->mode == MODE_HOST), render_diff);
	}
	json_decref(flows);
	policy_put(p);
	settings_free(s);
	return code;
}

static json_t *match_args(const struct ctl *ctl)
{
	const char *const pairs[][2] = {{"local", ctl->local}, {"remote", ctl->remote},
		{"direction", ctl->direction}, {"userid", ctl->userid}, {"jobname", ctl->jobname},
		{"at", ctl->at}, {"inside_interface", ctl->inside_interface}};
	json_t *args = json_object();

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		if (pairs[i][1])
			json_object_set_new(args, pairs[i][0], json_string(pairs[i][1]));
	}
	return args;
}

static enum ctl_exit run_policy_match(struct ctl *ctl)
{
	json_t *result = NULL;
	struct settings *s = NULL;
	enum ctl_exit code = CTL_FAILED;

	if (ctl->file_count == 0)
		code = ctl_call(ctl, "policy-match", match_args(ctl), &result);
	else if (ctl_gateway(ctl, &s))
		code = offline_match(ctl, s, &result);
	settings_free(s);
	if (code == CTL_OK)
		ctl_show(ctl, result, render_match);
	return code;
}

static const struct verb verbs[] = {
	{"status", "version, uptime, policy generation, flows, drops by reason", 0, 0, NULL,
		run_status},
	{"flows", "one row a connection", 0, 0, NULL, run_flows},
	{"policy show", "the policy in force, as INI", 0, OPT_EFFECTIVE, "[RULE]", run_policy_show},
	{"policy check",
		"whether rule files load (none given: those of the ini file); no daemon needed", 0,
		0, "[FILE]...", run_policy_check},
	{"policy match", "which rule takes a connection, and why others do not",
		OPT_LOCAL | OPT_REMOTE | OPT_DIRECTION,
		OPT_USERID | OPT_JOBNAME | OPT_INSIDE | OPT_AT | OPT_RULES, NULL, run_policy_match},
	{"policy diff",
		"which live connections rule files would map differently (none given: those of the "
		"ini file)",
		0, 0, "[FILE]...", run_policy_diff},
	{"keyring", "certificates that the policy uses: until when, and what is wrong", 0, 0, false,
		run_keyring},
	{"reload", "read rules and key rings anew; all or nothing", 0, 0, NULL, run_reload},
	{"stats", "counters since the start", 0, OPT_PROMETHEUS, NULL, run_stats},
	{0},
};

static void sentences_print(const struct err_list *err)
{
	for (size_t i = 0; i < err->warning_count; i++) {
		text_make_printable(err->warnings[i]);
		fprintf(stderr, "attlsctl: warning: %s\n", err->warnings[i]);
	}
	for (size_t i = 0; i < err->count; i++) {
		text_make_printable(err->lines[i]);
		fprintf(stderr, "attlsctl: %s\n", err->lines[i]);
	}
}

enum ctl_exit ctl_run(int argc, char **argv)
{
	const struct verb *verb = NULL;
	enum ctl_exit code;
	struct ctl ctl = {0};

	err_init(&ctl.err);
	switch (cmdline_parse(argc, argv, verbs, &ctl, &verb)) {
	case CMDLINE_RUN: code = verb->run(&ctl); break;
	case CMDLINE_DONE: code = CTL_OK; break;
	default: code = CTL_USAGE; break;
	}
	if (fflush(stdout) != 0 && code == CTL_OK) {
		err_add(&ctl.err, "cannot write the answer to standard output");
		code = CTL_FAILED;
	}
	sentences_print(&ctl.err);
	err_fini(&ctl.err);
	free(ctl.files);
	return code;
}
