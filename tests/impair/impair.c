/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * impair.c - carry IP packets between two TUN devices over an impaired path
 *
 * usage: impair [--seed N] [--canary WORD] [--up SPEC] [--down SPEC] LEFT RIGHT
 *
 * What is routed into LEFT comes out of RIGHT after the impairments of "up", and the other way
 * round those of "down". Both devices exist already, without virtio headers: so the kernel cuts
 * super-segments up and completes checksums before a packet comes here. The same seed impairs the
 * n-th packet of a direction in the same way. Counters are printed as one line of JSON at
 * SIGUSR1, and at SIGTERM or SIGINT, which end the program. Made for tests.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "tests/impair/lane.h"

enum { UP, DOWN, LANES };
enum { READ_BATCH = 64 };

struct impair {
	struct lane lane[LANES];
	int in[LANES], out[LANES];
	int signals;
};

static const char *const lane_names[LANES] = {[UP] = "up", [DOWN] = "down"};

static void die(const char *what)
{
	fprintf(stderr, "impair: %s: %s\n", what, strerror(errno));
	exit(2);
}

static int64_t clock_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int tun_attach(const char *name)
{
	struct ifreq r = {.ifr_flags = IFF_TUN | IFF_NO_PI};
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);

	snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", name);
	if (fd < 0 || ioctl(fd, TUNSETIFF, &r))
		die(name);
	return fd;
}

static int signals_open(void)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (fd < 0)
		die("signalfd");
	return fd;
}

static void report(const struct impair *im)
{
	for (int i = 0; i < LANES; i++) {
		printf("%s\"%s\": ", i ? ", " : "{", lane_names[i]);
		lane_report(&im->lane[i], stdout);
	}
	puts("}");
	fflush(stdout);
}

/* A bounded batch, so that what is due does not wait long. */
static void receive(struct impair *im, int i)
{
	uint8_t data[LANE_PACKET_MAX];

	for (int n = 0; n < READ_BATCH; n++) {
		ssize_t len = read(im->in[i], data, sizeof(data));

		if (len < 0 && errno != EAGAIN)
			die("reading");
		if (len <= 0)
			return;
		if ((size_t)len == sizeof(data))
			im->lane[i].stats.overflow++;
		else
			lane_put(&im->lane[i], data, (size_t)len, clock_now());
	}
}

static void deliver(struct impair *im, int i)
{
	struct frame *f;

	while ((f = lane_take(&im->lane[i], clock_now()))) {
		/* the device refuses what is no IP packet any more; nothing here makes such */
		if (write(im->out[i], f->data, f->len) < 0)
			im->lane[i].stats.overflow++;
		free(f);
	}
}

/* Returns false at the signal to end. */
static bool signals_serve(struct impair *im)
{
	struct signalfd_siginfo info;

	while (read(im->signals, &info, sizeof(info)) == sizeof(info)) {
		report(im);
		if (info.ssi_signo != SIGUSR1)
			return false;
	}
	return true;
}

static struct timespec until_next(const struct impair *im)
{
	int64_t next = LANE_NEVER, wait;

	for (int i = 0; i < LANES; i++)
		if (lane_next(&im->lane[i]) < next)
			next = lane_next(&im->lane[i]);
	if (next == LANE_NEVER)
		return (struct timespec){.tv_sec = 3600};
	wait = next - clock_now();
	if (wait < 0)
		wait = 0;
	return (struct timespec){.tv_sec = wait / 1000000000, .tv_nsec = wait % 1000000000};
}

static void loop(struct impair *im)
{
	struct pollfd fds[] = {
		{.fd = im->in[UP], .events = POLLIN},
		{.fd = im->in[DOWN], .events = POLLIN},
		{.fd = im->signals, .events = POLLIN},
	};

	do {
		struct timespec wait = until_next(im);

		if (ppoll(fds, 3, &wait, NULL) < 0)
			die("ppoll");
		for (int i = 0; i < LANES; i++) {
			if (fds[i].revents)
				receive(im, i);
			deliver(im, i);
		}
	} while (!fds[2].revents || signals_serve(im));
}

/* Packets must leave on time on a busy machine too; without the privilege it is just less exact. */
static void be_punctual(void)
{
	struct sched_param p = {.sched_priority = 1};

	prctl(PR_SET_TIMERSLACK, 1);
	(void)!sched_setscheduler(0, SCHED_RR, &p);
}

static void usage(void)
{
	fputs("usage: impair [--seed N] [--canary WORD] [--up SPEC] [--down SPEC] LEFT RIGHT\n",
		stderr);
	exit(2);
}

static void spec_read(struct lane_spec *spec, char *text)
{
	const char *bad = lane_spec_parse(spec, text);

	if (bad) {
		fprintf(stderr, "impair: \"%s\" is not understood\n", bad);
		exit(2);
	}
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"seed", required_argument, NULL, 's'},
		{"canary", required_argument, NULL, 'c'},
		{"up", required_argument, NULL, 'u'},
		{"down", required_argument, NULL, 'd'},
		{0},
	};
	struct lane_spec spec[LANES] = {0};
	const char *canary = NULL;
	struct impair im;
	uint64_t seed = 1;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 's': seed = strtoull(optarg, NULL, 10); break;
		case 'c': canary = optarg; break;
		case 'u': spec_read(&spec[UP], optarg); break;
		case 'd': spec_read(&spec[DOWN], optarg); break;
		default: usage();
		}
	}
	if (argc - optind != 2)
		usage();
	im.in[UP] = im.out[DOWN] = tun_attach(argv[optind]);
	im.in[DOWN] = im.out[UP] = tun_attach(argv[optind + 1]);
	for (int i = 0; i < LANES; i++)
		lane_init(&im.lane[i], &spec[i], seed * LANES + (uint64_t)i, canary);
	im.signals = signals_open();
	be_punctual();
	puts("impair: ready");
	fflush(stdout);
	loop(&im);
	for (int i = 0; i < LANES; i++)
		lane_fini(&im.lane[i]);
	return 0;
}
