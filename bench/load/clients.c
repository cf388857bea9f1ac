/* SPDX-License-Identifier: GPL-3.0-or-later */
/* clients.c - the four kinds of client; all but idle measure for a given time */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/load/load.h"

static uint8_t buffer[CHUNK];

static uint64_t end_of(const struct task *t)
{
	return load_now() + (uint64_t)(t->seconds * 1e9);
}

static struct pollfd *connect_all(const struct task *t, enum wish wish)
{
	struct pollfd *p = calloc(t->connections, sizeof(*p));

	if (!p)
		load_die("calloc");
	for (unsigned i = 0; i < t->connections; i++) {
		p[i].fd = load_connect(t, wish, t->size);
		p[i].events = (short)((wish != WISH_SINK ? POLLIN : 0) |
				      (wish == WISH_SINK || wish == WISH_BOTH ? POLLOUT : 0));
	}
	return p;
}

static uint64_t moved(ssize_t n)
{
	if (n == 0 || (n < 0 && errno != EAGAIN))
		load_die("bulk");
	return n > 0 ? (uint64_t)n : 0;
}

/* Bytes handed to the own kernel are counted; over seconds its buffers do not matter. */
void load_bulk(const struct task *t)
{
	struct pollfd *p = connect_all(t, t->wish);
	uint64_t up = 0, down = 0, begun = load_now(), end = end_of(t), now = begun;

	for (unsigned i = 0; i < t->connections; i++)
		load_nonblocking(p[i].fd);
	for (; now < end; now = load_now()) {
		poll(p, t->connections, 100);
		for (unsigned i = 0; i < t->connections; i++) {
			if (p[i].revents & POLLOUT)
				up += moved(send(p[i].fd, buffer, CHUNK, 0));
			if (p[i].revents & (POLLIN | POLLHUP | POLLERR))
				down += moved(recv(p[i].fd, buffer, CHUNK, 0));
		}
	}
	printf("{\"up\": %llu, \"down\": %llu, \"seconds\": %.6f}\n", (unsigned long long)up,
		(unsigned long long)down, (double)(now - begun) / 1e9);
	free(p);
}

/* Durations in nanoseconds, as many as there are. */
struct samples {
	uint64_t *at;
	size_t count, room;
};

static void sample(struct samples *s, uint64_t value)
{
	if (s->count == s->room) {
		s->room = s->room ? 2 * s->room : 65536;
		s->at = realloc(s->at, s->room * sizeof(*s->at));
		if (!s->at)
			load_die("realloc");
	}
	s->at[s->count++] = value;
}

static int by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void print_samples(struct samples *s, double seconds)
{
	static const double shares[] = {0.5, 0.99, 0.999};

	if (s->count == 0) {
		fprintf(stderr, "attls-load: nothing was answered in time\n");
		exit(1);
	}
	qsort(s->at, s->count, sizeof(*s->at), by_size);
	printf("{\"count\": %zu, \"rate\": %.3f", s->count, (double)s->count / seconds);
	for (size_t i = 0; i < sizeof(shares) / sizeof(shares[0]); i++)
		printf(", \"p%g\": %.3f", shares[i] * 100,
			(double)s->at[(size_t)(shares[i] * (double)(s->count - 1))] / 1e3);
	printf(", \"seconds\": %.6f}\n", seconds);
	free(s->at);
}

struct exchange {
	uint64_t asked; /* when the request left */
	uint32_t got;   /* bytes of its response */
};

static void ask(int fd, struct exchange *e, uint32_t size)
{
	e->asked = load_now();
	e->got = 0;
	load_exactly(fd, buffer, size, true);
}

static void hear(int fd, struct exchange *e, uint32_t size, struct samples *s)
{
	ssize_t n = recv(fd, buffer, size - e->got, 0);

	if (n <= 0)
		load_die("echo");
	e->got += (uint32_t)n;
	if (e->got < size)
		return;
	sample(s, load_now() - e->asked);
	ask(fd, e, size);
}

/* Requests and responses, one at a time on each connection. */
void load_echo(const struct task *t)
{
	struct pollfd *p = connect_all(t, WISH_ECHO);
	struct exchange *e = calloc(t->connections, sizeof(*e));
	struct samples s = {0};
	uint64_t begun, end;

	if (!e || t->size == 0 || t->size > CHUNK)
		load_die("echo");
	/* each connection has been through its opening before the first request counts */
	for (unsigned i = 0; i < t->connections; i++) {
		load_exactly(p[i].fd, buffer, t->size, true);
		load_exactly(p[i].fd, buffer, t->size, false);
	}
	begun = load_now();
	end = end_of(t);
	for (unsigned i = 0; i < t->connections; i++)
		ask(p[i].fd, &e[i], t->size);
	while (load_now() < end) {
		poll(p, t->connections, 100);
		for (unsigned i = 0; i < t->connections; i++)
			if (p[i].revents)
				hear(p[i].fd, &e[i], t->size, &s);
	}
	print_samples(&s, (double)(load_now() - begun) / 1e9);
	free(p);
	free(e);
}

/* New connections, @connections of them at a time: open, one byte there and back, close. */
void load_open(const struct task *t)
{
	struct pollfd *p = calloc(t->connections, sizeof(*p));
	uint64_t *began = calloc(t->connections, sizeof(*began)), begun = load_now();
	uint64_t end = end_of(t);
	struct samples s = {0};
	uint8_t byte = 0;

	if (!p || !began)
		load_die("calloc");
	for (unsigned i = 0; i < t->connections; i++)
		p[i] = (struct pollfd){.fd = -1, .events = POLLIN};
	while (load_now() < end) {
		for (unsigned i = 0; i < t->connections; i++) {
			if (p[i].fd >= 0)
				continue;
			began[i] = load_now();
			p[i].fd = load_connect(t, WISH_ECHO, 1);
			load_exactly(p[i].fd, &byte, 1, true);
		}
		poll(p, t->connections, 100);
		for (unsigned i = 0; i < t->connections; i++) {
			if (!p[i].revents)
				continue;
			load_exactly(p[i].fd, &byte, 1, false);
			sample(&s, load_now() - began[i]);
			close(p[i].fd);
			p[i].fd = -1;
		}
	}
	print_samples(&s, (double)(load_now() - begun) / 1e9);
	free(p);
	free(began);
}

/* Connections that have exchanged a byte and are then silent. */
void load_idle(const struct task *t)
{
	uint8_t byte = 0;

	for (unsigned i = 0; i < t->connections; i++) {
		int fd = load_connect(t, WISH_ECHO, 1);

		load_exactly(fd, &byte, 1, true);
		load_exactly(fd, &byte, 1, false);
	}
	printf("{\"idle\": %u}\n", t->connections);
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
}
