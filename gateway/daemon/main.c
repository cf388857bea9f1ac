/* SPDX-License-Identifier: GPL-3.0-or-later */
/* main.c - attlsd: arguments, order of start, the main thread's loop, order of the end */
#include "base/log.h"
#include "gateway/daemon/adopt.h"
#include "gateway/daemon/calendar.h"
#include "gateway/daemon/commands.h"
#include "gateway/daemon/filewatch.h"
#include "gateway/daemon/keywatch.h"
#include "gateway/daemon/notify.h"
#include "gateway/daemon/privilege.h"
#include "gateway/daemon/reload.h"
#include "gateway/daemon/recorded.h"
#include "gateway/daemon/ringlist.h"
#include "gateway/daemon/secrets.h"
#include "gateway/daemon/uses.h"
#include "gateway/daemon/watch.h"
#include "gateway/worker/capability.h"
#include "gateway/worker/now.h"
#include "keyring/token_local.h"

#include <errno.h>
#include <getopt.h>
#include <linux/capability.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define DEFAULT_INI "/etc/attls/attls.ini"

enum { EXIT_USAGE = 2, TICK_MS = 1000, SETTLE_MS = 500, CONTROL_MODE = 0600, WARN_S = 86400 };

static const char usage[] =
	"usage: attlsd [-c FILE] [--check]\n"
	"\n"
	"The AT-TLS gateway: takes the packets that attls-net's rules queue, and gives the\n"
	"connections that the policy selects TLS on the wire.\n"
	"\n"
	"  -c, --config FILE  settings, by default " DEFAULT_INI "\n"
	"      --check        read settings, rules and keyrings, print every problem, exit 0 or 1\n"
	"  -h, --help         this text\n"
	"  -V, --version      the version\n"
	"\n"
	"Runs in the foreground. SIGHUP reloads, SIGTERM resets all TLS flows and ends.\n";

static int print_problems(const struct err_list *err)
{
	for (size_t i = 0; i < err->warning_count; i++)
		fprintf(stderr, "attlsd: warning: %s\n", err->warnings[i]);
	for (size_t i = 0; i < err->count; i++)
		fprintf(stderr, "attlsd: %s\n", err->lines[i]);
	return err_any(err) ? EXIT_FAILURE : EXIT_SUCCESS;
}

static bool load_settings(struct daemon *d, struct err_list *err)
{
	d->settings = settings_load(d->ini, err);
	if (d->settings)
		log_open("attlsd", d->settings->log, d->settings->log_level);
	return d->settings != NULL;
}

static bool load_snapshot(struct daemon *d, struct err_list *err)
{
	struct manifest *seen = manifest_read(d->settings->keyring);

	d->snapshot = snapshot_load(d->settings, NULL, err);
	if (!d->snapshot) {
		manifest_free(seen);
		return false;
	}
	d->uses = uses_new(d->snapshot);
	keyrings_init(&d->keyrings, seen, err);
	return true;
}

static bool configure(const struct daemon *d, struct worker_config *config, struct err_list *err)
{
	const struct settings *s = d->settings;

	*config = (struct worker_config){
		.inject = &d->inject,
		.snapshot = d->snapshot,
		.key_fds = d->keeper.fds + 1,
		.workers = s->workers,
		.queue_base = (uint16_t)s->queue_base,
		.mark = s->mark,
		.host = s->mode == MODE_HOST,
		.outside = s->outside,
		.limits = {.memory = s->memory / s->workers,
			.buffer = s->buffer,
			.flows = s->flows / s->workers + 1,
			.near = s->mode == MODE_HOST},
	};
	for (char **name = s->inside; *name; name++) {
		if (if_nametoindex(*name) == 0)
			err_add(err, "%s: [gateway] inside: there is no interface %s here", d->ini,
				*name);
	}
	return !err_any(err);
}

/* The rules that are up were made for a number of workers; ours must be the same. */
static bool adopt_workers(struct daemon *d, struct err_list *err)
{
	unsigned recorded = recorded_workers(d->settings);

	if (recorded == 0 || recorded == d->settings->workers)
		return true;
	err_add(err,
		"%s: [gateway] workers: the rules that are up are for %u workers, not %u; run "
		"attls-net -c %s up",
		d->ini, recorded, d->settings->workers, d->ini);
	return false;
}

/* CAP_SYS_PTRACE was for the owner thread, which is there by now. */
static void give_up_lent(void)
{
	static const int own[] = {CAP_NET_ADMIN, CAP_DAC_READ_SEARCH, CAP_DAC_OVERRIDE};

	capability_only(own, sizeof(own) / sizeof(own[0]));
}

/*
 * End the startup window, in any case: [startup] may have been taken out since. Who did not ask for
 * one is not refused a gateway because nobody can tell whether there is one.
 */
