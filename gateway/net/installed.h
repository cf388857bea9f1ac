/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * installed.h - which of our rules a table holds, and how to bring it to a plan; pure text
 *
 * Reads what iptables-save prints and writes what iptables-restore --noflush takes: chains of ours
 * are emptied and filled again, a jump is touched only if it is missing or out of place.
 */
#ifndef ATTLS_NET_INSTALLED_H
#define ATTLS_NET_INSTALLED_H

#include "gateway/net/plan.h"

#include <stdio.h>

/* A rule of somebody else's chain that jumps to one of ours. */
struct installed_hook {
	char *rule; /* "CHAIN -j ATTLS-..." as saved, without "-A " */
	bool first; /* only jumps to us are before it */
};

struct installed {
	char **ours; /* names of our chains */
	size_t our_count;
	char **others; /* names of the other chains */
	size_t other_count;
	struct installed_hook *hooks;
	size_t hook_count;
	size_t rule_count; /* rules inside our chains */
};

/** installed_parse() - what iptables-save printed of one table */
void installed_parse(struct installed *in, const char *saved);

void installed_free(struct installed *in);

static inline bool installed_any(const struct installed *in)
{
	return in->our_count > 0 || in->hook_count > 0;
}

/** installed_hooked() - whether every jump of @want is in place */
bool installed_hooked(const struct installed *in, const struct plan_table *want);

/**
 * installed_change() - restore text that turns @in into @want
 * An empty @want removes all that is ours. Nothing is written if there is nothing to do.
 */
void installed_change(
	FILE *out, const char *table, const struct installed *in, const struct plan_table *want);

#endif
