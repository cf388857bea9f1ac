/* SPDX-License-Identifier: GPL-3.0-or-later */
/* end.h - one end of the simulated connection: a tcb, an application, maybe some mischief */
#ifndef ATTLS_SIM_END_H
#define ATTLS_SIM_END_H

#include "link.h"
#include "rng.h"
#include "watch.h"

struct end {
	const struct end_params *p;
	struct tcb tcb;
	struct watch watch;
	struct rng rng;
	struct end *peer;
	struct link *out;
	uint64_t written, consumed;
	usec_t write_at, read_at;
	usec_t abort_at; /* 0: never */
	usec_t wake;     /* nothing to do before, unless something arrives */
	bool aborted;
};

/** end_init() - @params: of the tcb; e->p, peer, out, abort_at and who the watch is are set */
void end_init(struct end *e, const struct tcb_params *params, uint64_t seed);
void end_fini(struct end *e);

/** end_run() - let the application act, then send what there is to send; sets e->wake */
void end_run(struct end *e, usec_t now);

/** end_check_done() - the connection is over: it must have gone well */
void end_check_done(const struct end *e);

#endif
