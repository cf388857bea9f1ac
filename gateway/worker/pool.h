/* SPDX-License-Identifier: GPL-3.0-or-later */
/* pool.h - all workers: started together, stopped together, asked one after the other */
#ifndef ATTLS_WORKER_POOL_H
#define ATTLS_WORKER_POOL_H

#include "gateway/worker/worker.h"

struct pool {
	struct worker_config config;
	struct worker *worker;
	struct lookup lookup;
	unsigned count;
};

/** pool_open() - open @config->workers workers; @p keeps a copy of @config */
bool pool_open(struct pool *p, const struct worker_config *config, struct err_list *err);

/** pool_start() - let all run; packets are handled from now on */
bool pool_start(struct pool *p, struct err_list *err);

/** pool_call() - mail_call() on each in turn; @arg is the caller's until it returns */
void pool_call(struct pool *p, void (*call)(struct worker *w, void *arg), void *arg);

/** pool_close() - reset all flows, end all threads, release everything */
void pool_close(struct pool *p);

#endif
