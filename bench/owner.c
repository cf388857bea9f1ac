/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * owner.c - how long it takes to find whose a socket is: PROCESSES in GROUPS, SOCKETS each
 *
 * In a network namespace of its own, as root. Prints the percentiles of what a worker waits for
 * (the kernel's answer), what the owner thread adds for unit and container, and for the process.
 * Ends with status 1 where a 99th percentile misses its target, or an owner was not found.
 */
#include "gateway/worker/lookup.h"
#include "gateway/worker/now.h"

#include <arpa/inet.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <net/if.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PROCESSES = 1000, GROUPS = 50, SOCKETS = 20, ROUNDS = 20000, PROCESS_ROUNDS = 2000 };
enum { FIRST_PORT = 10000, PORTS = PROCESSES * SOCKETS };

static pid_t pids[PROCESSES];

/* The 99th percentile, in microseconds. */
#define SOCKET_MAX  100.0
#define PROCESS_MAX 20000.0

static double clock_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void lo_up(void)
{
	struct ifreq r = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	ioctl(fd, SIOCSIFFLAGS, &r);
	close(fd);
}

static void group_path(char *path, size_t size, const char *mount, int group, const char *file)
{
	snprintf(path, size, "%s/attlsbench.slice/bench%d.service%s", mount, group, file);
}

static bool enter_group(const char *mount, int group)
{
	char path[PATH_MAX];
	bool done;
	FILE *f;

	group_path(path, sizeof(path), mount, group, "/cgroup.procs");
	f = fopen(path, "w");
	done = f && fprintf(f, "%d", (int)getpid()) > 0;
	return f && fclose(f) == 0 && done;
}

/* One process: enter its group, listen on its ports, say so, sleep. */
static void child(const char *mount, int index, int ready)
{
	if (!enter_group(mount, index % GROUPS))
		_exit(1);
	for (int i = 0; i < SOCKETS; i++) {
		struct sockaddr_in a = {.sin_family = AF_INET,
			.sin_port = htons((uint16_t)(FIRST_PORT + index * SOCKETS + i)),
			.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
		int fd = socket(AF_INET, SOCK_STREAM, 0);

		if (bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(fd, 1) < 0)
			_exit(1);
	}
	if (write(ready, "x", 1) != 1)
		_exit(1);
	pause();
	_exit(0);
}

static int compare(const void *x, const void *y)
{
	double a = *(const double *)x, b = *(const double *)y;

	return (a > b) - (a < b);
}

/* Return: whether the 99th percentile is below @most. */
static bool print(const char *what, double *times, size_t count, double most)
{
	bool good;

	qsort(times, count, sizeof(*times), compare);
	good = times[count * 99 / 100] < most;
	printf("%-44s p50 %9.1f  p90 %9.1f  p99 %9.1f  max %9.1f us%s\n", what, times[count / 2],
		times[count * 9 / 10], times[count * 99 / 100], times[count - 1],
		good ? "" : "  MISSED");
	return good;
}

static struct endpoint endpoint_of(int socket)
{
	struct endpoint e = {.addr = {.family = 4, .bytes = {127, 0, 0, 1}},
		.port = (uint16_t)(FIRST_PORT + socket)};

	return e;
}

/* One line of the table. @wants: beside what the socket itself tells */
struct row {
	const char *what;
	unsigned wants;
	size_t rounds;
	double most;
};

static const struct row rows[] = {
	{"user, inode, group number (sock_diag)", 0, ROUNDS, SOCKET_MAX},
	{"the same with unit, cgroup, container", OWNER_CGROUP | OWNER_UNIT | OWNER_CONTAINER,
		ROUNDS, SOCKET_MAX},
	{"process and program, any socket", OWNER_PROCESS | OWNER_EXE, PROCESS_ROUNDS, PROCESS_MAX},
};

static bool measure(struct sockdiag *d, struct finder *f, const struct row *row)
{
	const unsigned wants = row->wants;
	const size_t rounds = row->rounds;
	double *times = calloc(rounds, sizeof(*times));
	struct inquiry *q = calloc(1, sizeof(*q));
	size_t unknown = 0;
	bool good;

	if (!times || !q)
		abort();
	for (size_t i = 0; i < rounds; i++) {
		struct endpoint e = endpoint_of((int)(random() % PORTS));
		double began = clock_us();

		memset(q, 0, offsetof(struct inquiry, cgroup));
		q->cgroup[0] = '\0';
		q->wants = wants;
		q->until = now_monotonic() + USEC_SEC;
		if (!sockdiag_find_listener(d, &e, 0, &q->socket))
			unknown++;
		else if (wants)
			finder_answer(f, &q, 1);
		times[i] = clock_us() - began;
		if ((q->owner.known & wants) != wants)
			unknown++;
	}
	good = print(row->what, times, rounds, row->most) && unknown == 0;
	if (unknown)
		printf("  %zu of them unknown\n", unknown);
	free(times);
	free(q);
	return good;
}

static void make_groups(const char *mount)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/attlsbench.slice", mount);
	mkdir(path, 0755);
	for (int g = 0; g < GROUPS; g++) {
		group_path(path, sizeof(path), mount, g, "");
		mkdir(path, 0755);
	}
}

static void remove_groups(const char *mount)
{
	char path[PATH_MAX];

	for (int g = 0; g < GROUPS; g++) {
		group_path(path, sizeof(path), mount, g, "");
		rmdir(path);
	}
	snprintf(path, sizeof(path), "%s/attlsbench.slice", mount);
	rmdir(path);
}

static bool start_processes(const char *mount, int *ready)
{
	char c;

	for (int i = 0; i < PROCESSES; i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			child(mount, i, ready[1]);
	}
	close(ready[1]);
	for (int i = 0; i < PROCESSES; i++)
		if (read(ready[0], &c, 1) != 1)
			return false;
	return true;
}

static void end_processes(void)
{
	for (int i = 0; i < PROCESSES && pids[i] > 0; i++) {
		kill(pids[i], SIGKILL);
		waitpid(pids[i], NULL, 0);
	}
}

int main(void)
{
	static struct finder finder;
	struct finder *f = &finder;
	struct sockdiag d;
	struct err_list err;
	bool ok, good = true;
	int ready[2];

	err_init(&err);
	if (unshare(CLONE_NEWNET) < 0 || pipe(ready) < 0 || !sockdiag_open(&d, &err))
		return EXIT_FAILURE;
	lo_up();
	cgroups_open(&f->groups);
	if (!f->groups.mount)
		return EXIT_FAILURE;
	make_groups(f->groups.mount);
	ok = start_processes(f->groups.mount, ready);
	if (ok)
		printf("%d processes in %d groups, %d sockets\n", PROCESSES, GROUPS, PORTS);
	for (size_t i = 0; ok && i < sizeof(rows) / sizeof(rows[0]); i++)
		good = measure(&d, f, &rows[i]) && good;
	end_processes();
	remove_groups(f->groups.mount);
	cgroups_close(&f->groups);
	sockdiag_close(&d);
	return ok && good ? EXIT_SUCCESS : EXIT_FAILURE;
}
