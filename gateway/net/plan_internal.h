/* SPDX-License-Identifier: GPL-3.0-or-later */
/* plan_internal.h - what the three tables of a plan are written with; for plan*.c only */
#ifndef ATTLS_NET_PLAN_INTERNAL_H
#define ATTLS_NET_PLAN_INTERNAL_H

#include "gateway/net/bpf.h"
#include "gateway/net/match.h"
#include "gateway/net/plan.h"

/* Chains; each table has those it needs, and the branches of its trees: ATTLS-T and a number. */
#define CHAIN_PRE        "ATTLS-PRE"      /* raw: from PREROUTING */
#define CHAIN_INSIDE     "ATTLS-INSIDE"   /* raw: what comes from inside a router */
#define CHAIN_OUT        "ATTLS-OUT"      /* raw: ICMP errors from OUTPUT */
#define CHAIN_IN         "ATTLS-IN"       /* mangle: ICMP errors from INPUT */
#define CHAIN_FWD        "ATTLS-FWD"      /* mangle: from FORWARD */
#define CHAIN_POST       "ATTLS-POST"     /* mangle: from POSTROUTING of a router */
#define CHAIN_PLAIN      "ATTLS-PLAIN"    /* candidates' packets of the plain side: stolen */
#define CHAIN_WIRE       "ATTLS-WIRE"     /* candidates' packets of the wire side: stolen */
#define CHAIN_WIRE_NAT   "ATTLS-WIRE-NAT" /* the same, of connections DNATed here */
#define CHAIN_SPORT      "ATTLS-SPORT"    /* to the worker that the source port chooses */
#define CHAIN_SPORT_SYN  "ATTLS-SPORT-SYN"
#define CHAIN_DPORT      "ATTLS-DPORT" /* to the worker that the destination port chooses */
#define CHAIN_DPORT_SYN  "ATTLS-DPORT-SYN"
#define CHAIN_GUARD      "ATTLS-GUARD"     /* candidates' packets: to the following */
#define CHAIN_PAYLOAD    "ATTLS-PAYLOAD"   /* payload not from the gateway: dropped */
#define CHAIN_GUARD_NAT  "ATTLS-GUARD-NAT" /* the guard of connections DNATed here */
#define CHAIN_FRAGMENT   "ATTLS-FRAGMENT"  /* candidates' TCP fragments: dropped */
#define CHAIN_INPUT      "ATTLS-INPUT"     /* filter: from INPUT */
#define CHAIN_FORWARD    "ATTLS-FORWARD"   /* filter: from FORWARD and DOCKER-USER */
#define CHAIN_REFUSE     "ATTLS-REFUSE"    /* candidates' connections not served: to the last one */
#define CHAIN_REFUSE_NAT "ATTLS-REFUSE-NAT" /* the same, by where they went before DNAT */
#define CHAIN_RESET      "ATTLS-RESET"      /* connections the gateway could not serve: reset */
#define CHAIN_LOOPBACK   "ATTLS-LOOPBACK"   /* candidates' packets from a loopback address */
#define CHAIN_TURNED     "ATTLS-TURNED"     /* packets that later NAT turned to the wire: reset */

/* One table in the writing. */
struct writer {
	const struct plan_options *options;
	const struct candidate_list *list;
	uint8_t family;
	struct plan_table *table;
	FILE *out;
	char fragment4[2 * BPF_TEXT];
};

/** plan_mangle() - the wire side's steal, the guard, hop limits */
void plan_mangle(struct writer *w);

/** plan_raw() - the plain side's steal, marks, and what the gateway injects towards it */
void plan_raw(struct writer *w);

/** plan_filter() - acceptance of what is injected, the input-side guard, refusals */
void plan_filter(struct writer *w);

void writer_chain(struct writer *w, const char *name);

/**
 * writer_hook() - a jump from the kernel's @chain for those packets that the formatted text matches
 * The text is as iptables-save prints it, so that the jump is found again. What it leaves out costs
 * others one rule.
 */
struct plan_hook *writer_hook(struct writer *w, const char *chain, const char *target,
	const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/** writer_icmp() - the family's ICMP as iptables calls it */
const char *writer_icmp(const struct writer *w);

/** writer_icmp_errors() - ICMP errors about TCP to their queue */
void writer_icmp_errors(struct writer *w, const char *chain);

/** writer_rule() - "-A CHAIN" and the formatted rest, which starts with a space */
void writer_rule(struct writer *w, const char *chain, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

enum { WRITER_BRANCH = 32 };

/** writer_branch() - a chain for a part of a list; @name: of WRITER_BRANCH bytes */
void writer_branch(struct writer *w, char *name);

/**
 * writer_candidates() - packets of all candidates of @d in @heading go to chain @target for good
 * A long list becomes a tree of chains. What no candidate matches goes on in @chain.
 */
void writer_candidates(struct writer *w, const char *chain, enum direction d, enum heading heading,
	const char *target);

/** writer_candidate_rule() - packets of @c in @heading go to chain @target for good */
void writer_candidate_rule(struct writer *w, const char *chain, const struct candidate *c,
	enum heading heading, const char *target);

/** writer_original_rules() - the same by the local end and the destination before DNAT */
void writer_original_rules(struct writer *w, const char *chain, const struct candidate *c,
	enum heading heading, const char *target);

/**
 * writer_loopback() - packets of @chain from a loopback address to the remote end of any candidate
 * DNAT can turn them to the wire, and only then give them another source. Candidates for which any
 * local address is meant are not among them: they match already.
 */
void writer_loopback(struct writer *w, const char *chain, const char *target);

/** writer_next() - the candidate of this family and @d after @c (NULL: the first), or NULL */
const struct candidate *writer_next(
	const struct writer *w, enum direction d, const struct candidate *c);

/** writer_dispatch() - the four chains that choose a queue; @except: a match, or NULL */
void writer_dispatch(struct writer *w, const char *except);

/** writer_steal_plain() - CHAIN_PLAIN: the plain side's packets to their queues */
void writer_steal_plain(struct writer *w);

/** writer_fragment() - a match for TCP fragments, or NULL where this kernel has none */
const char *writer_fragment(const struct writer *w);

/** writer_drop_fragments() - CHAIN_FRAGMENT: those with a candidate's addresses */
void writer_drop_fragments(struct writer *w);

#endif
