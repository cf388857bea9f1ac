/* SPDX-License-Identifier: GPL-3.0-or-later */
/* main.c - attls-net: packet filter rules, devices and settings that the gateway needs */
#include "gateway/net/net.h"

#include "base/log.h"
#include "rules/interface.h"
#include "rules/policy.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_CONFIG "/etc/attls/attls.ini"

struct options {
	const char *config;
	const char *command;
	const char *keep;
	const char *candidates;
	bool if_up;
	bool force;
	bool dry_run;
};

/* As little as possible: down must work with rule files that do not load, ready with any. */
enum needs { NEEDS_NOTHING, NEEDS_SETTINGS, NEEDS_POLICY };

static const struct command {
	const char *name;
	int (*run)(struct net *n);
	enum needs needs;
	int (*run_broken)(struct net *n); /* where the settings do not load, or NULL */
} commands[] = {
	{"up", net_up, NEEDS_POLICY, NULL},
	{"down", net_down, NEEDS_SETTINGS, NULL},
	{"show", net_show, NEEDS_POLICY, NULL},
	{"startup", net_startup, NEEDS_SETTINGS, net_startup_broken},
	{"ready", net_ready, NEEDS_NOTHING, NULL},
};

static const char usage_text[] =
	"usage: attls-net [-c FILE] up|down|show|startup|ready [OPTION]...\n"
	"  -c, --config FILE  settings (" DEFAULT_CONFIG ")\n"
	"  --keep FILE        up: keep the candidates listed in FILE too\n"
	"  --candidates FILE  up, show: the candidates of FILE instead of those of the policy\n"
	"  --if-up            up: do nothing unless rules are installed\n"
	"  --force            down: go on although the daemon cannot reset its flows\n"
	"  --dry-run          up, down: print what iptables-restore would be given\n"
	"  -h, --help         this text\n"
	"  -V, --version      version\n";

static _Noreturn void usage(void)
{
	fputs(usage_text, stderr);
	exit(NET_USAGE);
}

static void parse_options(struct options *o, int argc, char **argv)
{
	static const struct option longs[] = {
		{"config", required_argument, NULL, 'c'},
		{"keep", required_argument, NULL, 'k'},
		{"candidates", required_argument, NULL, 'l'},
		{"if-up", no_argument, NULL, 'i'},
		{"force", no_argument, NULL, 'f'},
		{"dry-run", no_argument, NULL, 'n'},
		{"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'V'},
		{0},
	};
	int c;

	*o = (struct options){.config = DEFAULT_CONFIG};
	while ((c = getopt_long(argc, argv, "c:hV", longs, NULL)) != -1) {
		switch (c) {
		case 'c': o->config = optarg; break;
		case 'k': o->keep = optarg; break;
		case 'l': o->candidates = optarg; break;
		case 'i': o->if_up = true; break;
		case 'f': o->force = true; break;
		case 'n': o->dry_run = true; break;
		case 'h': fputs(usage_text, stdout); exit(NET_OK);
		case 'V': puts("attls-net " ATTLS_VERSION); exit(NET_OK);
		default: usage();
		}
	}
	if (optind != argc - 1)
		usage();
	o->command = argv[optind];
}

static const struct command *command_find(const char *name)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(name, commands[i].name) == 0)
			return &commands[i];
	return NULL;
}

static void keep_candidates(struct net *n, const char *path)
{
	struct candidate_list kept = {0};
	FILE *in = fopen(path, "re");

	if (!in) {
		err_add(&n->err, "%s: %s", path, strerror(errno));
		return;
	}
	if (candidates_read(in, path, &kept, &n->err))
		candidates_join(&n->candidates, &kept);
	candidates_free(&kept);
	fclose(in);
}

static void policy_candidates(struct net *n)
{
	struct policy *p = policy_load(n->settings->rules, &n->err);

	if (!p)
		return;
	interfaces_check(p, n->settings, &n->err);
	p->unmatched_reject = n->settings->unmatched_reject;
	candidates_of(p, &n->candidates);
	policy_put(p);
}

/*
 * What a daemon has in force, and what its flows of earlier policies need, is written beside its
 * control socket: it counts, too, when the rule files say something else by now.
 */
static void load_candidates(struct net *n, const struct options *o)
{
	char in_force[PATH_MAX];

	if (o->candidates) {
		keep_candidates(n, o->candidates);
		return;
	}
	policy_candidates(n);
	snprintf(in_force, sizeof(in_force), "%s.candidates", n->settings->control);
	if (access(in_force, F_OK) == 0)
		keep_candidates(n, in_force);
	if (o->keep)
		keep_candidates(n, o->keep);
}

/* iptables stands in a folder that ordinary accounts, and some supervisors, have not in PATH. */
static void extend_path(void)
{
	const char *path = getenv("PATH");
	char more[4096];

	snprintf(more, sizeof(more), "%s%s/usr/sbin:/sbin", path ? path : "", path ? ":" : "");
	setenv("PATH", more, 1);
}

static int run_with_settings(const struct command *command, const struct options *o, struct net *n)
{
	struct settings *s = settings_load(o->config, &n->err);
	int status = NET_FAILED;

	if (!s)
		return command->run_broken ? command->run_broken(n) : status;
	n->settings = s;
	if (command->needs == NEEDS_POLICY)
		load_candidates(n, o);
	if (!err_any(&n->err))
		status = command->run(n);
	candidates_free(&n->candidates);
	settings_free(s);
	return status;
}

static int run(const struct command *command, const struct options *o, struct net *n)
{
	if (command->needs == NEEDS_NOTHING)
		return command->run(n);
	return run_with_settings(command, o, n);
}

int main(int argc, char **argv)
{
	const struct command *command;
	struct options o;
	struct net n;
	int status;

	parse_options(&o, argc, argv);
	command = command_find(o.command);
	if (!command)
		usage();
	log_open("attls-net", LOG_TARGET_STDERR, LOG_LEVEL_INFO);
	extend_path();
	n = (struct net){
		.config = o.config, .if_up = o.if_up, .force = o.force, .dry_run = o.dry_run};
	err_init(&n.err);
	status = run(command, &o, &n);
	for (size_t i = 0; i < n.err.warning_count; i++)
		log_warning("%s", n.err.warnings[i]);
	for (size_t i = 0; i < n.err.count; i++)
		log_error("%s", n.err.lines[i]);
	if (fflush(stdout) != 0)
		status = NET_FAILED;
	err_fini(&n.err);
	return status;
}
