/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * flow.h - one connection through the gateway: two legs, a rule, and the TLS between them
 *
 *                 SYN            SYN-ACK              ACK
 *   (nothing) ---------> OPENING ---------> OPENING ---------> HANDSHAKE ---> ESTABLISHED
 *       |                   | RST, timeout                         |              |
 *       | pass rule         v                                      v              v
 *       '-------> PASS    DEAD <---------- both legs ended [tombstone.c] <--------'
 *
 *   OPENING      the real endpoints shake hands; packets pass, we remember    [handshake.c]
 *   HANDSHAKE    both legs are ours; TLS is being negotiated; no cleartext moves
 *   ESTABLISHED  cleartext moves between the legs                             [relay.c]
 *   PASS         not ours: every packet is let through, marked
 *   DEAD         out of the table; memory is kept until the end of the batch. What still arrives
 *                is answered by a tombstone and never passes
 *
 * Invariants:
 *  (1) In OPENING no packet with payload passes.
 *  (2) From HANDSHAKE on no packet of the flow passes at all.
 *  (3) Cleartext enters the wire leg's outbox only through the TLS session.
 *  (4) A fault of one leg, or of the session, aborts the other leg; the first fault is kept.
 */
#ifndef ATTLS_FLOW_FLOW_H
#define ATTLS_FLOW_FLOW_H

#include "base/list.h"
#include "gateway/flow/side.h"
#include "gateway/flow/snapshot.h"
#include "gateway/tcp/tcb.h"
#include "gateway/tls/session.h"

#include <net/if.h>

enum flow_state {
	FLOW_OPENING,
	FLOW_HANDSHAKE,
	FLOW_ESTABLISHED,
	FLOW_PASS,
	FLOW_DEAD,
	FLOW_STATES
};

/* What an endpoint has said about itself in its SYN or SYN-ACK, and its newest window. */
struct hello {
	bool seen;
	uint32_t isn;
	uint32_t wnd;    /* newest, in bytes */
	uint32_t ack;    /* newest acknowledgment */
	uint32_t ts_val; /* newest */
	uint16_t mss;
	uint8_t options; /* SEG_OPT_* */
	bool ecn;        /* asked for, or agreed to */
	uint8_t wscale;
	uint8_t ttl;
	uint8_t dscp;
	uint32_t flow_label;
	usec_t at;  /* when it said so; 0: more than once */
	usec_t rtt; /* from what it answered to its answer; 0: not known (Karn) */
};

/* The gateway's end towards one side: it plays the endpoint of the other side. */
struct leg {
	struct tcb tcb;  /* valid from HANDSHAKE on */
	uint16_t ip_id;  /* next IPv4 identification */
	usec_t heard;    /* the endpoint on this side has last sent anything */
	bool owes;       /* an answer to a keepalive, once the other endpoint has answered */
	unsigned probes; /* keepalives since then; see keepalive.h */
	usec_t asked;    /* the last of them */
};

struct flow {
	struct list by_key[SIDES]; /* table index of each side's tuple */
	struct list by_local;      /* table index of openings by local endpoint */
	struct list by_age;        /* table list: openings, and passed ones without an answer */
	struct list by_state;      /* table list of live flows */
	bool in_table;             /* entered, and not yet removed */
	struct list dirty;         /* worker list: wants flow_advance() */
	size_t heap_slot;          /* deadline heap; see deadline.h */
	usec_t deadline;           /* as entered in the heap */

	uint64_t id;             /* for people; unique in the daemon */
	struct tuple key[SIDES]; /* they differ where this host DNATs the connection */
	enum direction direction;
	enum flow_state state;
	enum fault fault;     /* the first */
	enum side fault_side; /* whose leg it came from, with FAULT_PEER_RESET, _TIMEOUT */
	bool reported;        /* the log has the end */
	bool has_ended;       /* both legs have: it leaves a tombstone */
	struct owner owner;
	char *identity;           /* what its strings lie in; owned */
	char inside[IF_NAMESIZE]; /* router: as the arrival had it */
	usec_t opened;            /* time of the SYN */
	usec_t expires;   /* OPENING, PASS: end of life; else how long something is waited for */
	usec_t retry;     /* storage was refused: try again then */
	uint8_t seen;     /* PASS: bit per side that has sent anything */
	uint8_t fin_seen; /* PASS: bit per side */

