/* SPDX-License-Identifier: GPL-3.0-or-later */
/* load.h - traffic for measurements: one server, and clients of four kinds, all without TLS */
#ifndef ATTLS_BENCH_LOAD_H
#define ATTLS_BENCH_LOAD_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a client asks the server for, in the first bytes of each connection. */
enum wish { WISH_SINK = 'u', WISH_SOURCE = 'd', WISH_BOTH = 'b', WISH_ECHO = 'e' };

struct greeting {
	uint8_t wish; /* enum wish */
	uint8_t pad[3];
	uint32_t size; /* WISH_ECHO: bytes of each request and of each response; network order */
};

enum { CHUNK = 256 * 1024 };

/* Where to and how: the command line of a client. */
struct task {
	struct sockaddr_storage to;
	socklen_t to_len;
	unsigned connections;
	double seconds;
	uint32_t size;
	enum wish wish;
};

/** load_now() - monotonic time in nanoseconds */
uint64_t load_now(void);

/** load_die() - say what failed with errno's words, and end with status 1 */
_Noreturn void load_die(const char *what);

/** load_connect() - a connected blocking socket with TCP_NODELAY that has sent its greeting */
int load_connect(const struct task *t, enum wish wish, uint32_t size);

/** load_nonblocking() - from now on @fd never waits */
void load_nonblocking(int fd);

/** load_exactly() - @n bytes to (@out) or from a blocking socket; ends the program otherwise */
void load_exactly(int fd, void *buf, size_t n, bool out);

/** load_serve() - listen on all of @ports for ever, both address families */
_Noreturn void load_serve(char *const *ports, unsigned count);

/* The clients; each prints one line of JSON. */
void load_bulk(const struct task *t);
void load_echo(const struct task *t);
void load_open(const struct task *t);
void load_idle(const struct task *t);

#endif
