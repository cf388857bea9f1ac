/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ecn.h - explicit congestion notification (RFC 3168), reacted to by ABE (RFC 8511)
 *
 * Routers mark what they would else drop. The receiver says so on every ACK (ECE) until the sender
 * says that it has slowed down (CWR). New data is sent ECN-capable, nothing else is: not what is
 * sent again, no probe, no pure ACK (6.1.4 to 6.1.6). Marks concern one leg and its peer only.
 */
#ifndef ATTLS_TCP_ECN_H
#define ATTLS_TCP_ECN_H

#include <stdbool.h>
#include <stdint.h>

/* IP header codepoints, RFC 3168 5. */
enum { ECN_ECT0 = 2, ECN_CE = 3 };

struct ecn {
	bool ok;      /* both ends have agreed to it in their SYNs */
	bool echo;    /* marked data has arrived, and no CWR since: ECE on every ACK */
	bool reduced; /* CWR is due with the next new data */
	uint64_t end; /* SND.NXT when CWR left: earlier marks are answered for */
};

struct tcb;
struct segment;

/** ecn_arrived() - an acceptable segment: its mark, and whether the peer has slowed down */
void ecn_arrived(struct tcb *t, const struct segment *seg);

/**
 * ecn_echoed() - an ACK bears ECE: at most one reduction per round trip
 * @flight: sendq_flight() before it
 */
void ecn_echoed(struct tcb *t, uint64_t flight);

/** ecn_reduced() - the window was reduced, be it for a loss or for a mark: say so */
void ecn_reduced(struct tcb *t);

/** ecn_mark() - what a segment with new data carries */
void ecn_mark(struct tcb *t, struct segment *seg);

#endif
