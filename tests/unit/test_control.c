/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_control.c - the control socket: requests, replies, bad clients, slow clients, the file */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/json_text.h"
#include "gateway/daemon/control.h"

enum { LARGE = 8 * 1024 * 1024 };

struct fixture {
	char folder[64];
	char path[96];
	struct control *control;
	struct err_list err;
	unsigned calls; /* of the handler "echo" */
};

static bool handle_echo(void *ctx, const json_t *args, json_t **result, struct err_list *err)
{
	struct fixture *f = ctx;

	(void)err;
	f->calls++;
	*result = json_deep_copy(args);
	return true;
}

static bool handle_fail(void *ctx, const json_t *args, json_t **result, struct err_list *err)
{
	(void)ctx;
	(void)args;
	(void)result;
	err_add(err, "file \xff: no");
	err_warn(err, "mind the gap");
	return false;
}

static bool handle_mute(void *ctx, const json_t *args, json_t **result, struct err_list *err)
{
	(void)ctx;
	(void)args;
	(void)result;
	(void)err;
	return false;
}

static bool handle_warn(void *ctx, const json_t *args, json_t **result, struct err_list *err)
{
	(void)ctx;
	(void)args;
	(void)result;
	err_warn(err, "old key");
	return true;
}

static bool handle_large(void *ctx, const json_t *args, json_t **result, struct err_list *err)
{
	char *text = malloc(LARGE + 1);

	(void)ctx;
	(void)args;
	(void)err;
	memset(text, 'x', LARGE);
	text[LARGE] = '\0';
	*result = json_string(text);
	free(text);
	return true;
}

static const struct control_command commands[] = {
	{"echo", handle_echo},
	{"fail", handle_fail},
	{"mute", handle_mute},
	{"warn", handle_warn},
	{"large", handle_large},
	{0},
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	snprintf(f->folder, sizeof(f->folder), "/tmp/test_control.XXXXXX");
	assert_non_null(mkdtemp(f->folder));
	snprintf(f->path, sizeof(f->path), "%s/run/control.sock", f->folder);
	err_init(&f->err);
	f->control = control_open(f->path, 0600, commands, f, &f->err);
	assert_non_null(f->control);
	assert_false(err_any(&f->err));
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	char run[96];

	control_close(f->control);
	assert_int_equal(access(f->path, F_OK), -1);
	err_fini(&f->err);
	snprintf(run, sizeof(run), "%s/run", f->folder);
	assert_int_equal(rmdir(run), 0);
	assert_int_equal(rmdir(f->folder), 0);
	free(f);
	return 0;
}

/* ---- a client in the same thread: the server is served while it waits ---- */

