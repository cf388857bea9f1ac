/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * helper.h - the small process that runs attls-net for a daemon that no longer may
 *
 * It is started first, keeps the privileges that changing packet filter rules takes, and does two
 * things only: run `attls-net -c INI up --if-up` or `attls-net -c INI show`, with the arguments
 * given when it started. It ends when the daemon does.
 */
#ifndef ATTLS_DAEMON_HELPER_H
#define ATTLS_DAEMON_HELPER_H

#include "base/err.h"

#include <sys/types.h>

struct helper {
	pid_t pid;
	int fd; /* stream socket to it */
};

/**
 * helper_start() - fork it; before any thread is started and before privileges are dropped
 * @ini:  path of attls.ini
 * @keep: path of the file with candidates of flows that outlive their policy
 */
bool helper_start(struct helper *h, const char *ini, const char *keep, struct err_list *err);

/**
 * helper_refresh() - bring the rules up to date with the policy on disk and the keep file
 * Waits for attls-net to end. Does nothing where the rules are not up.
 * Return: false with what attls-net said in @err.
 */
bool helper_refresh(struct helper *h, struct err_list *err);

/**
 * helper_check() - whether the rules are as `attls-net up` left them
 * Return: false where they are not whole, or cannot be looked at.
 */
bool helper_check(struct helper *h);

void helper_stop(struct helper *h);

#endif
