/* SPDX-License-Identifier: GPL-3.0-or-later */
/* crew.c - many runs in processes of their own, so that one that dies can be looked at */
#include "crew.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "report.h"
#include "shrink.h"
#include "steps.h"
#include "world.h"

enum { MESSAGE_SIZE = 256, TRY_SECONDS = 20, PROGRESS_SECONDS = 10 };

/* What a process leaves behind when it dies: shared with its parent. */
struct grave {
	uint64_t seed; /* of the run that goes on */
	uint64_t done;
	uint64_t steps;    /* most for one segment; see steps.h */
	const char *check; /* format of the failed check, which stands for it; NULL: a crash */
	usec_t at;
	char message[MESSAGE_SIZE];
};

bool sim_verbose;
usec_t sim_now;
uint64_t sim_events;

static struct grave *graves; /* one for each job, and one for tries */
static struct grave *mine;   /* in a child; NULL: a run that is replayed */

/* How a process has failed. */
struct failure {
	const char *check;
	int status;
};

static struct failure wanted;

void sim_fail(const char *fmt, ...)
{
	char message[MESSAGE_SIZE];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(message, sizeof(message), fmt, ap);
	va_end(ap);
	fflush(stdout);
	if (!mine) {
		fprintf(stderr, "sim: at %lld us: %s\n", (long long)sim_now, message);
		exit(1);
	}
	mine->check = fmt;
	mine->at = sim_now;
	memcpy(mine->message, message, sizeof(message));
	_exit(1);
}

/* ---- one run, to see how it fails ---- */

static struct failure outcome_of(const struct scenario *s)
{
	struct grave *g = &graves[JOBS_MAX];
	struct failure f = {0};
	pid_t child;

	g->check = NULL;
	g->message[0] = '\0';
	fflush(NULL);
	child = fork();
	if (child == 0) {
		mine = g;
		sim_verbose = false;
		if (!freopen("/dev/null", "w", stderr))
			_exit(2);
		alarm(TRY_SECONDS);
		world_run(s);
		_exit(0);
	}
	if (child < 0 || waitpid(child, &f.status, 0) != child)
		abort();
	f.check = g->check;
	return f;
}

bool crew_try(const struct scenario *s)
{
	struct failure f = outcome_of(s);

	return f.status == wanted.status && f.check == wanted.check;
}

static void explain(const struct grave *g, int status)
{
	if (g->check)
		printf("sim: at %lld us: %s\n", (long long)g->at, g->message);
	else if (WIFSIGNALED(status))
		printf("sim: ended by signal %d (%s)\n", WTERMSIG(status),
			strsignal(WTERMSIG(status)));
	else
		printf("sim: ended with status %d\n", WEXITSTATUS(status));
}

static void show_failure(uint64_t seed, bool hostile)
{
	struct scenario s;

	scenario_of(&s, seed, hostile);
	wanted = outcome_of(&s);
	printf("sim: seed %llu fails%s\n", (unsigned long long)seed,
		wanted.status ? "" : ", but not alone");
	explain(&graves[JOBS_MAX], wanted.status);
	printf("replay: sim --replay %llu%s\n", (unsigned long long)seed,
		hostile ? " --hostile" : "");
	if (wanted.status == 0)
		return;
	shrink(&s);
	outcome_of(&s);
	printf("sim: made simpler:\n");
	explain(&graves[JOBS_MAX], wanted.status);
	printf("replay: sim --replay %llu --plain", (unsigned long long)seed);
	scenario_print_changes(&s);
	printf("\n");
}

/* ---- many runs ---- */

static void work(const struct task *t, unsigned job)
{
	struct scenario s;

	for (uint64_t i = job; i < t->seeds; i += t->jobs) {
		mine->seed = t->base + i;
		scenario_of(&s, mine->seed, t->hostile);
		world_run(&s);
		mine->done++;
		mine->steps = steps_most;
	}
}

static uint64_t done_so_far(const struct task *t)
{
	uint64_t done = 0;

	for (unsigned i = 0; i < t->jobs; i++)
		done += graves[i].done;
	return done;
}

static int passed(const struct task *t)
{
	uint64_t most = 0;

	for (unsigned i = 0; i < t->jobs; i++)
		most = graves[i].steps > most ? graves[i].steps : most;
	if (most)
		printf("sim: at most %llu steps for a segment\n", (unsigned long long)most);
	printf("sim: %llu seeds passed\n", (unsigned long long)done_so_far(t));
	return 0;
}

static void show_progress(const struct task *t)
{
	static time_t last;
	time_t now = time(NULL);

	if (!last)
		last = now;
	if (now - last < PROGRESS_SECONDS)
		return;
	last = now;
	fprintf(stderr, "sim: %llu of %llu\n", (unsigned long long)done_so_far(t),
		(unsigned long long)t->seeds);
}

/* Wait for all. Return: the job that failed first, or -1. */
static int wait_for_all(const struct task *t, const pid_t *child)
{
	struct timespec nap = {.tv_nsec = 20000000};
	unsigned left = t->jobs;
	int status;

	while (left) {
		pid_t pid = waitpid(-1, &status, WNOHANG);

		if (pid == 0) {
			show_progress(t);
			nanosleep(&nap, NULL);
			continue;
		}
		for (unsigned i = 0; i < t->jobs; i++)
			if (child[i] == pid && status)
				return (int)i;
		left--;
	}
	return -1;
}

static pid_t start(const struct task *t, unsigned job)
{
	pid_t child;

	fflush(NULL);
	child = fork();
	if (child == 0) {
		mine = &graves[job];
		work(t, job);
		exit(0);
	}
	if (child < 0)
		abort();
	return child;
}

int crew_run(const struct task *t)
{
	pid_t child[JOBS_MAX];
	int failed;

	graves = mmap(NULL, (JOBS_MAX + 1) * sizeof(*graves), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (graves == MAP_FAILED)
		abort();
	for (unsigned i = 0; i < t->jobs; i++)
		child[i] = start(t, i);
	failed = wait_for_all(t, child);
	if (failed < 0)
		return passed(t);
	for (unsigned i = 0; i < t->jobs; i++)
		if ((int)i != failed)
			kill(child[i], SIGKILL);
	while (waitpid(-1, NULL, 0) > 0)
		;
	show_failure(graves[failed].seed, t->hostile);
	return 1;
}
