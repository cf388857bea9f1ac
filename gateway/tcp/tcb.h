/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tcb.h - one TCP endpoint without input or output of its own (RFC 9293)
 *
 * A tcb plays one end of an established connection towards the other end, its peer. It starts
 * after the handshake, which the real endpoints did themselves, and owns everything from there:
 * reassembly, acknowledgment, windows, segmentation, retransmission, congestion control, close.
 *
 * Three verbs move it: tcb_input() when a segment of the peer arrives, tcb_output() for the next
 * segment to send, tcb_deadline() for when to ask again. Time is an argument; there is no clock,
 * no socket, no callback, no global. The byte ports stand beside them: tcb_peek() and
 * tcb_consume() for what the peer sent, tcb_outbox() for what it shall get.
 *
 * Back-pressure is the window: what is not consumed stays, and the window offered closes.
 */
#ifndef ATTLS_TCP_TCB_H
#define ATTLS_TCP_TCB_H

#include "base/clock.h"
#include "base/fault.h"
#include "base/ring.h"
#include "gateway/packet/segment.h"
#include "gateway/tcp/cc.h"
#include "gateway/tcp/ecn.h"
#include "gateway/tcp/loss.h"
#include "gateway/tcp/pace.h"
#include "gateway/tcp/recvq.h"
#include "gateway/tcp/rtt.h"
#include "gateway/tcp/sendq.h"

/* RFC 9293 3.3.2; the states before ESTABLISHED belong to the handshake, which passes through. */
enum tcb_state {
	TCPS_ESTABLISHED,
	TCPS_FIN_WAIT_1,
	TCPS_FIN_WAIT_2,
	TCPS_CLOSE_WAIT,
	TCPS_CLOSING,
	TCPS_LAST_ACK,
	TCPS_TIME_WAIT,
	TCPS_CLOSED,
	TCPS_STATES
};

/* What the handshake that passed through has settled. "We" is the endpoint this tcb plays. */
struct tcb_params {
	uint32_t iss;       /* our initial sequence number; our SYN is acknowledged */
	uint32_t irs;       /* the peer's */
	uint32_t snd_wnd;   /* the peer's newest window in bytes, shift applied */
	uint32_t rcv_wnd;   /* what we have already promised beyond irs + 1, in bytes */
	uint16_t mss;       /* most bytes (data and options) per segment, either way */
	uint16_t mss_floor; /* what every path takes; 0: 536 */
	uint8_t snd_wscale; /* shift of windows in the peer's segments */
	uint8_t rcv_wscale; /* shift of windows in ours */
	bool sack_ok;
	bool ts_ok;
	bool ecn_ok;
	uint32_t ts_recent;    /* newest TSval of the peer */
	uint32_t ts_val;       /* newest TSval of the endpoint we play */
	usec_t rtt;            /* round trip that the handshake took; 0: not known */
	bool ack_due;          /* the peer may not have seen its SYN acknowledged: send an ACK */
	bool answers;          /* what comes first is likely to be answered at once */
	bool near;             /* the peer is a kernel on this host: no slow start, short RTO */
	size_t rcv_limit;      /* most bytes received and not yet consumed, once it has grown */
	size_t snd_limit;      /* most bytes sent or to be sent and not yet acknowledged */
	struct budget *budget; /* shared memory bound; borrowed, may be NULL */
};

/* Numbers for people; see tcb_info(). */
struct tcb_info {
	enum tcb_state state;
	uint64_t bytes_in;    /* received in order */
	uint64_t bytes_out;   /* sent and acknowledged */
	uint64_t retransmits; /* segments sent again */
	usec_t srtt;          /* smoothed round trip; 0: no sample yet */
	usec_t rto;
	uint32_t cwnd;    /* bytes */
	uint32_t snd_wnd; /* bytes */
	uint32_t rcv_wnd; /* bytes */
	uint32_t mss;
};

struct tcb; /* the struct is below the functions, for those who embed it */

/** tcb_init() - an endpoint in ESTABLISHED; storage is the caller's */
void tcb_init(struct tcb *t, const struct tcb_params *p, usec_t now);

/** tcb_fini() - release buffers; the tcb may then be forgotten */
void tcb_fini(struct tcb *t);