static int client_connect(const char *path)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", path);
	assert_int_equal(connect(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	return fd;
}

static bool control_ready(struct control *c)
{
	struct pollfd p = {.fd = control_fd(c), .events = POLLIN};

	return poll(&p, 1, 0) == 1;
}

/* Let the server do all it can. It must come to rest. */
static void serve(struct control *c)
{
	unsigned turns = 0;

	while (control_ready(c)) {
		control_serve(c);
		assert_true(++turns < 10000);
	}
}

static void client_send(struct fixture *f, int fd, const char *text, size_t len)
{
	while (len > 0) {
		ssize_t n = send(fd, text, len, MSG_NOSIGNAL);

		if (n > 0) {
			text += n;
			len -= (size_t)n;
		} else {
			assert_true(n < 0 && errno == EAGAIN);
		}
		serve(f->control);
	}
}

/* Take what has arrived, up to and with a newline. Return: bytes, 0 or less at the end */
static ssize_t line_take(int fd, char *buf, size_t size)
{
	ssize_t n = recv(fd, buf, size, MSG_PEEK);
	char *end = n > 0 ? memchr(buf, '\n', (size_t)n) : NULL;

	return n <= 0 ? n : recv(fd, buf, end ? (size_t)(end + 1 - buf) : (size_t)n, 0);
}

/* One line of the reply, parsed; NULL where the server hung up before one. */
static json_t *client_reply(struct fixture *f, int fd)
{
	size_t size = LARGE + 4096, len = 0;
	char *buf = malloc(size);
	json_t *reply = NULL;

	do {
		ssize_t n;

		serve(f->control);
		n = line_take(fd, buf + len, size - len);
		if (n <= 0)
			break;
		len += (size_t)n;
	} while (buf[len - 1] != '\n');
	if (len > 0 && buf[len - 1] == '\n')
		reply = json_loadb(buf, len, 0, NULL);
	free(buf);
	return reply;
}

static json_t *ask(struct fixture *f, int fd, const char *text)
{
	client_send(f, fd, text, strlen(text));
	return client_reply(f, fd);
}

/* @reply (taken over) is exactly the JSON @expected. */
static void assert_reply(json_t *reply, const char *expected)
{
	json_t *want = json_loads(expected, 0, NULL);
	char *text = json_dumps(reply, JSON_COMPACT | JSON_ENCODE_ANY);

	assert_non_null(want);
	if (!json_equal(reply, want))
		fail_msg("got %s, expected %s", text ? text : "nothing", expected);
	free(text);
	json_decref(want);
	json_decref(reply);
}

static bool hung_up(struct fixture *f, int fd)
{
	char byte;

	serve(f->control);
	return recv(fd, &byte, 1, 0) == 0;
}

static void test_replies(void **state)
{
	static const struct {
		const char *request;
		const char *reply;
	} cases[] = {
		{"{\"command\":\"echo\",\"args\":{\"a\":[1,2]}}\n",
			"{\"ok\":true,\"result\":{\"a\":[1,2]}}"},
		{"{\"command\":\"echo\"}\r\n", "{\"ok\":true,\"result\":null}"},
		{"{\"command\":\"warn\"}\n",
			"{\"ok\":true,\"result\":null,\"warnings\":[\"old key\"]}"},
		{"{\"command\":\"fail\"}\n", "{\"ok\":false,\"errors\":[\"file ?: no\"],"
					     "\"warnings\":[\"mind the gap\"]}"},
		{"{\"command\":\"mute\"}\n", "{\"ok\":false,\"errors\":[\"mute failed\"]}"},
		{"{\"command\":\"ecko\"}\n", "{\"ok\":false,\"errors\":[\"unknown command "
					     "\\\"ecko\\\"; did you mean \\\"echo\\\"?\"]}"},
		{"{\"command\":\"zzzzzzzzzz\"}\n",
			"{\"ok\":false,\"errors\":[\"unknown command \\\"zzzzzzzzzz\\\"\"]}"},
		{"{}\n", "{\"ok\":false,\"errors\":[\"a request is a JSON object with a "
			 "\\\"command\\\"\"]}"},
		{"[]\n", "{\"ok\":false,\"errors\":[\"a request is a JSON object with a "
			 "\\\"command\\\"\"]}"},
		{"{\"command\":\"echo\",\"args\":7}\n",
			"{\"ok\":false,\"errors\":[\"\\\"args\\\" must be a JSON object\"]}"},
	};
	struct fixture *f = *state;
	int fd = client_connect(f->path);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_reply(ask(f, fd, cases[i].request), cases[i].reply);
	assert_int_equal(f->calls, 2);
	close(fd);
	serve(f->control);
}

static void test_malformed(void **state)
{
	static const struct {
		const char *text;
		size_t len;
	} lines[] = {{"\n", 1}, {"{\n", 2}, {"\0\n", 2}, {"{\"command\":\"\xff\"}\n", 16},
		{"{\"command\":\"echo\",\"command\":\"echo\"}\n", 36}, {"]]]]\n", 5}};
	struct fixture *f = *state;
	int fd = client_connect(f->path);

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		json_t *reply;

		client_send(f, fd, lines[i].text, lines[i].len);
		reply = client_reply(f, fd);
		assert_true(json_is_false(json_object_get(reply, "ok")));
		assert_int_equal(json_array_size(json_object_get(reply, "errors")), 1);
		json_decref(reply);
	}
	assert_int_equal(f->calls, 0);
	assert_reply(ask(f, fd, "{\"command\":\"echo\"}\n"), "{\"ok\":true,\"result\":null}");
	close(fd);
}

/* In pieces, several at once, and with the sending half closed early. */
static void test_framing(void **state)
{
	enum { REQUESTS = 50 };
	struct fixture *f = *state;
	char text[REQUESTS * 64], reply[64];
	int fd = client_connect(f->path), len = 0;

	for (const char *p = "{\"command\":\"echo\",\"args\":{\"n\":-1}}\n"; *p; p++)
		client_send(f, fd, p, 1);
	assert_reply(client_reply(f, fd), "{\"ok\":true,\"result\":{\"n\":-1}}");
	for (int i = 0; i < REQUESTS; i++)
		len += snprintf(text + len, sizeof(text) - (size_t)len,
			"{\"command\":\"echo\",\"args\":{\"n\":%d}}\n", i);
	assert_int_equal(send(fd, text, (size_t)len, 0), len);
	shutdown(fd, SHUT_WR); /* before the server has seen any of it */
	for (int i = 0; i < REQUESTS; i++) {
		snprintf(reply, sizeof(reply), "{\"ok\":true,\"result\":{\"n\":%d}}", i);
		assert_reply(client_reply(f, fd), reply);
	}
	assert_int_equal(f->calls, REQUESTS + 1);
	assert_true(hung_up(f, fd));
	close(fd);
}

