/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * intake.h - what becomes of a captured packet: the decision between pass, steal and drop
 *
 * One intake belongs to one worker. It maps new connections to rules, watches their handshakes,
 * and answers with RST what must not go on. It decides only; stolen segments are handed to
 * flow_input() by the worker after the verdicts have been sent.
 */
#ifndef ATTLS_FLOW_INTAKE_H
#define ATTLS_FLOW_INTAKE_H

#include "gateway/flow/contexts.h"
#include "gateway/flow/table.h"
#include "gateway/flow/tombstone.h"

#include <net/if.h>

enum verdict {
	VERDICT_ACCEPT, /* goes on in the kernel, marked */
	VERDICT_STRIP,  /* goes on after segment_strip() */
	VERDICT_DROP,   /* ends here */
	VERDICT_STEAL,  /* ends here; its flow gets it */
	VERDICT_CARRY,  /* ends here; the other worker that may have its flow gets it */
};

/* One captured packet. */
struct arrival {
	struct segment seg;
	enum side side;     /* where it came from */
	struct owner owner; /* of the local socket; only looked up when intake_wants_owner() */
	/* router: where the plain side comes in; only when intake_wants_interface(), else "" */
	char inside[IF_NAMESIZE];
	bool elsewhere; /* another worker may have its flow */
	bool carried;   /* it comes from another worker, and cannot go on in the kernel any more */
};

/* An answer that belongs to no flow. */
struct reply {
	enum side side; /* towards which it goes */
	struct segment seg;
};

enum { REPLIES_MAX = 64 };

enum intake_count {
	INTAKE_OPENED,      /* connections mapped to a TLS rule */
	INTAKE_PASSED,      /* connections let through */
	INTAKE_REFUSED,     /* connections refused: policy, credentials, options */
	INTAKE_MIDSTREAM,   /* packets without a beginning, answered with RST */
	INTAKE_ESTABLISHED, /* TLS handshakes finished */
	INTAKE_RESET,       /* TLS flows that ended with a fault */
	INTAKE_CLOSED,      /* TLS flows that ended cleanly */
	INTAKE_COUNTS
};

struct intake {
	struct table table;
	struct tombstones tombstones;
	struct contexts contexts;
	struct snapshot *snapshot; /* referenced: in force for new connections */
	struct rule_use *uses; /* of its rules; owned; NULL without memory, then nothing counts */
	struct budget budget;  /* of all rings */
	struct flow_limits limits;
	bool quiesced;     /* no new connections */
	usec_t now;        /* of the packet being decided */
	usec_t log_second; /* refusals are logged up to a number in each second */
	unsigned logged;
	struct reply replies[REPLIES_MAX];
	size_t reply_count;
	uint64_t counts[INTAKE_COUNTS];
	uint64_t drops[DROPS];
};

/* Of one worker. */
struct intake_limits {
	size_t memory; /* bytes of all rings together */
	size_t buffer; /* bytes of one ring */
	size_t flows;  /* at a time */
	bool near;     /* host mode: the plain side is this host's kernel */
};

/** intake_init() - an empty table; false without memory. @in does not move afterwards */
bool intake_init(struct intake *in, struct snapshot *s, const struct intake_limits *limits);
void intake_fini(struct intake *in);

/** intake_wants_owner() - what of the owner of @a's connection has to be looked up first */
unsigned intake_wants_owner(const struct intake *in, const struct arrival *a);

/** intake_wants_interface() - whether a rule may ask where the plain side of @a comes in */
bool intake_wants_interface(const struct intake *in, const struct arrival *a);

/**
 * intake_decide() - map, watch, decide
 * @flow: set to the flow that @a belongs to or opens, NULL without one
 */
enum verdict intake_decide(
	struct intake *in, const struct arrival *a, usec_t now, struct flow **flow);

/** intake_reply() - take the next answer; false without one */
bool intake_reply(struct intake *in, struct reply *r);

/** intake_use() - @s is in force from now on; existing flows keep theirs */
void intake_use(struct intake *in, struct snapshot *s);

/** intake_adopt() - let the connection @key, whose beginning was not seen, pass from now on */
void intake_adopt(struct intake *in, const struct tuple *key, usec_t now);

/** intake_retire() - @f is over: count it and take it out of the table */
void intake_retire(struct intake *in, struct flow *f);

/** intake_end() - both legs of @f have ended, if it ever had any: a tombstone takes its place */
void intake_end(struct intake *in, struct flow *f, usec_t now);

/** intake_count_name() - a metric label, static */
const char *intake_count_name(enum intake_count c);

#endif
