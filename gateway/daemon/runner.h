/* SPDX-License-Identifier: GPL-3.0-or-later */
/* runner.h - run attls-net and keep what it says */
#ifndef ATTLS_DAEMON_RUNNER_H
#define ATTLS_DAEMON_RUNNER_H

#include "base/clock.h"

enum { RUNNER_SAID = 8192 };

/* What a run came to. */
struct run {
	int status;             /* exit status; 255: it could not be run, or was stopped */
	char said[RUNNER_SAID]; /* what it wrote, cut */
};

/**
 * runner_run() - `attls-net -c INI ARGUMENT...`, the program beside ours or the one in PATH
 * @arguments: NULL-terminated, at most 8
 * @timeout:   microseconds; then it is stopped, with whatever it has started
 * Waits for its end.
 */
struct run runner_run(const char *ini, const char *const *arguments, usec_t timeout);

/** runner_say() - add to what was said, as far as there is room; a line ends with a newline */
void runner_say(struct run *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
