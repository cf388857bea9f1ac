/* SPDX-License-Identifier: GPL-3.0-or-later */
/* client.c - ask the daemon over its control socket */
#include "gateway/ctl/client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* A reload compiles the policy and installs packet filter rules; it may take its time. */
enum { REPLY_SECONDS = 60 };

/* Connected, with time limits. Return: -1 with errno */
static int socket_connect(const char *path)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	struct timeval limit = {.tv_sec = REPLY_SECONDS};
	int fd;

	if (strlen(path) >= sizeof(sa.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(sa.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) < 0 ||
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) < 0 ||
		connect(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0) {
		int saved = errno;

		close(fd);
		errno = saved;
		return -1;
	}
	return fd;
}

/* A daemon that refuses hangs up early, so a failed send is no reason not to read its answer. */
static void request_send(int fd, const char *text, size_t len)
{
	while (len > 0) {
		ssize_t n = send(fd, text, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return;
		text += n;
		len -= (size_t)n;
	}
}

/* The reply up to its newline, malloc'ed; NULL with errno, 0 where the daemon hung up. */
static char *reply_read(int fd, size_t *len)
{
	size_t size = 0;
	char *buf = NULL;

	*len = 0;
	for (;;) {
		ssize_t n;

		if (*len == size) {
			char *more = realloc(buf, size = size ? 2 * size : 65536);

			if (!more)
				break;
			buf = more;
		}
		n = recv(fd, buf + *len, size - *len, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n == 0)
			errno = 0;
		if (n <= 0)
			break;
		*len += (size_t)n;
		if (buf[*len - 1] == '\n') /* one line is all that comes */
			return buf;
	}
	free(buf);
	return NULL;
}

static void sentences_add(const json_t *array, struct err_list *err,
	void (*add)(struct err_list *, const char *, ...))
{
	const json_t *line;
	size_t i;

	json_array_foreach(array, i, line)
		add(err, "%s", json_is_string(line) ? json_string_value(line) : "?");
}

/* What the daemon said, taken apart. */
static enum ctl_exit reply_take(const json_t *reply, json_t **result, struct err_list *err)
{
	sentences_add(json_object_get(reply, "warnings"), err, err_warn);
	if (json_is_true(json_object_get(reply, "ok"))) {
		*result = json_incref(json_object_get(reply, "result"));
		return CTL_OK;
	}
	sentences_add(json_object_get(reply, "errors"), err, err_add);
	if (!err_any(err))
		err_add(err, "the daemon refuses without a reason");
	return CTL_FAILED;
}

static char *request_text(const char *command, json_t *args, size_t *len)
{
	json_t *request = json_pack("{s:s}", "command", command);
	char *text;

	if (args)
		json_object_set_new(request, "args", args);
	text = json_dumps(request, JSON_COMPACT);
	json_decref(request);
	*len = text ? strlen(text) : 0;
	if (text)
		text[(*len)++] = '\n'; /* takes the place of the NUL: sent by length */
	return text;
}

static enum ctl_exit exchange(
	int fd, const char *path, char *text, size_t len, json_t **result, struct err_list *err)
{
	enum ctl_exit code = CTL_UNREACHABLE;
	json_error_t why;
	json_t *reply;
	char *line;

	request_send(fd, text, len);
	line = reply_read(fd, &len);
	if (!line) {
		err_add(err, "the daemon at %s gave no answer: %s", path,
			errno == 0        ? "it hung up"
			: errno == EAGAIN ? "it took too long"
					  : strerror(errno));
		return CTL_UNREACHABLE;
	}
	reply = json_loadb(line, len, 0, &why);
	if (json_is_object(reply))
		code = reply_take(reply, result, err);
	else
		err_add(err, "what answers at %s is not attlsd", path);
	json_decref(reply);
	free(line);
	return code;
}

enum ctl_exit client_call(
	const char *path, const char *command, json_t *args, json_t **result, struct err_list *err)
{
	enum ctl_exit code;
	size_t len;
	char *text = request_text(command, args, &len);
	int fd;

	fd = socket_connect(path);
	if (fd < 0 || !text) {
		err_add(err, "cannot reach attlsd at %s: %s%s", path, strerror(errno),
			errno == ENOENT || errno == ECONNREFUSED ? " (is it running?)" : "");
		free(text);
		if (fd >= 0)
			close(fd);
		return CTL_UNREACHABLE;
	}
	code = exchange(fd, path, text, len, result, err);
	close(fd);
	free(text);
	return code;
}
