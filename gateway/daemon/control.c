/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * control.c - the control socket: lines in, lines out, no waiting
 *
 * Everything hangs on one epoll descriptor. A client is armed for EPOLLIN while it has nothing to
 * do, and for EPOLLOUT while a reply is on its way or a further request stands complete in its
 * buffer; so a client with a reply pending is not read, and holds at most one request buffer and
 * one reply. One request per client and call keeps a talkative client from starving the others.
 */
#include "gateway/daemon/control.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "gateway/daemon/answer.h"

struct client {
	int fd;   /* -1: the place is free */
	char *in; /* request bytes, a prefix of @in_size */
	size_t in_len, in_size;
	char *out; /* the reply being sent, or NULL */
	size_t out_len, out_sent;
	bool ended;       /* the client sends no more, or shall not */
	uint64_t touched; /* value of control->ticks when it last moved */
};

struct control {
	const struct control_command *commands;
	void *ctx;
	int epoll;
	int listener;
	char *path;
	dev_t dev; /* of the socket file, to unlink no other one */
	ino_t ino;
	uint64_t ticks;
	struct client clients[CONTROL_CLIENTS];
};

static void client_drop(struct client *cl)
{
	close(cl->fd); /* leaves the epoll set with it */
	free(cl->in);
	free(cl->out);
	*cl = (struct client){.fd = -1};
}

/* The first newline of the buffer, or NULL. */
static char *client_line_end(const struct client *cl)
{
	return cl->in_len ? memchr(cl->in, '\n', cl->in_len) : NULL;
}

/* Send @line, which becomes the client's; without memory for an answer, hang up. */
static void client_reply(struct client *cl, char *line)
{
	cl->out = line;
	cl->out_len = line ? strlen(line) : 0;
	cl->out_sent = 0;
	if (!line)
		cl->ended = true;
}

static void client_refuse(struct client *cl, const char *sentence)
{
	client_reply(cl, answer_refusal(sentence));
	cl->in_len = 0;
	cl->ended = true;
}

/* Take one request out of the buffer and answer it, if one is complete. */
static void client_request(struct control *c, struct client *cl)
{
	char *end = client_line_end(cl);
	size_t len;

	if (!end) {
		if (cl->in_len >= CONTROL_LINE)
			client_refuse(cl, "the request line is longer than 1 MB");
		return;
	}
	len = (size_t)(end + 1 - cl->in);
	client_reply(cl, answer_request(c->commands, c->ctx, cl->in, len));
	cl->in_len -= len;
	memmove(cl->in, cl->in + len, cl->in_len);
	if (cl->in_len == 0) { /* most clients ask once */
		free(cl->in);
		cl->in = NULL;
		cl->in_size = 0;
	}
}

/* ---- bytes ---- */

static bool client_grow(struct client *cl)
{
	size_t size = cl->in_size ? 2 * cl->in_size : 4096;
	char *more;

	if (cl->in_len < cl->in_size)
		return true;
	more = realloc(cl->in, size);
	if (!more)
		return false;
	cl->in = more;
	cl->in_size = size;
	return true;
}

/* Read once. Return: false if the client is lost. */
static bool client_read(struct client *cl)
{
	ssize_t n;

	if (cl->ended || client_line_end(cl))
		return true;
	if (!client_grow(cl))
		return false;
	n = recv(cl->fd, cl->in + cl->in_len, cl->in_size - cl->in_len, MSG_DONTWAIT);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	if (n == 0)
		cl->ended = true;
	cl->in_len += (size_t)n;
	return true;
}

/* Send what goes without waiting. Return: false if the client is lost. */
static bool client_flush(struct client *cl)
{
	while (cl->out_sent < cl->out_len) {
		ssize_t n = send(cl->fd, cl->out + cl->out_sent, cl->out_len - cl->out_sent,
			MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN;
		cl->out_sent += (size_t)n;
	}
	free(cl->out);
	cl->out = NULL;
	cl->out_len = cl->out_sent = 0;
	return true;
}

/* One turn of a client. Return: false if it is done with, or lost. */
static bool client_advance(struct control *c, struct client *cl)
{
	cl->touched = ++c->ticks;
	if (!client_flush(cl))
		return false;
	if (cl->out)
		return true;
	if (!client_read(cl))
		return false;
	client_request(c, cl);
	if (!client_flush(cl))
		return false;
	return cl->out || !cl->ended;
}

/* Wait for what @cl needs next; see the head of this file. */
static bool client_arm(struct control *c, struct client *cl, int op)
{
	struct epoll_event ev = {.data.ptr = cl};

	ev.events = cl->out || client_line_end(cl) ? EPOLLOUT : EPOLLIN;
	return epoll_ctl(c->epoll, op, cl->fd, &ev) == 0;
}

/* ---- clients come ---- */

/* A free place; when there is none, the client silent for longest is left. */
static struct client *place_find(struct control *c)
{
	struct client *oldest = &c->clients[0];

	for (size_t i = 0; i < CONTROL_CLIENTS; i++) {
		struct client *cl = &c->clients[i];

		if (cl->fd < 0)
			return cl;
		if (cl->touched < oldest->touched)
			oldest = cl;
	}
	client_drop(oldest);
	return oldest;
}

static bool peer_allowed(int fd)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0)
		return false;
	return cred.uid == 0 || cred.uid == geteuid();
}

