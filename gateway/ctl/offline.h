/* SPDX-License-Identifier: GPL-3.0-or-later */
/* offline.h - questions about rule files that need no daemon */
#ifndef ATTLS_CTL_OFFLINE_H
#define ATTLS_CTL_OFFLINE_H

#include "gateway/ctl/ctl.h"

/**
 * offline_check() - whether ctl->files load as one policy; prints the verdict
 * With ctl->json the problems are part of what is printed, not of ctl->err.
 */
enum ctl_exit offline_check(struct ctl *ctl, bool unmatched_reject);

/**
 * offline_match() - which rule of ctl->files would take the connection described by @ctl
 * @unmatched_reject: [gateway] unmatched = reject
 * @result: set to a new reference on CTL_OK, shaped as the daemon's answer to policy-match
 */
enum ctl_exit offline_match(struct ctl *ctl, bool unmatched_reject, json_t **result);

#endif
