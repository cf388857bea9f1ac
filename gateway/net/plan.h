/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * plan.h - the packet filter rules that candidates come to, as text; no system call
 *
 * One plan is one family's rules: for each of three tables the chains of ours, their rules, and the
 * jumps that hook them into the chains of the kernel. docs/network.md explains each chain.
 */
#ifndef ATTLS_NET_PLAN_H
#define ATTLS_NET_PLAN_H

#include "rules/candidate.h"
#include "rules/settings.h"

/* In the order of installation; removal goes the other way. */
enum plan_table_id { PLAN_MANGLE, PLAN_RAW, PLAN_FILTER, PLAN_TABLES };

/* Names of the TUN devices, and the beginning of the names of all our chains. */
#define DEVICE_WIRE  "attlsw"
#define DEVICE_PLAIN "attlsp"
#define DEVICES_ALL  "attls+" /* as a match, for what passes over at least these */
#define CHAIN_PREFIX "ATTLS-"

/* What this kernel offers beyond what is indispensable. */
struct plan_features {
	bool notrack;   /* CT --notrack; without it there is no connection tracking to escape */
	bool conntrack; /* -m conntrack, and NAT to follow with it */
	bool ttl;       /* TTL and HL */
	bool frag;      /* -m frag (IPv6) */
};

struct plan_options {
	enum gateway_mode mode;
	char *const *inside; /* router only; NULL-terminated */
	const char *outside;
	unsigned workers;
	unsigned queue_base;
	uint32_t mark;
	struct plan_features features;
	const struct addr_range
		*inside_nets; /* networks on the inside interfaces: not wire-bound */
	size_t inside_net_count;
};

enum { PLAN_MATCH = 48 };

/* A jump to one of our chains, before all rules of @chain that are not ours. */
struct plan_hook {
	const char *chain;
	const char *target;
	bool optional;          /* only where @chain exists */
	char match[PLAN_MATCH]; /* which packets, as iptables-save prints it; "" for all */
};

enum { PLAN_HOOKS = 6 };

struct plan_table {
	char **chains; /* names, owned */
	size_t chain_count;
	size_t branch_count; /* those of them that are branches of trees */
	struct plan_hook hooks[PLAN_HOOKS];
	size_t hook_count;
	char *rules; /* lines "-A ..." */
	size_t rule_count;
};

struct plan {
	uint8_t family;
	struct plan_table tables[PLAN_TABLES];
};

/** plan_table_name() - "mangle", "raw", "filter" */
const char *plan_table_name(enum plan_table_id id);

/** plan_options_from() - the settings' part of @o; features all on, no inside networks */
void plan_options_from(struct plan_options *o, const struct settings *s, unsigned workers);

/**
 * plan_build() - the rules of @family for those candidates of @list that are of it
 * A family without a candidate gets an empty plan: nothing of it is to be installed.
 */
void plan_build(struct plan *p, const struct plan_options *o, const struct candidate_list *list,
	uint8_t family);

/** plan_rules() - all rules of @p, without the jumps */
size_t plan_rules(const struct plan *p);

void plan_free(struct plan *p);

#endif
