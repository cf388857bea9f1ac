/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ask.h - one command to the running daemon, over its control socket */
#ifndef ATTLS_NET_ASK_H
#define ATTLS_NET_ASK_H

#include "base/err.h"

/*
 * A daemon that ends in good order resets its flows and removes its socket; one that was killed
 * leaves the socket behind, and may leave connections behind that were protected.
 */
enum ask_result {
	ASK_DONE,
	ASK_ABSENT, /* no socket: no daemon, or one that ended in good order */
	ASK_DEAD,   /* a socket that nobody answers: the daemon was killed; a sentence is in @err */
	ASK_FAILED, /* refusing or silent: a sentence is in @err */
};

/** ask_daemon() - send @command to the control socket @path and wait for the answer */
enum ask_result ask_daemon(const char *path, const char *command, struct err_list *err);

#endif
