/* SPDX-License-Identifier: GPL-3.0-or-later */
/* diff.h - which connections of a running gateway other rules would map differently */
#ifndef ATTLS_CTL_DIFF_H
#define ATTLS_CTL_DIFF_H

#include <jansson.h>

#include "rules/policy.h"

/**
 * diff_flows() - map each of @flows anew, as it was when it was opened
 * All of it happens here: the daemon only lists its flows, so no worker waits.
 * @flows: as the daemon answers "flows"
 * @p: what else could be in force, with its unmatched_reject
 * @judges_owner: host mode, where an owner that was not asked for could be found
 * Return: {"flows": COUNT, "different": [...]}, a new reference.
 */
json_t *diff_flows(const json_t *flows, const struct policy *p, bool judges_owner);

#endif
