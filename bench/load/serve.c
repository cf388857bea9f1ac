/* SPDX-License-Identifier: GPL-3.0-or-later */
/* serve.c - does for each connection what its greeting asks for */
#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/load/load.h"

struct client {
	int fd;
	bool listener;
	struct greeting greeting;
	size_t greeted; /* bytes of the greeting that are here */
	uint32_t size;
	uint64_t got;  /* bytes of the request that is arriving */
	uint64_t owed; /* bytes of responses still to be sent */
};

static uint8_t buffer[CHUNK];
static int poller;

static void watch(struct client *c, uint32_t events, int how)
{
	struct epoll_event e = {.events = events, .data.ptr = c};

	if (epoll_ctl(poller, how, c->fd, &e) < 0)
		load_die("epoll_ctl");
}

/* One for each file descriptor that this process may have. */
static struct client clients[1 << 16];

static struct client *client_new(int fd)
{
	if (fd < 0 || (size_t)fd >= sizeof(clients) / sizeof(clients[0]))
		load_die("socket");
	clients[fd] = (struct client){.fd = fd};
	return &clients[fd];
}

static void listen_on(const char *port)
{
	struct sockaddr_in6 any = {
		.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)strtoul(port, NULL, 10))};
	int one = 1, fd = socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct client *c = client_new(fd);

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&any, sizeof(any)) < 0 || listen(fd, 4096) < 0)
		load_die(port);
	c->listener = true;
	watch(c, EPOLLIN, EPOLL_CTL_ADD);
}

static void accept_all(const struct client *c)
{
	int fd, one = 1;

	while ((fd = accept4(c->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		watch(client_new(fd), EPOLLIN, EPOLL_CTL_ADD);
	}
}

static bool is_source(const struct client *c)
{
	return c->greeting.wish == WISH_SOURCE || c->greeting.wish == WISH_BOTH;
}

/* The greeting has come whole. */
static void begin(struct client *c)
{
	c->size = ntohl(c->greeting.size);
	if (is_source(c)) {
		c->owed = UINT64_MAX;
		watch(c, EPOLLIN | EPOLLOUT, EPOLL_CTL_MOD);
	}
}

/* @n bytes have arrived in the buffer; those of the greeting come first. */
static void take(struct client *c, size_t n)
{
	size_t rest = sizeof(c->greeting) - c->greeted, head = n < rest ? n : rest;

	memcpy((uint8_t *)&c->greeting + c->greeted, buffer, head);
	c->greeted += head;
	if (head && c->greeted == sizeof(c->greeting))
		begin(c);
	if (c->greeting.wish != WISH_ECHO || c->greeted < sizeof(c->greeting))
		return;
	c->got += n - head;
	while (c->size && c->got >= c->size) {
		c->got -= c->size;
		c->owed += c->size;
	}
}

/* Return: false when the connection is over. */
static bool pay(struct client *c)
{
	while (c->owed) {
		size_t n = c->owed < CHUNK ? (size_t)c->owed : CHUNK;
		ssize_t sent = send(c->fd, buffer, n, 0);

		if (sent < 0 && errno == EAGAIN) {
			watch(c, EPOLLIN | EPOLLOUT, EPOLL_CTL_MOD);
			return true;
		}
		if (sent < 0)
			return false;
		if (c->owed != UINT64_MAX)
			c->owed -= (size_t)sent;
	}
	return true;
}

static bool serve(struct client *c, uint32_t events)
{
	ssize_t n;

	if (events & EPOLLOUT) {
		if (!is_source(c))
			watch(c, EPOLLIN, EPOLL_CTL_MOD);
		if (!pay(c))
			return false;
	}
	if (!(events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
		return true;
	n = recv(c->fd, buffer, CHUNK, 0);
	if (n <= 0)
		return n < 0 && errno == EAGAIN;
	take(c, (size_t)n);
	return is_source(c) || pay(c);
}

void load_serve(char *const *ports, unsigned count)
{
	struct epoll_event events[256];

	poller = epoll_create1(EPOLL_CLOEXEC);
	for (unsigned i = 0; i < count; i++)
		listen_on(ports[i]);
	for (;;) {
		int n = epoll_wait(poller, events, 256, -1);

		for (int i = 0; i < n; i++) {
			struct client *c = events[i].data.ptr;

			if (c->listener)
				accept_all(c);
			else if (!serve(c, events[i].events))
				close(c->fd);
		}
	}
}
