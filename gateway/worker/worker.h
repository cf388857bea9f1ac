/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * worker.h - one thread: take packets, decide, relay, inject
 *
 * A worker owns one set of queues, one flow table, one of everything mutable, and shares nothing
 * but the injection descriptors and read-only snapshots. What other threads want of it they ask
 * with mail_call(), which runs a function on the worker's own thread between two batches.
 */
#ifndef ATTLS_WORKER_WORKER_H
#define ATTLS_WORKER_WORKER_H

#include "gateway/flow/intake.h"
#include "gateway/packet/icmp.h"
#include "gateway/tls/signer.h"
#include "gateway/worker/inject.h"
#include "gateway/worker/lookup.h"
#include "gateway/worker/queue.h"

#include <pthread.h>

enum { WORKER_NOTES = 16, WORKER_STRAYS = 128 };

/* What all workers have in common; read-only while they run. */
struct worker_config {
	const struct inject *inject;
	struct lookup *lookup;
	struct snapshot *snapshot; /* in force at the start */
	const int *key_fds;        /* of each worker, to the key process; NULL: keys are here */
	unsigned workers;
	uint16_t queue_base;
	uint32_t mark;       /* the bit that tells the guard of the rules: allowed */
	const char *outside; /* router mode: interface of the wire side */
	bool host;           /* host mode */
	struct intake_limits limits;
};

enum worker_count {
	WORKER_PACKETS,        /* packets taken from the queues */
	WORKER_BATCHES,        /* receives that brought any */
	WORKER_INJECTED,       /* packets (super-segments count once) injected */
	WORKER_INJECTED_BYTES, /* payload of those */
	WORKER_ICMP,           /* ICMP errors about our flows */
	WORKER_CARRIED,        /* packets brought to the worker that may have their flow */
	WORKER_OWNER_TIMEOUTS, /* SYNs decided without all that could be asked of the owner */
	WORKER_COUNTS
};

struct worker {
	unsigned number;
	const struct worker_config *config;
	struct worker *all; /* the array of config->workers that this one is in */
	uint32_t outside;   /* its index, as of when another interface than inside was seen */
	uint32_t inside;    /* of a packet that did not come from there */
	struct queue queue;
	struct sockdiag sockdiag;
	struct intake intake;
	struct signer signer; /* handshakes that wait for the key process */
	struct list dirty;    /* flows to be driven before the batch ends */
	struct list held;     /* SYNs whose owner is being looked up; see held.h */
	size_t held_count;
	uint64_t held_id; /* of the last one */
	uint64_t counts[WORKER_COUNTS];

	pthread_t thread;
	bool started;
	bool stop; /* only touched on the worker's thread */
	int epoll;
	int mail_fd;          /* eventfd that ends a sleep; never read */
	_Atomic bool mail;    /* something of what is below waits to be looked at */
	pthread_mutex_t lock; /* of what is below */
	pthread_cond_t done;
	void (*call)(struct worker *w, void *arg);
	void *call_arg;
	struct icmp_error note[WORKER_NOTES]; /* from worker 0; more at a time are lost */
	size_t note_count;
	struct list answers; /* inquiries that came back */
	struct list strays;  /* packets that other workers got; see stray.h */
	size_t stray_count;
};

/** worker_open() - bind queues, allocate; no thread yet */
bool worker_open(struct worker *w, unsigned number, const struct worker_config *config,
	struct err_list *err);

/** worker_start() - begin to run */
bool worker_start(struct worker *w, struct err_list *err);

/** worker_stop() - reset all flows, end the thread */
void worker_stop(struct worker *w);

/** worker_close() - release everything; after worker_stop(), or never started */
void worker_close(struct worker *w);

/** worker_count_name() - a metric label, static */
const char *worker_count_name(enum worker_count c);

#endif
