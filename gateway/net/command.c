/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * command.c - run a program without a shell, with text in and text out
 *
 * Input and output go through files in memory, so neither side waits for the other.
 */
#include "gateway/net/command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { EXIT_SIGNALLED = 126, EXIT_NOT_FOUND = 127 };

/* A file in memory that holds @text and is read from its beginning. */
static int file_of(const char *text, size_t len)
{
	int fd = memfd_create("attls-net", MFD_CLOEXEC);

	if (fd < 0)
		return -1;
	for (size_t at = 0; at < len;) {
		ssize_t n = write(fd, text + at, len - at);

		if (n < 0) {
			close(fd);
			return -1;
		}
		at += (size_t)n;
	}
	lseek(fd, 0, SEEK_SET);
	return fd;
}

/* All of @fd as a string; "" if that is impossible. */
static char *text_of(int fd)
{
	off_t size = lseek(fd, 0, SEEK_END);
	size_t want = size > 0 ? (size_t)size : 0, at = 0;
	char *text = malloc(want + 1);

	if (!text)
		abort();
	while (at < want) {
		ssize_t n = pread(fd, text + at, want - at, (off_t)at);

		if (n <= 0)
			break;
		at += (size_t)n;
	}
	text[at] = '\0';
	return text;
}

static void child(const char *const argv[], int in, int out, int err)
{
	if (dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 ||
		dup2(err, STDERR_FILENO) < 0)
		_exit(EXIT_NOT_FOUND);
	execvp(argv[0], (char *const *)argv);
	dprintf(STDERR_FILENO, "%s: %s\n", argv[0], strerror(errno));
	_exit(EXIT_NOT_FOUND);
}

static int wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return EXIT_SIGNALLED;
	return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_SIGNALLED;
}

void command_run(const char *const argv[], const char *input, size_t len, struct command_result *r)
{
	int in = file_of(input, input ? len : 0), out = file_of(NULL, 0), err = file_of(NULL, 0);
	pid_t pid = in < 0 || out < 0 || err < 0 ? -1 : fork();

	if (pid == 0)
		child(argv, in, out, err);
	r->status = pid < 0 ? EXIT_NOT_FOUND : wait_for(pid);
	r->out = text_of(out);
	r->err = pid < 0 ? strdup("cannot start a process") : text_of(err);
	if (!r->err)
		abort();
	close(in);
	close(out);
	close(err);
}

void command_result_free(struct command_result *r)
{
	free(r->out);
	free(r->err);
	*r = (struct command_result){0};
}
