/* SPDX-License-Identifier: GPL-3.0-or-later */
/* handshake.c - what a TLS handshake costs both ends, without packets: full and resumed */
#include "unit/session_pair.h"

#include <time.h>

/* Each round is both ends' work; the ticket of a resumed one is part of it. */
enum { ROUNDS = 500, WARM = 10, RESUMABLE = 300 };

static const char share[] = "one peer";

/* One connection as the gateway has it: handshake, a byte each way, end. */
static __attribute__((noinline)) void connection(struct pair *p, bool resumed)
{
	uint8_t byte[8];

	p->client.session = session_new(p->client.ctx, &p->remote, &p->client.out);
	p->server.session = session_new(p->server.ctx, &p->remote, &p->server.out);
	session_share(p->client.session, span_of(share, sizeof(share)));
	shake_well(p);
	assert_int_equal(session_info(p->client.session)->resumed, resumed);
	session_write(p->server.session, span_of("x", 1));
	while (ring_len(&p->server.out) > 0)
		receive(p, &p->client, &p->server, byte, sizeof(byte));
	session_free(p->client.session);
	session_free(p->server.session);
}

static double milliseconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static const struct kind {
	const char *name;
	int version;
	unsigned timeout; /* 0: nothing is resumed */
} kinds[] = {
	{"TLS 1.3, full", TLS1_3_VERSION, 0},
	{"TLS 1.3, resumed", TLS1_3_VERSION, RESUMABLE},
	{"TLS 1.2, full", TLS1_2_VERSION, 0},
	{"TLS 1.2, resumed", TLS1_2_VERSION, RESUMABLE},
};

enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

static void measure(const struct kind *k, long rounds)
{
	struct pair p;
	double began;

	pair_init(&p, k->version);
	p.client_profile.session_timeout = p.server_profile.session_timeout = k->timeout;
	pair_open(&p);
	session_free(p.client.session);
	session_free(p.server.session);
	connection(&p, false);
	for (int i = 0; i < WARM; i++)
		connection(&p, k->timeout > 0);
	began = milliseconds();
	for (long i = 0; i < rounds; i++)
		connection(&p, k->timeout > 0);
	printf("%-18s %.3f ms\n", k->name, (milliseconds() - began) / (double)rounds);
	p.client.session = p.server.session = NULL;
	pair_fini(&p);
}

/* With the number of one kind for a profiler: valgrind --toggle-collect=connection counts it. */
int main(int argc, char **argv)
{
	long rounds = argc > 1 ? strtol(argv[1], NULL, 10) : ROUNDS;
	long only = argc > 2 ? strtol(argv[2], NULL, 10) : KINDS;
	void *state;

	if (rounds < 1 || only < 0 || only > KINDS) {
		fprintf(stderr, "usage: handshake [ROUNDS [0-%d]]\n", KINDS - 1);
		return 2;
	}
	make_all(&state);
	for (int i = 0; i < KINDS; i++) {
		if (only == KINDS || only == i)
			measure(&kinds[i], rounds);
	}
	return free_all(&state);
}
