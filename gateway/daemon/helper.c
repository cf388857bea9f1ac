/* SPDX-License-Identifier: GPL-3.0-or-later */
/* helper.c - the small process that runs attls-net for a daemon that no longer may */
#include "gateway/daemon/helper.h"

#include "base/span.h"
#include "gateway/daemon/runner.h"
#include "keyring/passphrase.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* attls-net's exit statuses, as its manual page lists them */
enum { STATUS_OK = 0, STATUS_NOT_UP = 3, STATUS_DAMAGED = 4, STATUS_NAT = 5 };

/* What it can be asked to do. */
enum task { TASK_NOTE, TASK_REFRESH, TASK_CHECK, TASK_READY, TASK_END }; /* text: the first two */

/* A request: this, then @len bytes of text. */
struct request {
	uint32_t task;
	uint32_t len;
};

/* ---- the helper's side ---- */

struct station {
	int fd;
	const char *ini;
	const char *control;
	usec_t timeout; /* of one run of attls-net */
	char file[PATH_MAX];
	char *noted; /* candidates that the rules were last made for, or were to be */
	size_t noted_len;
};

static bool read_all(int fd, void *buf, size_t len)
{
	return recv(fd, buf, len, MSG_WAITALL) == (ssize_t)len;
}

static bool write_all(int fd, const char *buf, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, buf, len);

		if (n < 0 && errno != EINTR)
			return false;
		if (n > 0) {
			buf += n;
			len -= (size_t)n;
		}
	}
	return true;
}

/* Replace the file as a whole; attls-net may read it at any time. */
static bool save(const struct station *s, const char *text, size_t len)
{
	char temporary[PATH_MAX + 8];
	bool ok;
	int fd;

	snprintf(temporary, sizeof(temporary), "%s.new", s->file);
	fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	ok = fd >= 0 && write_all(fd, text, len);
	if (fd >= 0)
		close(fd);
	return ok && rename(temporary, s->file) == 0;
}

static struct run note(const struct station *s, const char *text, size_t len)
{
	struct run r = {.status = STATUS_OK};

	if (save(s, text, len))
		return r;
	r.status = 255;
	runner_say(&r, "%s: cannot be written: %s\n", s->file, strerror(errno));
	return r;
}

/* Bring the rules to the candidates of @text. */
static struct run bring(const struct station *s, const char *text, size_t len)
{
	const char *const up[] = {"up", "--if-up", "--candidates", s->file, NULL};
	struct run r = note(s, text, len);

	return r.status == STATUS_OK ? runner_run(s->ini, up, s->timeout) : r;
}

/* The same; what fails may have come half-way, so back to what the rules were made for before. */
static struct run refresh(const struct station *s, const char *text, size_t len)
{
	struct run r = bring(s, text, len), back;

	if (r.status == STATUS_OK)
		return r;
	back = bring(s, s->noted, s->noted_len);
	if (back.status == STATUS_OK)
		runner_say(&r, "the rules are as they were (exit status %d)\n", r.status);
	else
		runner_say(&r, "the rules could not be put back either: %s", back.said);
	return r;
}

/* Rules that do not follow NAT yet are made anew; that disturbs no connection. */
static struct run check(const struct station *s)
{
	const char *const show[] = {"show", "--candidates", s->file, NULL};
	struct run r = runner_run(s->ini, show, s->timeout);

	return r.status == STATUS_NAT ? bring(s, s->noted, s->noted_len) : r;
}

static struct run carry_out(const struct station *s, const struct request *q, const char *text)
{
	const char *const ready[] = {"ready", NULL};
	struct run r = {.status = STATUS_OK};

	switch ((enum task)q->task) {
	case TASK_NOTE: return note(s, text, q->len);
	case TASK_REFRESH: return refresh(s, text, q->len);
	case TASK_CHECK: return check(s);
	case TASK_READY: return runner_run(s->ini, ready, s->timeout);
	case TASK_END:
		unlink(s->file);
		unlink(s->control);
		break;
	}
	return r;
}

