/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * lookup.h - the owner thread: what files tell about whose a socket is
 *
 * The user of a socket is known from the kernel at once; its group, unit, container, process and
 * program are read from files, which may take its time, so a thread of its own does it. A worker
 * asks with an inquiry, goes on, and gets the inquiry back as mail.
 */
#ifndef ATTLS_WORKER_LOOKUP_H
#define ATTLS_WORKER_LOOKUP_H

#include "base/clock.h"
#include "base/list.h"
#include "gateway/worker/engine.h"
#include "gateway/worker/process.h"
#include "gateway/worker/sockdiag.h"
#include "rules/owner.h"

#include <pthread.h>

struct worker;

/* One question and its answer. It belongs to whom it was handed to. */
struct inquiry {
	struct list node; /* of the owner thread's queue, then of the worker's mail */
	struct worker *worker;
	uint64_t id; /* of the packet that waits for it */
	struct socket_facts socket;
	unsigned wants;     /* of enum owner_fact */
	unsigned asked;     /* what was looked for so far, found or not */
	usec_t until;       /* CLOCK_MONOTONIC; the answer is of no use then */
	bool late;          /* there was no time to find out all of it */
	struct owner owner; /* its strings lie below */
	char cgroup[PATH_MAX];
	char unit[UNIT_TEXT];
	char container[UNIT_TEXT];
	char container_name[UNIT_TEXT];
	char process[PROCESS_NAME];
	char exe[PATH_MAX];
};

/* What a look at files needs; used by one thread. */
struct finder {
	struct cgroups groups;
	struct processes processes;
};

struct lookup {
	pthread_t thread;
	bool started;
	struct finder *finder;
	bool sees_processes; /* of other users */
	pthread_mutex_t lock;
	pthread_cond_t asked;
	struct list inquiries; /* under the lock */
	bool stop;             /* likewise */
};

enum { LOOKUP_BATCH = 64 };

/**
 * finder_answer() - find what @count inquiries want, as far as can be, up to LOOKUP_BATCH
 * Their processes are looked for together. On any thread that has its own @f.
 */
void finder_answer(struct finder *f, struct inquiry **inquiries, size_t count);

/** lookup_start() - begin to answer */
bool lookup_start(struct lookup *l, struct err_list *err);

/** lookup_ask() - hand @q over; it comes back by mail_answer() to its worker */
void lookup_ask(struct lookup *l, struct inquiry *q);

/** lookup_stop() - end the thread; what is still asked is dropped. Fine if it never started. */
void lookup_stop(struct lookup *l);

#endif