static bool open_window(struct daemon *d, struct err_list *err)
{
	struct err_list said;
	bool ok;

	if (d->settings->startup.wanted)
		return helper_ready(&d->helper, err);
	err_init(&said);
	ok = helper_ready(&d->helper, &said);
	for (size_t i = 0; !ok && i < said.count; i++)
		err_warn(err, "attls-net ready: %s", said.lines[i]);
	err_fini(&said);
	return true;
}

/*
 * In order: what forks before what threads; what needs privileges before they go; what is read
 * after that, so that a reload, which has no more privileges, can read it too.
 */
static bool start(struct daemon *d, struct err_list *err)
{
	struct worker_config config;

	if (!load_settings(d, err) || !adopt_workers(d, err) ||
		!helper_start(&d->helper, d->ini, d->settings, err) ||
		!keeper_start(&d->keeper, d->settings, err))
		return false;
	d->control = control_open(d->settings->control, CONTROL_MODE, daemon_commands, d, err);
	if (!d->control || !inject_open(&d->inject, err) ||
		!privilege_drop(d->settings->user, err) || !load_snapshot(d, err) ||
		!configure(d, &config, err) || !pool_open(&d->pool, &config, err) ||
		!reload_note(d, err))
		return false;
	adopt_established(d);
	if (!pool_start(&d->pool, err))
		return false;
	give_up_lent();
	return open_window(d, err);
}

static void stop(struct daemon *d)
{
	bool served = d->control != NULL;

	control_close(d->control);
	pool_close(&d->pool);
	inject_close(&d->inject);
	helper_stop(&d->helper, served);
	keeper_stop(&d->keeper); /* its keys end with it, and need not be given up one by one */
	for (size_t i = 0; i < d->retired_count; i++)
		snapshot_put(d->retired[i]);
	free(d->retired);
	snapshot_put(d->snapshot);
	keyrings_fini(&d->keyrings);
	free(d->uses);
	settings_free(d->settings);
}

static void hangup(struct daemon *d)
{
	struct err_list err;

	err_init(&err);
	notify_send("RELOADING=1");
	if (!reload_run(d, &err)) {
		for (size_t i = 0; i < err.count; i++)
			log_error("reload: %s", err.lines[i]);
		log_error("reload: the policy in force is unchanged");
	}
	notify_send("READY=1");
	err_fini(&err);
}

static int open_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* Return: whether to go on. */
static bool take_signal(struct daemon *d, int fd)
{
	struct signalfd_siginfo si;

	if (read(fd, &si, sizeof(si)) != (ssize_t)sizeof(si))
		return true;
	if (si.ssi_signo != SIGHUP)
		return false;
	hangup(d);
	return true;
}

/* Changes come in bursts and are looked at a while after the first. */
static void note_change(usec_t *look_at)
{
	if (*look_at == USEC_NEVER)
		*look_at = now_monotonic() + SETTLE_MS * USEC_MSEC;
}

/* Milliseconds for poll(). */
static int waiting_time(const struct daemon *d, usec_t look_at)
{
	usec_t left = look_at == USEC_NEVER ? USEC_NEVER : look_at - now_monotonic();

	if (d->retired_count || d->damaged)
		left = usec_min(left, TICK_MS * USEC_MSEC);
	if (left == USEC_NEVER)
		return -1;
	return left <= 0 ? 0 : (int)(left / USEC_MSEC) + 1;
}

/* What the main thread waits for. */
enum source { SIGNALS, CONTROL, RULES, CALENDAR, FILES, KEYRINGS, SOURCES };

struct loop {
	struct pollfd fds[SOURCES];
	usec_t look_at;   /* at the packet filter rules */
	usec_t reload_at; /* since a rule file has changed */
	usec_t warn_at;   /* of certificates that expire */
	struct keywatch keys;
};

static usec_t next_look(const struct loop *l)
{
	return usec_min(usec_min(l->warn_at, l->keys.due), usec_min(l->look_at, l->reload_at));
}

/* Watch first, look then: what changes in between is looked at again. */
static void look_at_keyrings(struct daemon *d, struct loop *l, usec_t now)
{
	keywatch_renew(&l->keys, d->settings->keyring);
	l->fds[KEYRINGS].fd = l->keys.fd;
	reload_keyrings(d);
	if (l->keys.partial || manifest_has_links(d->keyrings.seen))
		keywatch_poll(&l->keys, now);
}

static void run_due(struct daemon *d, struct loop *l)
{
	usec_t now = now_monotonic();

	if (now >= l->look_at || d->damaged) {
		watch_check(d);
		watch_drain(l->fds[RULES].fd);
		l->look_at = USEC_NEVER;
	}
	if (now >= l->reload_at) {
		l->reload_at = USEC_NEVER;
		log_info("a rule file has changed");
		hangup(d);
	}
	if (now >= l->keys.due)
		look_at_keyrings(d, l, now);
	if (now >= l->warn_at) {
		ringlist_warn(d);
		l->warn_at = now + WARN_S * USEC_SEC;
	}
}

