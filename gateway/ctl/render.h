/* SPDX-License-Identifier: GPL-3.0-or-later */
/* render.h - results of the daemon as text for people; fields that are missing are left blank */
#ifndef ATTLS_CTL_RENDER_H
#define ATTLS_CTL_RENDER_H

#include <jansson.h>
#include <stdio.h>

/** render_status() - the daemon's state, a line for each fact */
void render_status(const json_t *status, FILE *out);

/** render_flows() - a table, one row a flow */
void render_flows(const json_t *flows, FILE *out);

/** render_policy() - the policy as INI, with its generation in a comment: it can be loaded again */
void render_policy(const json_t *policy, FILE *out);

/** render_effective() - each value of the policy with its origin as a comment */
void render_effective(const json_t *policy, FILE *out);

/** render_match() - which rule takes the connection, and why each rule before it does not */
void render_match(const json_t *match, FILE *out);

/** render_diff() - a table of the connections that would be mapped differently */
void render_diff(const json_t *diff, FILE *out);

/** render_keyring() - generation, a table of the certificates in use, and what is wrong */
void render_keyring(const json_t *keyring, FILE *out);

/** render_reload() - one line */
void render_reload(const json_t *reload, FILE *out);

/** render_stats() - a table of counters and of drops by reason */
void render_stats(const json_t *stats, FILE *out);

/** render_prometheus() - the counters in Prometheus' text exposition format 0.0.4 */
void render_prometheus(const json_t *stats, FILE *out);

#endif