/**
 * tcb_input() - a segment of the peer arrives (RFC 9293 3.10.7.4, in its order)
 * @seg: decoded; its payload is copied as far as it is taken
 * Return: DROP_NONE, or why the segment had no effect (an answer may be due all the same).
 */
enum drop tcb_input(struct tcb *t, const struct segment *seg, usec_t now);

/**
 * tcb_take() - as tcb_input(), but what can be read at once is not copied yet
 * tcb_peek() shows it where the segment lies. tcb_keep() is to follow before that memory goes.
 */
enum drop tcb_take(struct tcb *t, const struct segment *seg, usec_t now);

/** tcb_keep() - copy what was taken and has not been consumed */
void tcb_keep(struct tcb *t);

/**
 * tcb_output() - produce the next segment this endpoint wants to send
 * @seg: filled in but for addresses, ttl, dscp and flow label; the payload borrows from the
 *       outbox until the next call on @t. With gso_size set it is a super-segment of at most
 *       65535 bytes with headers, a multiple of gso_size but for its last part.
 *
 * Call until it returns false. State advances as if the segment was sent, so one that is then
 * lost locally is repaired like any loss. Nothing is ever sent beyond the peer's right edge.
 *
 * Return: true if @seg was filled in.
 */
bool tcb_output(struct tcb *t, usec_t now, struct segment *seg);

/**
 * tcb_deadline() - when tcb_output() has something to do even if nothing happens before
 * Later than @now once tcb_output() has returned false for it. Ask tcb_output() first after
 * anything else was called: it is what sets the timers.
 */
usec_t tcb_deadline(const struct tcb *t);

/**
 * tcb_peek() - first contiguous piece of what arrived in order; borrows until the next call
 * What had arrived before the peer's reset can still be read; after tcb_abort() nothing can.
 */
struct span tcb_peek(const struct tcb *t);

/** tcb_consume() - @n bytes of tcb_peek() are done with; the window may open */
void tcb_consume(struct tcb *t, size_t n);

/** tcb_ended() - the peer's FIN was reached and everything before it consumed */
bool tcb_ended(const struct tcb *t);

/**
 * tcb_outbox() - the ring to which bytes for the peer are appended
 * Only append; heads are dropped as the peer acknowledges. Not after tcb_finish().
 */
struct ring *tcb_outbox(struct tcb *t);

/** tcb_finish() - send FIN after what is in the outbox (CLOSE of RFC 9293 3.10.4); idempotent */
void tcb_finish(struct tcb *t);

/**
 * tcb_abort() - give up (ABORT of RFC 9293 3.10.5): the next tcb_output() yields a RST
 * @why: recorded unless a fault is there already; buffers are released
 */
void tcb_abort(struct tcb *t, enum fault why);

/** tcb_fault() - the first fault, FAULT_NONE while alive or after a clean close */
enum fault tcb_fault(const struct tcb *t);

/** tcb_finished() - our FIN was asked for (tcb_finish() was called) */
bool tcb_finished(const struct tcb *t);

/** tcb_idle() - nothing unacknowledged and nothing unsent */
bool tcb_idle(const struct tcb *t);

/** tcb_note_ts() - the real endpoint has shown @ts_val; ours never runs ahead of it */
void tcb_note_ts(struct tcb *t, uint32_t ts_val);

/**
 * tcb_probe() - ask whether the peer is still there (RFC 9293 3.8.4)
 * The next tcb_output() yields an empty segment below the window, which must be acknowledged.
 */
void tcb_probe(struct tcb *t);

/**
 * tcb_is_keepalive() - @seg carries nothing new and asks for an answer (RFC 9293 3.8.4)
 * A probe of our shut window looks the same and is none.
 */
bool tcb_is_keepalive(const struct tcb *t, const struct segment *seg);

/** tcb_acknowledge() - the next tcb_output() says where we are */
void tcb_acknowledge(struct tcb *t);

/**
 * tcb_set_mss() - the path takes less (RFC 1191, 8201); never raised by this
 * After ten minutes the first size is tried again.
 */
void tcb_set_mss(struct tcb *t, uint16_t mss, usec_t now);

/** tcb_info() - a snapshot for people */
void tcb_info(const struct tcb *t, struct tcb_info *info);

