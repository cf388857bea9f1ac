/* SPDX-License-Identifier: GPL-3.0-or-later */
/* runner.c - run attls-net and keep what it says */
#include "gateway/daemon/runner.h"

#include "gateway/worker/now.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROGRAM "attls-net"

enum { ARGUMENTS_MAX = 8 };

static void find_program(char *path, size_t size)
{
	ssize_t len = readlink("/proc/self/exe", path, size - sizeof(PROGRAM));
	char *slash;

	path[len > 0 ? len : 0] = '\0';
	slash = strrchr(path, '/');
	if (slash)
		memcpy(slash + 1, PROGRAM, sizeof(PROGRAM));
	if (!slash || access(path, X_OK) != 0)
		memcpy(path, PROGRAM, sizeof(PROGRAM));
}

/* What our own process blocks or ignores is not for a program that waits for locks. */
static void reset_signals(void)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
}

static _Noreturn void child(const char *ini, const char *const *arguments, int out)
{
	const char *argv[ARGUMENTS_MAX + 4] = {PROGRAM, "-c", ini};
	char program[PATH_MAX];

	for (size_t i = 0; i < ARGUMENTS_MAX && arguments[i]; i++)
		argv[3 + i] = arguments[i];
	reset_signals();
	setpgid(0, 0); /* what it starts in turn is stopped with it */
	find_program(program, sizeof(program));
	dup2(out, STDOUT_FILENO);
	dup2(out, STDERR_FILENO);
	/* execvp() takes an array of char * for historical reasons and does not write to it */
	execvp(program, (char *const *)(uintptr_t)argv);
	fprintf(stderr, "%s: %s\n", program, strerror(errno));
	_exit(255);
}

void runner_say(struct run *r, const char *fmt, ...)
{
	size_t have = strlen(r->said);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(r->said + have, sizeof(r->said) - have, fmt, ap);
	va_end(ap);
}

/* Whether something can be read from @fd, its end included, before @deadline. */
static bool readable(int fd, usec_t deadline)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	for (;;) {
		usec_t left = deadline - now_monotonic();
		int n = left > 0 ? poll(&p, 1, (int)(left / USEC_MSEC) + 1) : 0;

		if (n >= 0 || errno != EINTR)
			return n > 0;
	}
}

/* Keep what fits of what comes from @fd. Return: whether it ended before @deadline. */
static bool collect(int fd, struct run *r, usec_t deadline)
{
	size_t have = 0;
	char more[512];

	while (readable(fd, deadline)) {
		ssize_t got = read(fd, more, sizeof(more));
		size_t room = sizeof(r->said) - 1 - have;

		if (got <= 0)
			return true;
		if (room > (size_t)got)
			room = (size_t)got;
		memcpy(r->said + have, more, room);
		have += room;
		r->said[have] = '\0';
	}
	return false;
}

struct run runner_run(const char *ini, const char *const *arguments, usec_t timeout)
{
	struct run r = {.status = 255};
	int fds[2], status;
	bool ended;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return r;
	pid = fork();
	if (pid == 0)
		child(ini, arguments, fds[1]);
	close(fds[1]);
	if (pid > 0) {
		ended = collect(fds[0], &r, now_monotonic() + timeout);
		if (!ended) {
			kill(-pid, SIGKILL);
			runner_say(&r,
				PROGRAM " %s has not ended within %lld s and was stopped; see who "
					"holds the lock of the packet filter, or raise net_timeout "
					"of [gateway] in %s\n",
				arguments[0], (long long)(timeout / USEC_SEC), ini);
		}
		if (waitpid(pid, &status, 0) == pid && ended && WIFEXITED(status))
			r.status = WEXITSTATUS(status);
	}
	close(fds[0]);
	return r;
}
