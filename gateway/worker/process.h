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

#include <sys/types.h>

enum { PROCESS_CACHE = 256, PROCESS_NAME = 64 };

/* Where a socket was found last; looked at again before it is believed. */
struct holder {
	uint64_t inode;
	pid_t pid;
	int fd;
};

struct processes {
	struct holder cache[PROCESS_CACHE]; /* by inode modulo the size */
};

/**
 * process_find() - the process that holds the socket @inode
 * Needs CAP_SYS_PTRACE to see other users' processes.
 * @cgroup: path of the socket's group, "" if it is not known
 * @until:  CLOCK_MONOTONIC; the search gives up then
 * Return: 0 if there is none that can be seen.
 */
pid_t process_find(struct processes *p, const struct cgroups *groups, const char *cgroup,
	uint64_t inode, usec_t until);

/** process_name() - as in /proc/PID/comm, into PROCESS_NAME bytes; false if it has ended */
bool process_name(pid_t pid, char *name);

/** process_exe() - path of the program as the process itself sees it, into PATH_MAX bytes */
bool process_exe(pid_t pid, char *path);

#endif
