/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * inject.h - packets into the kernel: two TUN devices, GSO super-segments
 *
 * What is written to attlsw arrives as if from an interface and is routed to the wire; what is
 * written to attlsp is delivered to the plain side. Shared by all workers: the kernel takes
 * concurrent writes to one descriptor. The only user of TUN.
 */
#ifndef ATTLS_WORKER_INJECT_H
#define ATTLS_WORKER_INJECT_H

#include "base/err.h"
#include "gateway/flow/side.h"
#include "gateway/packet/segment.h"

#define INJECT_DEVICE_WIRE  "attlsw"
#define INJECT_DEVICE_PLAIN "attlsp"

struct inject {
	int fd[SIDES];
};

/** inject_open() - attach to both devices, creating what `attls-net up` has not created yet */
bool inject_open(struct inject *i, struct err_list *err);
void inject_close(struct inject *i);

/** inject_reopen() - attach again after the devices were removed and created anew */
bool inject_reopen(struct inject *i, struct err_list *err);

/** inject_send() - write @seg towards @side. Return: false if the kernel refused it. */
bool inject_send(const struct inject *i, enum side side, const struct segment *seg);

#endif