/* Candidates that are in force from now on; @text is the station's then. */
static void remember(struct station *s, const struct request *q, char *text)
{
	free(s->noted);
	s->noted = text;
	s->noted_len = q->len;
}

/* The helper's whole life: a request in, what it came to out. */
static void serve(struct station *s)
{
	struct request q;

	signal(SIGINT, SIG_IGN); /* the terminal's; the daemon's end is ours */
	signal(SIGHUP, SIG_IGN);
	prctl(PR_SET_NAME, "attlsd-helper");
	while (read_all(s->fd, &q, sizeof(q))) {
		char *text = malloc(q.len + 1);
		struct run r;

		if (!text || (q.len > 0 && !read_all(s->fd, text, q.len)))
			break;
		r = carry_out(s, &q, text);
		if (q.task <= TASK_REFRESH && r.status == STATUS_OK)
			remember(s, &q, text);
		else
			free(text);
		if (!write_all(s->fd, (const char *)&r, sizeof(r)))
			break;
	}
	_exit(0);
}

/* ---- the daemon's side ---- */

bool helper_start(
	struct helper *h, const char *ini, const struct settings *settings, struct err_list *err)
{
	struct station s = {
		.ini = ini, .control = settings->control, .timeout = settings->net_timeout};
	int fds[2];

	snprintf(s.file, sizeof(s.file), "%s.candidates", s.control);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0) {
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
		passphrase_shun(settings->key_passphrase);
		passphrase_shun(settings->pkcs11_pin);
		s.fd = fds[1];
		serve(&s);
	}
	close(fds[1]);
	h->fd = fds[0];
	return true;
}

static bool ask(const struct helper *h, enum task task, struct span text, struct run *r)
{
	struct request q = {.task = task, .len = (uint32_t)text.len};

	return write_all(h->fd, (const char *)&q, sizeof(q)) &&
	       write_all(h->fd, (const char *)text.ptr, text.len) && read_all(h->fd, r, sizeof(*r));
}

/* One sentence for each line that was said. */
static void add_lines(struct err_list *err, char *said)
{
	char *rest = said;

	for (char *line; (line = strsep(&rest, "\n"));) {
		if (*line)
			err_add(err, "%s", line);
	}
}

static bool order(const struct helper *h, enum task task, struct span text, struct err_list *err)
{
	struct run r;

	if (!ask(h, task, text, &r)) {
		err_add(err, "attls-net: the helper process is gone; restart attlsd");
		return false;
	}
	if (r.status == STATUS_OK)
		return true;
	add_lines(err, r.said);
	if (!r.said[0])
		err_add(err, "attls-net: exit status %d", r.status);
	return false;
}

bool helper_note(struct helper *h, const char *text, size_t len, struct err_list *err)
{
	return order(h, TASK_NOTE, span_of(text, len), err);
}

bool helper_refresh(struct helper *h, const char *text, size_t len, struct err_list *err)
{
	return order(h, TASK_REFRESH, span_of(text, len), err);
}

bool helper_ready(struct helper *h, struct err_list *err)
{
	return order(h, TASK_READY, span_none(), err);
}

enum helper_view helper_check(struct helper *h)
{
	struct run r;

	if (!ask(h, TASK_CHECK, span_none(), &r))
		return HELPER_UNKNOWN;
	switch (r.status) {
	case STATUS_OK: return HELPER_WHOLE;
	case STATUS_NOT_UP:
	case STATUS_DAMAGED: return HELPER_DAMAGED;
	default: return HELPER_UNKNOWN;
	}
}

void helper_stop(struct helper *h, bool tidy)
{
	struct run r;

	if (h->pid <= 0)
		return;
	if (tidy)
		ask(h, TASK_END, span_none(), &r);
	close(h->fd);
	waitpid(h->pid, NULL, 0);
	h->pid = 0;
}
