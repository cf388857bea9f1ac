/* SPDX-License-Identifier: GPL-3.0-or-later */
/* report.h - the two log lines of a flow: when TLS is up, and how it ended */
#ifndef ATTLS_FLOW_REPORT_H
#define ATTLS_FLOW_REPORT_H

#include "gateway/flow/flow.h"

/** report_open() - one line: addresses, rule, version, suite, peer, its user */
void report_open(const struct flow *f);

/** report_end() - one line with the reason and the bytes; only the first call has an effect */
void report_end(struct flow *f);

/** report_refused() - one line for a connection that never became ours */
void report_refused(const struct tuple *key, enum direction direction, const struct rule *rule,
	const char *why);

#endif
