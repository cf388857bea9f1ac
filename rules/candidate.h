/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * candidate.h - which packets can belong to a connection that some rule takes
 *
 * Addresses, ports and direction only: what a packet filter can see of every packet. User, job and
 * time are for the daemon. Candidates are what attls-net turns into iptables rules.
 */
#ifndef ATTLS_RULES_CANDIDATE_H
#define ATTLS_RULES_CANDIDATE_H

#include "rules/policy.h"

/* One product of an address pair and a port pair; ranges 0-65535 and whole families are "any". */
struct candidate {
	enum direction direction; /* outbound or inbound, never both */
	uint8_t family;           /* 4 or 6 */
	struct addr_range local;
	struct addr_range remote;
	struct port_range local_port;
	struct port_range remote_port;
};

struct candidate_list {
	struct candidate *items; /* sorted, without duplicates */
	size_t count;
};

/**
 * candidates_of() - those of all rules of @p whose action is not a mere pass
 * With unmatched = reject, pass rules count too (their flows must be told from the rest), and what
 * no rule takes is rejected where a candidate covers it.
 */
void candidates_of(const struct policy *p, struct candidate_list *list);

/** candidates_read() - lines written by candidates_write(); false (and @err) if malformed */
bool candidates_read(FILE *in, const char *name, struct candidate_list *list, struct err_list *err);

/** candidates_write() - one line each, for people and for candidates_read() */
void candidates_write(const struct candidate_list *list, FILE *out);

/** candidates_join() - add all of @from to @list, keeping it sorted and without duplicates */
void candidates_join(struct candidate_list *list, const struct candidate_list *from);

void candidates_free(struct candidate_list *list);

#endif
