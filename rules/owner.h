/* SPDX-License-Identifier: GPL-3.0-or-later */
/* owner.h - whose the local socket of a connection is, as far as that was found out */
#ifndef ATTLS_RULES_OWNER_H
#define ATTLS_RULES_OWNER_H

#include <stdbool.h>
#include <sys/types.h>

/* What can be known of an owner, each a bit. */
enum owner_fact {
	OWNER_UID = 1 << 0,
	OWNER_CGROUP = 1 << 1,
	OWNER_UNIT = 1 << 2,
	OWNER_CONTAINER = 1 << 3, /* its id */
	OWNER_CONTAINER_NAME = 1 << 4,
	OWNER_PROCESS = 1 << 5,
	OWNER_EXE = 1 << 6,

	/* follow from one sock_diag request; the others take a look at files */
	OWNER_OF_SOCKET = OWNER_UID | OWNER_CGROUP | OWNER_UNIT | OWNER_CONTAINER,
	OWNER_ALL = (1 << 7) - 1,
	OWNER_FACTS = 7,
};

/** owner_fact_name() - a word for the fact 1 << @i, static */
const char *owner_fact_name(unsigned i);

/*
 * A fact whose bit is not in @known is unknown, and its field means nothing. A fact that is known
 * and NULL is known not to be: a process in no unit, in no container. Strings are borrowed.
 */
struct owner {
	unsigned known; /* of enum owner_fact */
	uid_t uid;
	const char *cgroup;         /* path from the root of cgroup 2, "/" at its start */
	const char *unit;           /* systemd unit with its type, "payroll.service" */
	const char *container;      /* id, as its engine writes it: 64 hexadecimal digits */
	const char *container_name; /* the name that its engine knows it by */
	const char *process;        /* name as in /proc/PID/comm, at most 15 characters */
	const char *exe;            /* path of the program, as the process sees it */
};

/** owner_text() - what @o has for @fact, any but OWNER_UID; means something if it is known */
const char *owner_text(const struct owner *o, enum owner_fact fact);

static inline bool owner_has(const struct owner *o, unsigned facts)
{
	return (o->known & facts) == facts;
}

#endif
