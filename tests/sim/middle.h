/* SPDX-License-Identifier: GPL-3.0-or-later */
/* middle.h - the gateway between the ends: a flow with its relay, without TLS */
#ifndef ATTLS_SIM_MIDDLE_H
#define ATTLS_SIM_MIDDLE_H

#include "gateway/flow/flow.h"
#include "link.h"
#include "watch.h"

struct middle {
	struct flow *flow;
	struct snapshot snapshot;
	struct rule rule;
	struct action action;
	struct budget budget;
	struct watch watch[SIDES];
	struct link *out[SIDES];
	usec_t wake;
};

/**
 * middle_init() - the handshake between ends with @params has passed
 * @at: addresses of the ends, the application's first
 * @link: all of them, by enum place
 */
void middle_init(struct middle *m, const struct scenario *s, const struct tcb_params params[2],
	const struct endpoint at[2], struct link *link);
void middle_fini(struct middle *m);

/** middle_input() - @seg comes from @side */
void middle_input(struct middle *m, enum side side, const struct segment *seg, usec_t now);

/** middle_run() - relay, then send what there is to send; sets m->wake */
void middle_run(struct middle *m, usec_t now);

/** middle_check_done() - nothing happens any more: the flow must be gone */
void middle_check_done(const struct middle *m);

#endif
