/* SPDX-License-Identifier: GPL-3.0-or-later */
/* runner.c - run attls-net and keep what it says */
#include "gateway/daemon/runner.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
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

static void child(const char *ini, const char *const *arguments, int out)
{
	const char *argv[ARGUMENTS_MAX + 4] = {PROGRAM, "-c", ini};
	char program[PATH_MAX];

	for (size_t i = 0; i < ARGUMENTS_MAX && arguments[i]; i++)
		argv[3 + i] = arguments[i];
	reset_signals();
	find_program(program, sizeof(program));
	dup2(out, STDOUT_FILENO);
	dup2(out, STDERR_FILENO);
	/* execvp() takes an array of char * for historical reasons and does not write to it */
	execvp(program, (char *const *)(uintptr_t)argv);
	fprintf(stderr, "%s: %s\n", program, strerror(errno));
	_exit(255);
}

static void collect(int fd, char *said, size_t size)
{
	size_t have = 0;
	ssize_t got;
	char rest[512];

	while (have + 1 < size && (got = read(fd, said + have, size - 1 - have)) > 0)
		have += (size_t)got;
	said[have] = '\0';
	while (read(fd, rest, sizeof(rest)) > 0)
		;
}

struct run runner_run(const char *ini, const char *const *arguments)
{
	struct run r = {.status = 255};
	int fds[2], status;
	pid_t pid;

	if (pipe(fds) < 0)
		return r;
	pid = fork();
	if (pid == 0) {
		close(fds[0]);
		child(ini, arguments, fds[1]);
	}
	close(fds[1]);
	if (pid > 0) {
		collect(fds[0], r.said, sizeof(r.said));
		if (waitpid(pid, &status, 0) == pid && WIFEXITED(status))
			r.status = WEXITSTATUS(status);
	}
	close(fds[0]);
	return r;
}
