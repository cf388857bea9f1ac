/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mail.h - what other threads want of a worker; it looks between two batches */
#ifndef ATTLS_WORKER_MAIL_H
#define ATTLS_WORKER_MAIL_H

#include "gateway/worker/worker.h"

/** mail_call() - run @call(w, @arg) on the worker's thread and wait until it has */
void mail_call(struct worker *w, void (*call)(struct worker *w, void *arg), void *arg);

/** mail_answer() - give @q back to the worker that asked; it is the worker's from now on */
void mail_answer(struct inquiry *q);

/** mail_post() - leave a note about an ICMP error and return at once; it may be lost */
void mail_post(struct worker *w, const struct icmp_error *e);

/** mail_carry() - leave @node, a stray; it is @w's from now on. Return: false without room */
bool mail_carry(struct worker *w, struct list *node);

/** mail_carried() - take the oldest of these, NULL without one */
struct list *mail_carried(struct worker *w);

#endif