static void test_line_limit(void **state)
{
	struct fixture *f = *state;
	static const char request[] = "{\"command\":\"echo\"}";
	size_t len = CONTROL_LINE;
	char *line = malloc(len);
	json_t *reply;
	int fd = client_connect(f->path);

	/* the longest that is allowed */
	memset(line, ' ', len);
	memcpy(line, request, sizeof(request) - 1);
	line[len - 1] = '\n';
	client_send(f, fd, line, len);
	assert_reply(client_reply(f, fd), "{\"ok\":true,\"result\":null}");
	/* without its newline it is too long */
	line[len - 1] = ' ';
	client_send(f, fd, line, len);
	reply = client_reply(f, fd);
	assert_true(json_is_false(json_object_get(reply, "ok")));
	json_decref(reply);
	assert_true(hung_up(f, fd));
	close(fd);
	free(line);
}

/* A client that does not read its large reply keeps nobody waiting. */
static void test_slow_client(void **state)
{
	struct fixture *f = *state;
	int slow = client_connect(f->path), quick = client_connect(f->path);
	json_t *reply;

	client_send(f, slow, "{\"command\":\"large\"}\n", 20);
	assert_false(control_ready(f->control));
	for (int i = 0; i < 3; i++)
		assert_reply(
			ask(f, quick, "{\"command\":\"echo\"}\n"), "{\"ok\":true,\"result\":null}");
	reply = client_reply(f, slow);
	assert_int_equal(json_string_length(json_object_get(reply, "result")), LARGE);
	json_decref(reply);
	assert_reply(ask(f, slow, "{\"command\":\"echo\"}\n"), "{\"ok\":true,\"result\":null}");
	/* and one that leaves in the middle is forgotten */
	client_send(f, slow, "{\"command\":\"large\"}\n", 20);
	close(slow);
	serve(f->control);
	assert_reply(ask(f, quick, "{\"command\":\"echo\"}\n"), "{\"ok\":true,\"result\":null}");
	close(quick);
}

/* One more than there is room for: the one silent longest makes room. */
static void test_full(void **state)
{
	struct fixture *f = *state;
	int fds[CONTROL_CLIENTS], late;

	for (int i = 0; i < CONTROL_CLIENTS; i++) {
		fds[i] = client_connect(f->path);
		serve(f->control);
	}
	assert_reply(ask(f, fds[0], "{\"command\":\"echo\"}\n"), "{\"ok\":true,\"result\":null}");
	late = client_connect(f->path);
	assert_reply(ask(f, late, "{\"command\":\"echo\"}\n"), "{\"ok\":true,\"result\":null}");
	assert_true(hung_up(f, fds[1]));
	for (int i = 0; i < CONTROL_CLIENTS; i++) {
		if (i != 1)
			assert_reply(ask(f, fds[i], "{\"command\":\"echo\"}\n"),
				"{\"ok\":true,\"result\":null}");
		close(fds[i]);
	}
	close(late);
}

/* A burst that arrives before the server looks is served whole. */
static void test_burst(void **state)
{
	struct fixture *f = *state;
	int fds[CONTROL_CLIENTS];

	for (int i = 0; i < CONTROL_CLIENTS; i++) {
		fds[i] = client_connect(f->path);
		assert_int_equal(send(fds[i], "{\"command\":\"echo\"}\n", 19, 0), 19);
	}
	for (int i = 0; i < CONTROL_CLIENTS; i++) {
		assert_reply(client_reply(f, fds[i]), "{\"ok\":true,\"result\":null}");
		close(fds[i]);
	}
}

static void test_socket_file(void **state)
{
	struct fixture *f = *state;
	struct err_list err;
	struct stat st;

	assert_int_equal(lstat(f->path, &st), 0);
	assert_true(S_ISSOCK(st.st_mode));
	assert_int_equal(st.st_mode & 07777, 0600);
	/* somebody answers there */
	err_init(&err);
	assert_null(control_open(f->path, 0600, commands, f, &err));
	assert_int_equal(err.count, 1);
	assert_non_null(strstr(err.lines[0], "another attlsd"));
	err_fini(&err);
	assert_int_equal(access(f->path, F_OK), 0);
}

