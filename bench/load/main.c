/* SPDX-License-Identifier: GPL-3.0-or-later */
/* main.c - attls-load: the command line, and what the server and the clients share */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "bench/load/load.h"

static const char usage[] =
	"usage: attls-load serve PORT...\n"
	"       attls-load bulk ADDRESS PORT CONNECTIONS SECONDS up|down|both\n"
	"       attls-load echo ADDRESS PORT CONNECTIONS SECONDS BYTES requests\n"
	"       attls-load open ADDRESS PORT CONNECTIONS SECONDS\n"
	"       attls-load idle ADDRESS PORT CONNECTIONS                 held until input ends\n";

uint64_t load_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

void load_die(const char *what)
{
	fprintf(stderr, "attls-load: %s: %s\n", what, strerror(errno));
	exit(1);
}

void load_exactly(int fd, void *buf, size_t n, bool out)
{
	uint8_t *at = buf;

	while (n) {
		ssize_t done = out ? send(fd, at, n, 0) : recv(fd, at, n, 0);

		if (done == 0) {
			errno = ECONNRESET;
			done = -1;
		}
		if (done < 0)
			load_die(out ? "send" : "receive");
		at += done;
		n -= (size_t)done;
	}
}

void load_nonblocking(int fd)
{
	if (fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) < 0)
		load_die("fcntl");
}

int load_connect(const struct task *t, enum wish wish, uint32_t size)
{
	struct greeting greeting = {.wish = (uint8_t)wish, .size = htonl(size)};
	int one = 1, fd = socket(t->to.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		load_die("socket");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (connect(fd, (const struct sockaddr *)&t->to, t->to_len) < 0)
		load_die("connect");
	load_exactly(fd, &greeting, sizeof(greeting), true);
	return fd;
}

static void resolve(struct task *t, const char *address, const char *port)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
				.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV},
			*found;

	if (getaddrinfo(address, port, &hints, &found)) {
		fprintf(stderr, "attls-load: \"%s\" port \"%s\" is no address\n", address, port);
		exit(2);
	}
	memcpy(&t->to, found->ai_addr, found->ai_addrlen);
	t->to_len = found->ai_addrlen;
	freeaddrinfo(found);
}

/* One file descriptor per connection. */
static void raise_limit(void)
{
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static const struct verb {
	const char *name;
	int words; /* after ADDRESS PORT CONNECTIONS */
	void (*run)(const struct task *t);
} verbs[] = {
	{"bulk", 2, load_bulk},
	{"echo", 2, load_echo},
	{"open", 1, load_open},
	{"idle", 0, load_idle},
};

static _Noreturn void refuse(void)
{
	fputs(usage, stderr);
	exit(2);
}

int main(int argc, char **argv)
{
	struct task t = {0};

	signal(SIGPIPE, SIG_IGN);
	raise_limit();
	if (argc > 2 && strcmp(argv[1], "serve") == 0)
		load_serve(argv + 2, (unsigned)argc - 2);
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (argc < 5 || strcmp(argv[1], verbs[i].name) != 0 || argc != 5 + verbs[i].words)
			continue;
		resolve(&t, argv[2], argv[3]);
		t.connections = (unsigned)strtoul(argv[4], NULL, 10);
		t.seconds = argc > 5 ? strtod(argv[5], NULL) : 0;
		if (argc > 6) {
			t.wish = *argv[6] == 'u'   ? WISH_SINK
				 : *argv[6] == 'd' ? WISH_SOURCE
						   : WISH_BOTH;
			t.size = (uint32_t)strtoul(argv[6], NULL, 10);
		}
		if (t.connections == 0)
			refuse();
		verbs[i].run(&t);
		return 0;
	}
	refuse();
}
