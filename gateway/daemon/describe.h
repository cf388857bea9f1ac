/* SPDX-License-Identifier: GPL-3.0-or-later */
/* describe.h - workers and flows as JSON, for the control socket */
#ifndef ATTLS_DAEMON_DESCRIBE_H
#define ATTLS_DAEMON_DESCRIBE_H

#include "gateway/daemon/daemon.h"

/** describe_flows() - an array with an object for every flow; a new reference */
json_t *describe_flows(struct daemon *d);

/** describe_status() - the object of `attlsctl status`; a new reference */
json_t *describe_status(struct daemon *d);

/** describe_stats() - {"counters": {...}, "drops": {...}}; a new reference */
json_t *describe_stats(struct daemon *d);

#endif
