/* SPDX-License-Identifier: GPL-3.0-or-later */
/* calendar.h - rules that hold at certain times: judged when one begins or ends */
#ifndef ATTLS_DAEMON_CALENDAR_H
#define ATTLS_DAEMON_CALENDAR_H

#include "gateway/daemon/daemon.h"

/** calendar_open() - a descriptor for poll(), readable when calendar_run() is due; -1 without */
int calendar_open(void);

/**
 * calendar_run() - publish which rules of the policy in force are active, and wait for the next
 * change, or for somebody to set the clock. Also after a reload.
 */
void calendar_run(struct daemon *d, int fd);

#endif
