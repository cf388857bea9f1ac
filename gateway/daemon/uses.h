/* SPDX-License-Identifier: GPL-3.0-or-later */
/* uses.h - how often each rule was used, and when last: summed over workers and reloads */
#ifndef ATTLS_DAEMON_USES_H
#define ATTLS_DAEMON_USES_H

#include "gateway/daemon/daemon.h"

/** uses_new() - zeros for the rules of @s; never NULL */
struct rule_use *uses_new(const struct snapshot *s);

/** uses_add() - add what @w has counted to *@uses; on its thread */
void uses_add(const struct worker *w, struct rule_use *const *uses);

/** uses_carry() - @uses of @was for the rules of @now, by name; takes @uses over */
struct rule_use *uses_carry(
	struct rule_use *uses, const struct snapshot *was, const struct snapshot *now);

/** uses_sum() - of all workers and earlier reloads, for the rules in force; owned, with free() */
struct rule_use *uses_sum(struct daemon *d);

#endif
