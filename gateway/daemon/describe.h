/* SPDX-License-Identifier: GPL-3.0-or-later */
/* describe.h - the daemon, its counters and its rules as JSON, for the control socket */
#ifndef ATTLS_DAEMON_DESCRIBE_H
#define ATTLS_DAEMON_DESCRIBE_H

#include "gateway/daemon/daemon.h"

/** describe_rules() - an array: name, whether active, hits, seconds since the last one */
json_t *describe_rules(struct daemon *d);

/** describe_status() - the object of `attlsctl status`; a new reference */
json_t *describe_status(struct daemon *d);

/** describe_stats() - {"counters": {...}, "drops": {...}, "rules": [...]}; a new reference */
json_t *describe_stats(struct daemon *d);

#endif
