/* SPDX-License-Identifier: GPL-3.0-or-later */
/* drive.h - let flows say what they have to say; only on the worker's own thread */
#ifndef ATTLS_WORKER_DRIVE_H
#define ATTLS_WORKER_DRIVE_H

#include "gateway/worker/worker.h"

/** drive_later() - @f wants to be driven before the batch ends */
void drive_later(struct worker *w, struct flow *f);

/** drive_flow() - advance @f, inject its output, enter its next deadline or retire it */
void drive_flow(struct worker *w, struct flow *f, usec_t now);

/** drive_send() - inject one segment, counted */
void drive_send(struct worker *w, enum side side, const struct segment *seg);

/** drive_reset_all() - reset every TLS flow with @why, forget those still opening */
void drive_reset_all(struct worker *w, enum fault why);

/**
 * drive_removed() - do with the flows whose rules are gone in @now_in_force what these rules wished
 * See on_removal of [rule]; flows without TLS go on.
 */
void drive_removed(struct worker *w, const struct snapshot *now_in_force);

#endif
