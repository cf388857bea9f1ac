/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * helper.h - the small process that runs attls-net for a daemon that no longer may
 *
 * It is started first and keeps the privileges that changing packet filter rules takes. It does
 * four things only: write down which candidates are in force, in file CONTROL.candidates; run
 * `attls-net -c INI up --if-up --candidates FILE` or `... show --candidates FILE`; run
 * `attls-net ready` once; and, when the daemon ends in good order, take that file and the control
 * socket away. So the rules follow what the daemon has in force, whatever stands in the rule files
 * meanwhile.
 */
#ifndef ATTLS_DAEMON_HELPER_H
#define ATTLS_DAEMON_HELPER_H

#include "base/err.h"
#include "rules/settings.h"

#include <sys/types.h>

struct helper {
	pid_t pid;
	int fd; /* stream socket to it */
};

/* What a look at the rules came to. */
enum helper_view {
	HELPER_WHOLE,
	HELPER_DAMAGED, /* some are missing */
	HELPER_UNKNOWN, /* they could not be looked at */
};

/**
 * helper_start() - fork it; before any thread is started and before privileges are dropped
 * @ini:      path of attls.ini
 * @settings: of the control socket, beside which the file is kept, and of how long to wait
 */
bool helper_start(
	struct helper *h, const char *ini, const struct settings *settings, struct err_list *err);

/** helper_note() - write down that the candidates of @text (candidates_write()) are in force */
bool helper_note(struct helper *h, const char *text, size_t len, struct err_list *err);

/**
 * helper_refresh() - the same, and bring the rules up to date with it
 * Waits for attls-net to end, at most net_timeout. Does nothing more where the rules are not up.
 * Return: false with what attls-net said in @err; then the rules are put back to what they were
 * made for before, since it may have come half-way.
 */
bool helper_refresh(struct helper *h, const char *text, size_t len, struct err_list *err);

/** helper_ready() - a policy is in force: end a startup window, by `attls-net ready` */
bool helper_ready(struct helper *h, struct err_list *err);

/** helper_check() - whether the rules are as attls-net left them */
enum helper_view helper_check(struct helper *h);

/**
 * helper_stop() - the daemon ends in good order
 * @tidy: take the file and the control socket away; false where they may be another daemon's
 */
void helper_stop(struct helper *h, bool tidy);

#endif
