/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cgroup.h - from the number of a control group, which sockets carry, to its path
 *
 * Of the unified hierarchy (cgroup v2), wherever it is mounted: alone or, on hybrid systems, beside
 * those of version 1. A number is never given to another group, and a group has one path for life.
 */
#ifndef ATTLS_WORKER_CGROUP_H
#define ATTLS_WORKER_CGROUP_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A group as found at the last walk. */
struct cgroup {
	uint64_t id;
	char *path; /* owned; below the mount point, "" is the root */
};

struct cgroups {
	char *mount; /* owned; NULL: there is no such hierarchy here */
	int fd;      /* of the mount point */
	struct cgroup *items;
	size_t count;
};

/** cgroups_open() - find the hierarchy; without one every look-up fails */
void cgroups_open(struct cgroups *c);
void cgroups_close(struct cgroups *c);

/**
 * cgroups_path() - the path of group @id, beginning with '/', into @path of PATH_MAX bytes
 * With CAP_DAC_READ_SEARCH one system call; otherwise the tree is walked where @id is new.
 * Return: false if there is no such group, or none that is seen from here.
 */
bool cgroups_path(struct cgroups *c, uint64_t id, char *path);

/** cgroups_processes() - open the list of processes of the group at @path; -1 without */
int cgroups_processes(const struct cgroups *c, const char *path);

#endif
