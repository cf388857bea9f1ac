/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * process.h - which process holds a socket: its name and its program
 *
 * Looked for among the processes of the group in which the socket was made, and only if none of
 * them has it any more (it was handed on, or its process moved) among all. A process, not a thread:
 * threads share their sockets, and only the process has a name that the administrator gave.
 * Where several hold one socket the one that began first counts: who inherited it, or was handed
 * it, is younger.
 */
#ifndef ATTLS_WORKER_PROCESS_H
#define ATTLS_WORKER_PROCESS_H

#include "base/clock.h"
#include "gateway/worker/cgroup.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { PROCESS_CACHE = 256, PROCESS_NAME = 64 };

/* Where a socket was found last; looked at again before it is believed. */
struct holder {
	uint64_t inode;
	pid_t pid; /* 0: no process that can be seen */
	int fd;
	uint64_t began; /* the process, in clock ticks since boot */
};

/* A socket whose process is looked for. */
struct sought {
	uint64_t inode;
	const char *cgroup; /* path of its group, "" if it is not known */
	struct holder holder;
	bool now; /* in the search that runs */
};

struct processes {
	struct holder cache[PROCESS_CACHE]; /* by inode modulo the size */
};

/**
 * process_find() - the processes that hold @count sockets, into the holder of each
 * Those of one group cost one search together, so asking for many at once is cheap.
 * Needs CAP_SYS_PTRACE to see other users' processes.
 * @until: CLOCK_MONOTONIC; the search gives up then
 * Return: false if it gave up; what it had not found for sure by then has no holder.
 */
bool process_find(struct processes *p, const struct cgroups *groups, struct sought *sockets,
	size_t count, usec_t until);

/** process_name() - as in /proc/PID/comm, into PROCESS_NAME bytes; false if it has ended */
bool process_name(pid_t pid, char *name);

/** process_exe() - path of the program as the process itself sees it, into PATH_MAX bytes */
bool process_exe(pid_t pid, char *path);

#endif
