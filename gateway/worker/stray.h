/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * stray.h - a packet that comes to one worker while another has its flow
 *
 * The packet filter chooses a worker by one port: the local one for outbound candidates, the remote
 * one for inbound ones. When a reload brings an outbound candidate that covers a live inbound
 * connection, or takes one away, the other port counts from then on. The flow stays where it is;
 * its packets are carried there, one copy each.
 */
#ifndef ATTLS_WORKER_STRAY_H
#define ATTLS_WORKER_STRAY_H

#include "gateway/worker/worker.h"

/** stray_elsewhere() - the worker that the other port of @a chooses; NULL if that is @w itself */
struct worker *stray_elsewhere(const struct worker *w, const struct arrival *a);

/** stray_carry() - copy @p to that worker; it is lost where there is no room */
void stray_carry(struct worker *w, const struct packet *p, const struct arrival *a);

/** stray_serve() - decide what was carried to @w; what belongs to no flow is reset */
void stray_serve(struct worker *w);

/** stray_free() - forget what was carried to @w */
void stray_free(struct worker *w);

#endif
