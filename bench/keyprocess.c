/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * keyprocess.c - what it costs a server's handshakes that its key is in the key process
 *
 * Both ends of full TLS 1.3 handshakes, without packets, on one thread that waits as a worker does;
 * the key process is the daemon's. Slices with the key here and there take turns, so that what else
 * the machine does meets both; the medians are printed.
 */
#include "unit/session_pair.h"

#include <poll.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "gateway/daemon/keeper.h"
#include "gateway/tls/signer.h"
#include "keyring/files.h"
#include "keyring/pem.h"

enum { ROUNDS = 15, SLICE = 256, LANES_MAX = 64, ROUNDS_MAX = 1000 };

/* One handshake at a time. */
struct lane {
	struct pair p;
	bool idle;
	bool waits; /* for the key process */
};

/* Seconds; the key process's are part of the server's. */
struct sample {
	double wall;
	double both;
	double server;
};

/* What everything runs with. */
struct bench {
	struct keeper keeper;
	struct signer signer;
	clockid_t key_clock; /* processor time of the key process */
	struct cert here, there;
	struct lane lanes[LANES_MAX];
	double client; /* processor time so far */
	int running;   /* lanes that can go on */
};

static double seconds(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- the key process ---- */

/* The keeper has one child. */
static clockid_t child_clock(pid_t keeper)
{
	clockid_t clock = CLOCK_REALTIME;
	char path[64], child[32] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)keeper, (int)keeper);
	f = fopen(path, "r");
	assert_non_null(f);
	assert_non_null(fgets(child, sizeof(child), f));
	fclose(f);
	assert_int_equal(clock_getcpuclockid((pid_t)strtol(child, NULL, 10), &clock), 0);
	return clock;
}

static void key_begin(struct bench *b, char *dir)
{
	static char none[] = "";
	struct settings s = {
		.keyring = dir,
		.user = none,
		.key_user = none,
		.key_passphrase = none,
		.pkcs11_module = none,
		.pkcs11_pin = none,
		.workers = 1,
	};
	struct err_list err;

	err_init(&err);
	if (!keeper_start(&b->keeper, &s, &err))
		fail_msg("%s", err.count ? err.lines[0] : "no key process");
	err_fini(&err);
	b->key_clock = child_clock(b->keeper.pid);
}

static void store(const char *path, EVP_PKEY *key)
{
	size_t len;
	char *text = pem_from_key(key, &len);
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, 0600), 0);
	file_free(text, len);
}

/* One certificate twice: its key in this process, and in the other one. */
static void make_both(struct bench *b, const char *type, int bits, const char *path)
{
	struct issue wish = {.subject = "CN=db.example",
		.altnames = "DNS:db.example",
		.usage = ISSUE_HANDSHAKE,
		.signer = ca.x509,
		.signer_key = ca.key,
		.not_before = time(NULL) - MAKE_HOUR,
		.not_after = time(NULL) + MAKE_HOUR};
	struct err_list err;

	err_init(&err);
	b->here = (struct cert){.owner = (char *)"root", .label = (char *)"key"};
	b->here.trust = CERT_TRUST;
	b->here.key = issue_key(type, bits, &err);
	b->here.x509 = issue_certificate(&wish, b->here.key, &err);
	assert_int_equal(err.count, 0);
	err_fini(&err);
	store(path, b->here.key);
	b->there = b->here;
	assert_int_equal(X509_up_ref(b->there.x509), 1);
	b->there.key = remote_key(b->there.x509, path);
	assert_non_null(b->there.key);
}

/* ---- handshakes ---- */

static void lane_begin(struct lane *l)
{
	struct pair *p = &l->p;

	p->client.session = session_new(p->client.ctx, &p->remote, &p->client.out);
	p->server.session = session_new(p->server.ctx, &p->remote, &p->server.out);
	session_wait_as(p->server.session, l);
	l->idle = false;
}

static void lane_end(struct lane *l)
{
	session_free(l->p.client.session);
	session_free(l->p.server.session);
	ring_consume(&l->p.client.out, ring_len(&l->p.client.out));
	ring_consume(&l->p.server.out, ring_len(&l->p.server.out));
	l->p.client.session = l->p.server.session = NULL;
	l->idle = true;
}

/* One step of either end, as if each came with a packet. Return: whether the handshake is done. */
static bool lane_step(struct bench *b, struct lane *l)
{
	double began = seconds(CLOCK_THREAD_CPUTIME_ID);
	enum session_status c = step(&l->p, &l->p.client, &l->p.server), s;

	b->client += seconds(CLOCK_THREAD_CPUTIME_ID) - began;
	s = step(&l->p, &l->p.server, &l->p.client);
	assert_int_not_equal(c, SESSION_FAILED);
	assert_int_not_equal(s, SESSION_FAILED);
	if (c != SESSION_OPEN || s != SESSION_OPEN)
		return false;
	lane_end(l);
	return true;
}

/* @left: handshakes that are still to be begun. Return: how many are done. */
static long turn(struct bench *b, int lanes, long *left)
{
	struct lane *l;
	long done = 0;

	if (b->signer.pending > 0) {
		signer_take(&b->signer);
		while ((l = signer_next(&b->signer)))
			l->waits = false;
	}
	for (int i = 0; i < lanes; i++) {
		size_t pending = b->signer.pending;

		l = &b->lanes[i];
		if (l->waits || (l->idle && *left == 0))
			continue;
		if (l->idle) {
			(*left)--;
			lane_begin(l);
		}
		done += lane_step(b, l);
		l->waits = b->signer.pending > pending;
		b->running += !l->waits && (!l->idle || *left > 0);
	}
	if (b->signer.pending > 0)
		signer_send(&b->signer);
	return done;
}