/* Return: whether to go on. */
static bool run_ready(struct daemon *d, struct loop *l)
{
	bool go_on = true;

	if (l->fds[RULES].revents) {
		watch_drain(l->fds[RULES].fd);
		note_change(&l->look_at);
	}
	if (l->fds[FILES].revents && filewatch_drain(l->fds[FILES].fd, d->settings))
		note_change(&l->reload_at);
	if (l->fds[KEYRINGS].revents)
		keywatch_note(&l->keys, now_monotonic());
	if (l->fds[CONTROL].revents)
		control_serve(d->control);
	if (l->fds[SIGNALS].revents)
		go_on = take_signal(d, l->fds[SIGNALS].fd);
	if (l->fds[CALENDAR].revents)
		calendar_run(d, l->fds[CALENDAR].fd);
	return go_on;
}

static void run(struct daemon *d, int signals)
{
	struct loop l = {
		.fds = {[SIGNALS] = {.fd = signals, .events = POLLIN},
			[CONTROL] = {.fd = control_fd(d->control), .events = POLLIN},
			[RULES] = {.fd = watch_open(), .events = POLLIN},
			[CALENDAR] = {.fd = calendar_open(), .events = POLLIN},
			[FILES] = {.fd = filewatch_open(d->settings), .events = POLLIN},
			[KEYRINGS] = {.fd = -1, .events = POLLIN}},
		.keys = {.fd = -1}, /* due at once: it may have changed since it was read */
		.look_at = USEC_NEVER,
		.reload_at = USEC_NEVER,
	};
	uint64_t generation = 0, keyring = 0;
	bool go_on = true;

	while (go_on) {
		int n;

		if (d->snapshot->generation != generation)
			calendar_run(d, l.fds[CALENDAR].fd);
		generation = d->snapshot->generation;
		if (d->snapshot->keyring_generation != keyring)
			l.warn_at = 0;
		keyring = d->snapshot->keyring_generation;
		n = poll(l.fds, SOURCES, waiting_time(d, next_look(&l)));
		if (n < 0 && errno != EINTR)
			break;
		run_due(d, &l);
		if (n > 0)
			go_on = run_ready(d, &l);
		if (d->retired_count)
			reload_settle(d);
	}
	close(l.fds[RULES].fd);
	close(l.fds[CALENDAR].fd);
	close(l.fds[FILES].fd);
	keywatch_close(&l.keys);
}

static bool check_all(struct daemon *d, struct err_list *err)
{
	if (!load_settings(d, err))
		return false;
	secrets_check(d->settings, err);
	return load_snapshot(d, err);
}

static int check(struct daemon *d)
{
	struct err_list err;
	bool good;
	int rc;

	err_init(&err);
	good = check_all(d, &err);
	rc = print_problems(&err);
	if (good)
		printf("attlsd: %s: %zu rules, no problem\n", d->ini,
			d->snapshot->policy->rule_count);
	token_local_close(); /* what it says goes to @err */
	err_fini(&err);
	snapshot_put(d->snapshot);
	keyrings_fini(&d->keyrings);
	free(d->uses);
	settings_free(d->settings);
	return rc;
}

static int serve(struct daemon *d)
{
	struct err_list err;
	int signals = open_signals(), rc;

	err_init(&err);
	privilege_seal();
	if (start(d, &err)) {
		print_problems(&err); /* warnings only */
		log_info("%zu rules, %u workers, %s mode", d->snapshot->policy->rule_count,
			d->settings->workers, d->settings->mode == MODE_HOST ? "host" : "router");
		keyrings_report(d->snapshot, "");
		fprintf(stderr, "attlsd: ready\n");
		notify_send("READY=1");
		d->started = now_monotonic();
		run(d, signals);
		notify_send("STOPPING=1");
		rc = EXIT_SUCCESS;
	} else {
		rc = print_problems(&err);
	}
	err_fini(&err);
	stop(d);
	return rc;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"config", required_argument, NULL, 'c'},
		{"check", no_argument, NULL, 'k'},
		{"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'V'},
		{NULL, 0, NULL, 0},
	};
	struct daemon d = {.ini = DEFAULT_INI, .inject = {.fd = {-1, -1}}};
	bool only_check = false;

	for (int c; (c = getopt_long(argc, argv, "c:hV", options, NULL)) != -1;) {
		switch (c) {
		case 'c': d.ini = optarg; break;
		case 'k': only_check = true; break;
		case 'h': fputs(usage, stdout); return EXIT_SUCCESS;
		case 'V': puts("attlsd " ATTLS_VERSION); return EXIT_SUCCESS;
		default: fputs(usage, stderr); return EXIT_USAGE;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "attlsd: \"%s\" is not expected here\n%s", argv[optind], usage);
		return EXIT_USAGE;
	}
	return only_check ? check(&d) : serve(&d);
}
