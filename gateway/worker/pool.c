/* SPDX-License-Identifier: GPL-3.0-or-later */
/* pool.c - all workers: started together, stopped together, asked one after the other */
#include "gateway/worker/pool.h"

#include "gateway/worker/mail.h"

#include <stdlib.h>

bool pool_open(struct pool *p, const struct worker_config *config, struct err_list *err)
{
	*p = (struct pool){.config = *config};
	p->config.lookup = &p->lookup;
	p->worker = calloc(config->workers, sizeof(*p->worker));
	if (!p->worker) {
		err_add(err, "out of memory for %u workers", config->workers);
		return false;
	}
	for (unsigned i = 0; i < config->workers; i++) {
		bool ok = worker_open(&p->worker[i], i, &p->config, err);

		p->worker[i].all = p->worker;
		p->count++;
		if (!ok)
			return false;
	}
	return true;
}

bool pool_start(struct pool *p, struct err_list *err)
{
	if (!lookup_start(&p->lookup, err))
		return false;
	for (unsigned i = 0; i < p->count; i++) {
		if (!worker_start(&p->worker[i], err))
			return false;
	}
	return true;
}

void pool_call(struct pool *p, void (*call)(struct worker *w, void *arg), void *arg)
{
	for (unsigned i = 0; i < p->count; i++)
		mail_call(&p->worker[i], call, arg);
}

void pool_close(struct pool *p)
{
	for (unsigned i = 0; i < p->count; i++)
		worker_stop(&p->worker[i]);
	lookup_stop(&p->lookup);
	for (unsigned i = 0; i < p->count; i++)
		worker_close(&p->worker[i]);
	free(p->worker);
	*p = (struct pool){0};
}
