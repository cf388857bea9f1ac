/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ask.c - one command to the running daemon, over its control socket */
#include "gateway/net/ask.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

enum { REQUEST_SIZE = 64, ANSWER_SIZE = 4096, ANSWER_SECONDS = 15 };

static int connect_to(const char *path)
{
	const struct timeval wait = {.tv_sec = ANSWER_SECONDS};
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	int fd;

	if (strlen(path) >= sizeof(sun.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(sun.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait));
	if (connect(fd, (const struct sockaddr *)&sun, sizeof(sun)) < 0) {
		int saved = errno;

		close(fd);
		errno = saved;
		return -1;
	}
	return fd;
}

/* One line into @line, NUL-terminated without its newline. */
static bool read_line(int fd, char *line)
{
	size_t at = 0;

	while (at < ANSWER_SIZE - 1) {
		ssize_t n = read(fd, line + at, ANSWER_SIZE - 1 - at);
		char *end;

		if (n <= 0) {
			if (n == 0)
				errno = ECONNRESET;
			return false;
		}
		at += (size_t)n;
		line[at] = '\0';
		end = strchr(line, '\n');
		if (end) {
			*end = '\0';
			return true;
		}
	}
	errno = EMSGSIZE;
	return false;
}

static bool judge(const char *line, const char *command, struct err_list *err)
{
	json_t *answer = json_loads(line, 0, NULL);
	bool ok = json_is_true(json_object_get(answer, "ok"));
	const json_t *errors = json_object_get(answer, "errors");
	const char *why = json_string_value(json_array_get(errors, 0));

	if (!ok)
		err_add(err, "attlsd refuses to %s: %s", command, why ? why : "no reason given");
	json_decref(answer);
	return ok;
}

enum ask_result ask_daemon(const char *path, const char *command, struct err_list *err)
{
	char request[REQUEST_SIZE], line[ANSWER_SIZE];
	int fd = connect_to(path);
	bool ok = false;
	ssize_t len;

	if (fd < 0 && errno == ENOENT)
		return ASK_ABSENT;
	if (fd < 0) {
		bool dead = errno == ECONNREFUSED;

		err_add(err, "attlsd cannot be reached at %s: %s", path, strerror(errno));
		return dead ? ASK_DEAD : ASK_FAILED;
	}
	len = snprintf(request, sizeof(request), "{\"command\":\"%s\"}\n", command);
	if (send(fd, request, (size_t)len, MSG_NOSIGNAL) != len || !read_line(fd, line))
		err_add(err, "attlsd does not answer at %s: %s", path, strerror(errno));
	else
		ok = judge(line, command, err);
	close(fd);
	return ok ? ASK_DONE : ASK_FAILED;
}