/** tcb_state_name() - "ESTABLISHED", "FIN-WAIT-1", ... static */
const char *tcb_state_name(enum tcb_state s);

/* Everything that happens by time alone; a timer that is off is USEC_NEVER. */
enum tcb_timer {
	TCB_TIMER_PROBE,   /* tail loss probe, or RACK's reordering window (RFC 8985) */
	TCB_TIMER_REXMT,   /* retransmission time-out (RFC 6298); a probe puts it off */
	TCB_TIMER_PERSIST, /* the peer's window keeps us from sending (RFC 9293 3.8.6.1) */
	TCB_TIMER_ACK,     /* delayed ACK */
	TCB_TIMER_WAIT,    /* TIME-WAIT */
	TCB_TIMER_PACE,    /* what is sent next has to wait for it, to be spread */
	TCB_TIMER_TRIM,    /* give the storage of empty buffers back */
	TCB_TIMER_MSS,     /* the path may take larger segments again */
	TCB_TIMERS
};

/* How much the receive buffer has to hold: what is drained in one round trip; see window.c. */
struct tuning {
	uint64_t read;      /* position up to which was read when this round began */
	usec_t read_at;     /* that time */
	uint64_t seen;      /* position up to which was read when this was last looked at */
	uint64_t most;      /* bytes read in one round trip so far */
	uint64_t round_end; /* right edge when this window began to arrive; 0: none did */
	usec_t round_at;    /* that time */
	usec_t round_trip;  /* shortest time in which a window arrived; 0: not known */
};

/* To be read and written by gateway/tcp only; see the invariants in tcb.c. */
struct tcb {
	enum tcb_state state;
	enum fault fault;
	bool sack_ok;
	bool ts_ok;
	bool near;
	uint8_t snd_wscale;
	uint8_t rcv_wscale;
	uint16_t mss;       /* data and options per segment */
	uint16_t mss_most;  /* as agreed on by the endpoints */
	uint16_t mss_floor; /* no guess goes below */
	bool mss_guessed;   /* and not for the first time: held as long as if it was told */
	usec_t timer[TCB_TIMERS];
	usec_t active_at; /* data last moved in or out */

	struct sendq snd;
	struct rtt rtt;
	struct cc cc;
	struct loss loss;
	struct pace pace;
	struct ecn ecn;
	uint64_t iss;
	uint64_t snd_edge;      /* the peer's right edge: nothing at or beyond it may be sent */
	uint64_t snd_wl1;       /* position of the segment that brought @snd_edge */
	uint32_t snd_wnd_max;   /* largest window the peer has offered */
	usec_t sent_at;         /* data last left */
	usec_t stuck_since;     /* the peer has given no sign of progress since */
	unsigned attempts;      /* to get any answer, but for the first */
	unsigned persist_shift; /* doublings of the persist interval */
	bool override;          /* SWS avoidance is over (RFC 9293 3.8.6.2.1) */
	bool window_probe;      /* a zero-window probe is due */

	struct recvq rcv;
	uint64_t irs;
	size_t rcv_limit; /* of the receive buffer now */
	size_t rcv_most;  /* @rcv_limit never exceeds this */
	struct tuning tuning;
	uint64_t rcv_edge;  /* the right edge we have promised; never moves left */
	uint64_t ack_sent;  /* the newest position we have acknowledged */
	uint32_t rcv_mss;   /* largest segment seen, at most ours */
	unsigned quick;     /* ACKs still to be sent without delay */
	usec_t received_at; /* data last arrived in order */
	bool answers;       /* what was sent last followed that within TCB_HELD_ACK */
	bool ack_now;
	unsigned dup_owed;   /* duplicate ACKs for a peer that counts them (no SACK) */
	usec_t challenge_at; /* no rate-limited ACK before (RFC 5961 7) */

	uint32_t ts_val;    /* newest of the endpoint we play */
	uint32_t ts_recent; /* newest of the peer */
	usec_t ts_recent_at;

	bool rst_due;
	bool rst_bare; /* it answers a segment: it carries no acknowledgment (RFC 9293 3.10.7.1) */
	bool aborted;  /* by us: what was received is gone */
	uint32_t rst_seq;
	uint64_t retransmits;
};

#endif
