/* SPDX-License-Identifier: GPL-3.0-or-later */
/* helper.c - the small process that runs attls-net for a daemon that no longer may */
#include "gateway/daemon/helper.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SAID_MAX = 8192 };

/* What attls-net came to, as the helper reports it. */
struct outcome {
	int status;          /* exit status; 255: it could not be run */
	char said[SAID_MAX]; /* its standard error */
};

/* What it can be asked to do; the byte that asks for it. */
enum task { TASK_REFRESH = 'r', TASK_CHECK = 'c' };

struct request {
	enum task task;
	const char *ini;
	const char *keep;
};

/* The program beside ours, else the one in PATH. */
static void find_program(char *path, size_t size)
{
	ssize_t len = readlink("/proc/self/exe", path, size - 16);
	char *slash;

	path[len > 0 ? len : 0] = '\0';
	slash = strrchr(path, '/');
	snprintf(slash ? slash + 1 : path, 16, "attls-net");
	if (!slash || access(path, X_OK) != 0)
		snprintf(path, size, "attls-net");
}

static void run_child(const struct request *q, int out)
{
	const char *argv[] = {"attls-net", "-c", q->ini, "show", NULL, NULL, NULL, NULL};
	size_t n = 4;
	char program[PATH_MAX];

	find_program(program, sizeof(program));
	dup2(out, STDOUT_FILENO);
	dup2(out, STDERR_FILENO);
	if (q->task == TASK_REFRESH) {
		argv[3] = "up";
		argv[n++] = "--if-up";
	}
	if (access(q->keep, F_OK) == 0) {
		argv[n++] = "--keep";
		argv[n++] = q->keep;
	}
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

static struct outcome run(const struct request *q)
{
	struct outcome o = {.status = 255};
	int fds[2], status;
	pid_t pid;

	if (pipe(fds) < 0)
		return o;
	pid = fork();
	if (pid == 0) {
		close(fds[0]);
		run_child(q, fds[1]);
	}
	close(fds[1]);
	if (pid > 0) {
		collect(fds[0], o.said, sizeof(o.said));
		if (waitpid(pid, &status, 0) == pid && WIFEXITED(status))
			o.status = WEXITSTATUS(status);
	}
	close(fds[0]);
	return o;
}

/* The helper's whole life: a byte in, an outcome out. */
static void serve(int fd, const char *ini, const char *keep)
{
	char byte;

	signal(SIGINT, SIG_IGN); /* the terminal's; the daemon's end is ours */
	signal(SIGHUP, SIG_IGN);
	prctl(PR_SET_NAME, "attlsd-helper");
	while (read(fd, &byte, 1) == 1) {
		const struct request q = {(enum task)byte, ini, keep};
		struct outcome o = run(&q);

		if (write(fd, &o, sizeof(o)) != (ssize_t)sizeof(o))
			break;
	}
	_exit(0);
}

bool helper_start(struct helper *h, const char *ini, const char *keep, struct err_list *err)
{
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0) {
		err_add(err, "helper process: socketpair: %s", strerror(errno));
		return false;
	}
	h->pid = fork();
	if (h->pid < 0) {
		err_add(err, "helper process: fork: %s", strerror(errno));
		close(fds[0]);
		close(fds[1]);
		return false;
	}
	if (h->pid == 0) {
		close(fds[0]);
		serve(fds[1], ini, keep);
	}
	close(fds[1]);
	h->fd = fds[0];
	return true;
}

/* One sentence for each line that attls-net has written. */
static void add_lines(struct err_list *err, char *said)
{
	char *rest = said;

	for (char *line; (line = strsep(&rest, "\n"));) {
		if (*line)
			err_add(err, "%s", line);
	}
}

static bool ask(const struct helper *h, enum task task, struct outcome *o)
{
	char byte = (char)task;

	return write(h->fd, &byte, 1) == 1 && read(h->fd, o, sizeof(*o)) == (ssize_t)sizeof(*o);
}

bool helper_check(struct helper *h)
{
	struct outcome o;

	return ask(h, TASK_CHECK, &o) && o.status == 0;
}

bool helper_refresh(struct helper *h, struct err_list *err)
{
	struct outcome o;

	if (!ask(h, TASK_REFRESH, &o)) {
		err_add(err, "attls-net: the helper process is gone; restart attlsd");
		return false;
	}
	if (o.status == 0)
		return true;
	add_lines(err, o.said);
	err_add(err, "attls-net up ended with status %d; the rules are as they were", o.status);
	return false;
}

void helper_stop(struct helper *h)
{
	if (h->pid <= 0)
		return;
	close(h->fd);
	waitpid(h->pid, NULL, 0);
	h->pid = 0;
}