/* @lanes handshakes at a time, @count in all. */
static void shake_all(struct bench *b, int lanes, long count)
{
	struct pollfd channel = {.fd = b->signer.fd, .events = POLLIN};
	long left = count;

	while (count > 0) {
		b->running = 0;
		count -= turn(b, lanes, &left);
		if (b->signer.pending > 0 && b->running == 0)
			poll(&channel, 1, -1);
	}
}

static struct sample slice(struct bench *b, int lanes)
{
	double wall = seconds(CLOCK_MONOTONIC), far = seconds(b->key_clock);
	double near = seconds(CLOCK_PROCESS_CPUTIME_ID);
	struct sample s;

	b->client = 0;
	shake_all(b, lanes, SLICE);
	s.wall = seconds(CLOCK_MONOTONIC) - wall;
	s.both = seconds(CLOCK_PROCESS_CPUTIME_ID) - near + seconds(b->key_clock) - far;
	s.server = s.both - b->client;
	return s;
}

/* ---- what is compared ---- */

/* All lanes have one pair's contexts. */
static void lanes_open(struct bench *b, struct pair *p, const struct cert *c)
{
	pair_init(p, TLS1_3_VERSION);
	ring_connect(&p->server, c, CERT_PERSONAL);
	pair_open(p);
	session_free(p->client.session);
	session_free(p->server.session);
	p->client.session = p->server.session = NULL;
	for (int i = 0; i < LANES_MAX; i++) {
		b->lanes[i] = (struct lane){.p = *p, .idle = true};
		ring_init(&b->lanes[i].p.client.out, RING, NULL);
		ring_init(&b->lanes[i].p.server.out, RING, NULL);
	}
}

static void lanes_close(struct bench *b, struct pair *p)
{
	for (int i = 0; i < LANES_MAX; i++) {
		ring_fini(&b->lanes[i].p.client.out);
		ring_fini(&b->lanes[i].p.server.out);
	}
	pair_fini(p);
}

static struct sample measure(struct bench *b, const struct cert *c, int lanes)
{
	struct sample s;
	struct pair p;

	lanes_open(b, &p, c);
	if (c == &b->there)
		signer_open(&b->signer, b->keeper.fds[1]);
	shake_all(b, lanes, lanes);
	s = slice(b, lanes);
	lanes_close(b, &p);
	signer_close(&b->signer);
	return s;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *values, size_t count)
{
	qsort(values, count, sizeof(*values), compare);
	return values[count / 2];
}

/* One line of the table. */
struct line {
	const char *name;
	double here[ROUNDS_MAX], there[ROUNDS_MAX], ratio[ROUNDS_MAX];
};

static void line_add(struct line *l, size_t i, double here, double there)
{
	l->here[i] = here;
	l->there[i] = there;
	l->ratio[i] = there / here;
}

static void compare_keys(struct bench *b, int lanes, size_t rounds)
{
	static struct line lines[] = {{.name = "handshakes per s"}, {.name = "ms, both ends"},
		{.name = "ms, server's end"}};

	for (size_t i = 0; i < rounds; i++) {
		struct sample h = measure(b, &b->here, lanes), t = measure(b, &b->there, lanes);

		line_add(&lines[0], i, SLICE / h.wall, SLICE / t.wall);
		line_add(&lines[1], i, h.both / SLICE * 1e3, t.both / SLICE * 1e3);
		line_add(&lines[2], i, h.server / SLICE * 1e3, t.server / SLICE * 1e3);
	}
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		printf("%2d at a time  %-18s %9.3f %9.3f %9.2f\n", lanes, lines[i].name,
			median(lines[i].here, rounds), median(lines[i].there, rounds),
			median(lines[i].ratio, rounds));
}

static void bench(const char *type, int bits, size_t rounds)
{
	static const int lanes[] = {1, 8, LANES_MAX};
	static struct bench b;
	char dir[] = "/tmp/attls-bench-XXXXXX", certs[64], path[80];
	void *state;

	assert_non_null(mkdtemp(dir));
	snprintf(certs, sizeof(certs), "%s/certs", dir);
	snprintf(path, sizeof(path), "%s/key.key", certs);
	assert_int_equal(mkdir(certs, 0700), 0);
	key_begin(&b, dir);
	make_all(&state);
	make_both(&b, type, bits, path);
	printf("%-32s %9s %9s %9s\n", type, "here", "there", "ratio");
	for (size_t i = 0; i < sizeof(lanes) / sizeof(lanes[0]); i++)
		compare_keys(&b, lanes[i], rounds);
	make_free(&b.here);
	make_free(&b.there);
	free_all(&state);
	keeper_stop(&b.keeper);
	unlink(path);
	rmdir(certs);
	rmdir(dir);
}

int main(int argc, char **argv)
{
	long rounds = argc > 1 ? strtol(argv[1], NULL, 10) : ROUNDS;
	const char *type = argc > 2 ? argv[2] : "nistecc";
	long bits = argc > 3 ? strtol(argv[3], NULL, 10) : 0;

	if (rounds < 1 || rounds > ROUNDS_MAX || argc > 4) {
		fprintf(stderr, "usage: keyprocess [ROUNDS [nistecc|rsa|ed25519 [BITS]]]\n");
		return 2;
	}
	bench(type, (int)bits, (size_t)rounds);
	return 0;
}
