/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * keepalive.h - find out that an endpoint is gone (RFC 9293 3.8.4)
 *
 * Each leg answers for the endpoint of the other side, so neither endpoint would ever notice that
 * its peer has vanished: that is for us. A leg that has heard nothing for a while asks; an endpoint
 * that lives acknowledges, one that has forgotten the connection resets it, one that is gone is
 * silent until the flow is given up. Half-closed flows are asked soon, since an application that
 * has left altogether looks just like one that still reads.
 *
 * An endpoint that asks by itself (SO_KEEPALIVE) means its peer, not us. So its question is
 * answered when the other endpoint was heard lately, or has answered a question of ours.
 */
#ifndef ATTLS_FLOW_KEEPALIVE_H
#define ATTLS_FLOW_KEEPALIVE_H

#include "gateway/flow/flow.h"

/** keepalive_deadline() - when keepalive_run() has something to do; FLOW_ESTABLISHED only */
usec_t keepalive_deadline(const struct flow *f);

/** keepalive_run() - have a leg ask that is due, or abort the flow after too many questions */
void keepalive_run(struct flow *f, usec_t now);

/**
 * keepalive_holds() - @seg of @side asks whether the endpoint of the other side lives
 * Return: true if that is to be found out first; the answer follows by keepalive_heard().
 */
bool keepalive_holds(struct flow *f, enum side side, const struct segment *seg, usec_t now);

/** keepalive_heard() - the endpoint of @side lives: answer the other one if it has asked */
void keepalive_heard(struct flow *f, enum side side);

#endif