static void test_stale_socket(void **state)
{
	struct fixture *f = *state;
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	char dead[sizeof(sa.sun_path)];
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	struct control *second;

	snprintf(dead, sizeof(dead), "%s/dead.sock", f->folder);
	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", dead);
	assert_int_equal(bind(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	close(fd); /* as after kill -9 */
	second = control_open(dead, 0600, commands, f, &f->err);
	assert_non_null(second);
	fd = client_connect(dead);
	close(fd);
	/* replaced under its feet: closing must not remove what is not its own */
	assert_int_equal(unlink(dead), 0);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	control_close(second);
	assert_int_equal(access(dead, F_OK), 0);
	close(fd);
	unlink(dead);
}

static void test_path_refused(void **state)
{
	struct fixture *f = *state;
	char file[96], long_path[256];
	FILE *out;
	struct err_list err;

	err_init(&err);
	snprintf(file, sizeof(file), "%s/precious", f->folder);
	out = fopen(file, "w");
	fclose(out);
	assert_null(control_open(file, 0600, commands, f, &err));
	assert_int_equal(err.count, 1);
	assert_int_equal(access(file, F_OK), 0);
	unlink(file);
	memset(long_path, 'a', sizeof(long_path));
	long_path[0] = '/';
	long_path[sizeof(long_path) - 1] = '\0';
	assert_null(control_open(long_path, 0600, commands, f, &err));
	assert_int_equal(err.count, 2);
	assert_null(control_open("/proc/none/control.sock", 0600, commands, f, &err));
	assert_int_equal(err.count, 3);
	err_fini(&err);
}

/* Another user, even one whom the file's permissions would let in. */
static void test_foreign_user(void **state)
{
	struct fixture *f = *state;
	char run[96], byte[256] = "";
	ssize_t n = 0;
	int report[2], status;
	pid_t child;

	if (geteuid() != 0)
		skip();
	snprintf(run, sizeof(run), "%s/run", f->folder);
	assert_int_equal(chmod(f->folder, 0755) | chmod(run, 0755) | chmod(f->path, 0666), 0);
	assert_int_equal(pipe(report), 0);
	child = fork();
	if (child == 0) {
		struct sockaddr_un sa = {.sun_family = AF_UNIX};
		int fd;

		if (setgid(65534) != 0 || setuid(65534) != 0)
			_exit(2);
		fd = socket(AF_UNIX, SOCK_STREAM, 0);
		snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", f->path);
		if (connect(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0)
			_exit(3);
		send(fd, "{\"command\":\"echo\"}\n", 19, MSG_NOSIGNAL);
		shutdown(fd, SHUT_WR);
		for (;;) {
			char buf[256];
			ssize_t got = recv(fd, buf, sizeof(buf), 0);

			if (got <= 0 || write(report[1], buf, (size_t)got) < 0)
				_exit(0);
		}
	}
	close(report[1]);
	while (waitpid(child, &status, WNOHANG) == 0) {
		struct pollfd p = {.fd = control_fd(f->control), .events = POLLIN};

		if (poll(&p, 1, 10) == 1)
			control_serve(f->control);
	}
	assert_int_equal(status, 0);
	n = read(report[0], byte, sizeof(byte) - 1);
	close(report[0]);
	assert_true(n > 0);
	assert_non_null(strstr(byte, "only root"));
	assert_int_equal(f->calls, 0);
}

static void test_json_text(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{"", ""},
		{"plain", "plain"},
		{"m\xc3\xbcller \xe2\x82\xac \xf0\x9f\x94\x92",
			"m\xc3\xbcller \xe2\x82\xac \xf0\x9f\x94\x92"},
		{"\xff", "?"},
		{"a\xc3", "a?"},
		{"\xc0\xaf", "??"},
		{"\xed\xa0\x80", "???"},
		{"\xf4\x90\x80\x80", "????"},
		{"\xe2\x82", "??"},
		{"\xe2\x82z", "??z"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		json_t *json = json_text(cases[i].in);

		assert_string_equal(json_string_value(json), cases[i].out);
		json_decref(json);
		json = json_string(cases[i].out); /* jansson agrees that it is valid */
		assert_non_null(json);
		json_decref(json);
	}
	assert_true(json_is_null(json_text(NULL)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_replies, setup, teardown),
		cmocka_unit_test_setup_teardown(test_malformed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_framing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_line_limit, setup, teardown),
		cmocka_unit_test_setup_teardown(test_slow_client, setup, teardown),
		cmocka_unit_test_setup_teardown(test_full, setup, teardown),
		cmocka_unit_test_setup_teardown(test_burst, setup, teardown),
		cmocka_unit_test_setup_teardown(test_socket_file, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stale_socket, setup, teardown),
		cmocka_unit_test_setup_teardown(test_path_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_foreign_user, setup, teardown),
		cmocka_unit_test(test_json_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