	struct snapshot *snapshot; /* referenced */
	const struct rule *rule;   /* of the snapshot; NULL: passed unmatched */
	struct hello hello[SIDES]; /* of the endpoint on that side */
	struct leg leg[SIDES];
	struct context *context; /* referenced; OPENING: what the session will be made of */
	struct session *session; /* NULL before HANDSHAKE and after the end */
	bool close_sent;         /* close_notify was appended */
	bool draining;           /* its rule is gone: both sides are closed once it is quiet */
	usec_t drained;          /* they were closed then; 0: not yet */
	uint64_t bytes[SIDES];   /* cleartext that came from that side */
};

/** flow_new() - a flow in OPENING, or PASS when @rule does not ask for TLS; NULL without memory */
struct flow *flow_new(struct snapshot *s, const struct rule *rule, const struct tuple *key,
	enum direction direction, usec_t now);

/** flow_free() - release everything; it must be in no list or heap */
void flow_free(struct flow *f);

/* What the legs of a flow may use, and where they stand. */
struct flow_limits {
	struct budget *budget; /* of all rings of the worker; borrowed for life */
	size_t buffer;         /* bytes that one ring may grow to; two for each leg */
	bool near;             /* the plain side is this host's own kernel */
};

/**
 * flow_take_over() - the handshake is complete: build both legs and the TLS session
 * @ack_due: the opener's last ACK was not passed on, so we must send one
 */
void flow_take_over(struct flow *f, const struct flow_limits *limits, bool ack_due, usec_t now);

/**
 * flow_input() - a stolen segment that came from @side; HANDSHAKE and later
 * The bytes of a large one are relayed at once, from where they lie; all else waits for
 * flow_advance().
 */
enum drop flow_input(struct flow *f, enum side side, const struct segment *seg, usec_t now);

/** flow_advance() - move bytes between the legs until nothing moves, and follow their ends */
void flow_advance(struct flow *f, usec_t now);

/**
 * flow_output() - the next packet to inject towards @side, complete with addresses
 * Return: false if there is none. The payload borrows until the next call on @f.
 */
bool flow_output(struct flow *f, enum side side, usec_t now, struct segment *seg);

/**
 * flow_path_mtu() - a router reports that a packet towards @side was too big (RFC 1191, 8201)
 * @seq: of the segment quoted; it must be outstanding, or the report is not believed
 * @mtu: of the next hop, 0 if it was not told
 * Return: true if the leg has changed and wants to be driven.
 */
bool flow_path_mtu(struct flow *f, enum side side, uint32_t seq, uint32_t mtu, usec_t now);

/** flow_settle() - after all output: both legs have ended, so the flow has; @has_ended is set */
void flow_settle(struct flow *f, usec_t now);

/** flow_deadline() - when flow_expire() and flow_output() have something to do by themselves */
usec_t flow_deadline(const struct flow *f);

/** flow_expire() - act on the end of life or the handshake time-out, if it has come */
void flow_expire(struct flow *f, usec_t now);

/** flow_abort() - reset both sides with @why; the words go into the log */
void flow_abort(struct flow *f, enum fault why);

/**
 * flow_drain() - close both sides cleanly, once nothing has come from either for DRAIN_QUIET
 * What was under way is delivered; each endpoint then sees the other close. One that does not
 * close in its turn within DRAIN_QUIET is reset.
 */
void flow_drain(struct flow *f);

#define DRAIN_QUIET (5 * USEC_SEC)

/** flow_set_state() - the one setter; logs at debug level */
void flow_set_state(struct flow *f, enum flow_state state);

/** flow_state_name() - "opening", "handshake", "established", ... static */
const char *flow_state_name(enum flow_state s);

/** flow_has_legs() - both legs are ours */
static inline bool flow_has_legs(const struct flow *f)
{
	return f->state == FLOW_HANDSHAKE || f->state == FLOW_ESTABLISHED;
}

#endif