static void client_welcome(struct control *c, int fd)
{
	struct client *cl = place_find(c);

	*cl = (struct client){.fd = fd, .touched = ++c->ticks};
	if (!peer_allowed(fd)) {
		client_refuse(cl, "only root and the user of attlsd may ask");
		if (!client_flush(cl) || !cl->out) {
			client_drop(cl);
			return;
		}
	}
	if (!client_arm(c, cl, EPOLL_CTL_ADD))
		client_drop(cl);
}

/* The listener is edge-triggered: short of descriptors, it waits for the next one to come. */
static void clients_accept(struct control *c)
{
	for (;;) {
		int fd = accept4(c->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0)
			client_welcome(c, fd);
		else if (errno != EINTR && errno != ECONNABORTED)
			break;
	}
	if (errno != EAGAIN)
		log_warning("control socket %s: accept: %s", c->path, strerror(errno));
}

void control_serve(struct control *c)
{
	struct epoll_event events[CONTROL_CLIENTS + 1];
	int n = epoll_wait(c->epoll, events, CONTROL_CLIENTS + 1, 0);

	for (int i = 0; i < n; i++) {
		struct client *cl = events[i].data.ptr;

		if (!cl)
			clients_accept(c);
		else if (cl->fd >= 0 &&
			 !(client_advance(c, cl) && client_arm(c, cl, EPOLL_CTL_MOD)))
			client_drop(cl);
	}
}

/* ---- the socket ---- */

static bool folder_make(const char *path, struct err_list *err)
{
	char *folder = strdup(path);
	char *slash = folder ? strrchr(folder, '/') : NULL;
	bool ok = true;

	if (slash && slash != folder) {
		*slash = '\0';
		ok = mkdir(folder, 0755) == 0 || errno == EEXIST;
		if (!ok)
			err_add(err, "cannot make the folder %s for the control socket: %s", folder,
				strerror(errno));
	}
	free(folder);
	return ok;
}

/* Make sure that nothing stands at the path, or say who does. */
static bool path_clear(const struct sockaddr_un *sa, struct err_list *err)
{
	struct stat st;
	int probe, rc;

	if (lstat(sa->sun_path, &st) < 0) {
		if (errno != ENOENT)
			err_add(err, "%s: %s", sa->sun_path, strerror(errno));
		return errno == ENOENT;
	}
	if (!S_ISSOCK(st.st_mode)) {
		err_add(err, "%s is there and is no socket; remove it or change [gateway] control",
			sa->sun_path);
		return false;
	}
	probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	rc = probe < 0 ? -1 : connect(probe, (const struct sockaddr *)sa, sizeof(*sa));
	rc = rc < 0 ? errno : 0;
	if (probe >= 0)
		close(probe);
	if (rc != ECONNREFUSED && rc != ENOENT) {
		err_add(err,
			"another attlsd answers at %s%s%s; stop it or change [gateway] control",
			sa->sun_path, rc ? ": " : "", rc ? strerror(rc) : "");
		return false;
	}
	if (unlink(sa->sun_path) == 0 || errno == ENOENT)
		return true;
	err_add(err, "cannot remove the dead socket %s: %s", sa->sun_path, strerror(errno));
	return false;
}

/* Bind and listen. The mode is set before bind(), so the file never has another one. */
static bool socket_listen(struct control *c, const struct sockaddr_un *sa, mode_t mode)
{
	struct epoll_event ev = {.events = EPOLLIN | EPOLLET, .data.ptr = NULL};
	struct stat st;

	c->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	c->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (c->listener < 0 || c->epoll < 0 || fchmod(c->listener, mode) < 0 ||
		bind(c->listener, (const struct sockaddr *)sa, sizeof(*sa)) < 0)
		return false;
	if (lstat(sa->sun_path, &st) < 0)
		return false;
	c->dev = st.st_dev;
	c->ino = st.st_ino;
	return listen(c->listener, CONTROL_CLIENTS) == 0 &&
	       epoll_ctl(c->epoll, EPOLL_CTL_ADD, c->listener, &ev) == 0;
}

struct control *control_open(const char *path, mode_t mode, const struct control_command *commands,
	void *ctx, struct err_list *err)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	struct control *c;

	if (strlen(path) >= sizeof(sa.sun_path)) {
		err_add(err, "[gateway] control: a socket path has at most %zu characters: %s",
			sizeof(sa.sun_path) - 1, path);
		return NULL;
	}
	memcpy(sa.sun_path, path, strlen(path));
	if (!folder_make(path, err) || !path_clear(&sa, err))
		return NULL;
	c = calloc(1, sizeof(*c));
	if (!c)
		return NULL;
	*c = (struct control){.commands = commands, .ctx = ctx, .path = strdup(path)};
	c->epoll = c->listener = -1;
	for (size_t i = 0; i < CONTROL_CLIENTS; i++)
		c->clients[i].fd = -1;
	if (!c->path || !socket_listen(c, &sa, mode)) {
		err_add(err, "cannot listen at the control socket %s: %s", path, strerror(errno));
		control_close(c);
		return NULL;
	}
	return c;
}

int control_fd(const struct control *c)
{
	return c->epoll;
}

void control_close(struct control *c)
{
	struct stat st;

	if (!c)
		return;
	for (size_t i = 0; i < CONTROL_CLIENTS; i++) {
		if (c->clients[i].fd >= 0)
			client_drop(&c->clients[i]);
	}
	if (c->ino && lstat(c->path, &st) == 0 && st.st_dev == c->dev && st.st_ino == c->ino)
		unlink(c->path);
	if (c->listener >= 0)
		close(c->listener);
	if (c->epoll >= 0)
		close(c->epoll);
	free(c->path);
	free(c);
}
