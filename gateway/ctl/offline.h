/* SPDX-License-Identifier: GPL-3.0-or-later */
/* offline.h - questions about rule files that need no daemon */
#ifndef ATTLS_CTL_OFFLINE_H
#define ATTLS_CTL_OFFLINE_H

#include "gateway/ctl/ctl.h"
#include "rules/settings.h"

/**
 * offline_check() - whether @count @files load as one policy; prints the verdict
 * @s: the gateway that they are for; NULL: none in particular
 * With ctl->json the problems are part of what is printed, not of ctl->err.
 */
enum ctl_exit offline_check(
	struct ctl *ctl, const char *const *files, size_t count, const struct settings *s);

/**
 * offline_match() - which rule of ctl->files would take the connection described by @ctl
 * @s: likewise
 * @result: set to a new reference on CTL_OK, shaped as the daemon's answer to policy-match
 */
enum ctl_exit offline_match(struct ctl *ctl, const struct settings *s, json_t **result);

#endif
