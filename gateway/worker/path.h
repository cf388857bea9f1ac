/* SPDX-License-Identifier: GPL-3.0-or-later */
/* path.h - what the path says by ICMP: taken by worker 0, brought to the worker with the flow */
#ifndef ATTLS_WORKER_PATH_H
#define ATTLS_WORKER_PATH_H

#include "gateway/worker/worker.h"

/* Which of a worker's queue numbers carries ICMP errors. */
enum { PATH_SLOT = 2 };

/**
 * path_take() - one packet of the ICMP queue: note it, and let it go on if it quotes no cleartext
 * The kernel gets it too: it does no harm there, and errors about other connections are not ours.
 */
void path_take(struct worker *w, const struct packet *p);

/** path_apply() - act on an error about a flow of this worker, if it has the flow */
void path_apply(struct worker *w, const struct icmp_error *e);

#endif
