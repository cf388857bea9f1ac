/* SPDX-License-Identifier: GPL-3.0-or-later */
/* handshake.c - watching the three-way handshake pass, and what it settles */
#include "gateway/flow/handshake.h"

/* RFC 9293 3.7.1: what a peer without an MSS option takes. */
enum { MSS_DEFAULT_V4 = 536, MSS_DEFAULT_V6 = 1220, MSS_FLOOR = 48 };

static enum side opener(const struct flow *f)
{
	return f->direction == DIRECTION_OUTBOUND ? SIDE_PLAIN : SIDE_WIRE;
}

/* RFC 3168 6.1.1: how a SYN asks for ECN, and how a SYN-ACK agrees. */
static bool speaks_ecn(const struct segment *seg)
{
	uint16_t want = seg->flags & SEG_ACK ? SEG_ECE : SEG_ECE | SEG_CWR;

	return (seg->flags & (SEG_ECE | SEG_CWR)) == want;
}

static void note_hello(struct hello *h, const struct segment *seg, usec_t now)
{
	bool again = h->seen && h->isn == seg->seq;

	*h = (struct hello){
		.seen = true,
		.isn = seg->seq,
		.wnd = seg->wnd, /* RFC 7323 2.2: never scaled in a SYN */
		.ack = seg->ack,
		.ts_val = seg->ts_val,
		.mss = seg->mss,
		.options = seg->options,
		.ecn = speaks_ecn(seg),
		.wscale = seg->wscale,
		.ttl = seg->ttl,
		.dscp = seg->dscp,
		.flow_label = seg->flow_label,
		.at = again ? 0 : now,
	};
	if (!(seg->options & SEG_OPT_MSS))
		h->mss = seg->src.addr.family == 4 ? MSS_DEFAULT_V4 : MSS_DEFAULT_V6;
	if (h->mss < MSS_FLOOR)
		h->mss = MSS_FLOOR;
}

/* What must not stand in a SYN or SYN-ACK: we would be taken at our word. */
static bool promises_too_much(const struct segment *seg)
{
	return (seg->options & SEG_OPT_STRIP) || (seg->flags & SEG_AE) ||
	       segment_payload_len(seg) > 0;
}

static bool both(const struct flow *f, enum segment_option option)
{
	return f->hello[SIDE_PLAIN].options & f->hello[SIDE_WIRE].options & option;
}

/* What was sent once only, and its answer, make a first sample (RFC 6298 2.2). */
static usec_t round_trip(const struct hello *asked, usec_t now)
{
	return asked->at ? now - asked->at : 0;
}

static enum handshake_step note_syn(
	struct flow *f, enum side side, const struct segment *seg, usec_t now)
{
	if (side != opener(f))
		return HANDSHAKE_IMPOSSIBLE; /* simultaneous open: the TLS roles are ambiguous */
	if (seg->options & SEG_OPT_AUTH)
		return HANDSHAKE_IMPOSSIBLE;
	if (seg->seq != f->hello[side].isn)
		f->hello[side_peer(side)].seen = false; /* what was answered is not this one */
	note_hello(&f->hello[side], seg, now);
	return promises_too_much(seg) ? HANDSHAKE_STRIP : HANDSHAKE_PASS;
}

static enum handshake_step note_syn_ack(
	struct flow *f, enum side side, const struct segment *seg, usec_t now)
{
	if (side == opener(f) || seg->ack != f->hello[opener(f)].isn + 1)
		return HANDSHAKE_DROP;
	if (seg->options & SEG_OPT_AUTH)
		return HANDSHAKE_IMPOSSIBLE;
	note_hello(&f->hello[side], seg, now);
	f->hello[side].rtt = round_trip(&f->hello[opener(f)], now);
	return promises_too_much(seg) ? HANDSHAKE_STRIP : HANDSHAKE_PASS;
}

static enum handshake_step note_ack(
	struct flow *f, enum side side, const struct segment *seg, usec_t now)
{
	struct hello *h = &f->hello[side], *peer = &f->hello[side_peer(side)];

	/* a peer that still has the connection before this one challenges (RFC 5961 4.2) */
	if (side != opener(f))
		return segment_len(seg) == 0 ? HANDSHAKE_PASS : HANDSHAKE_DROP;
	if (!peer->seen || !(seg->flags & SEG_ACK) || seg->ack != peer->isn + 1)
		return HANDSHAKE_DROP;
	h->ack = seg->ack;
	h->wnd = (uint32_t)seg->wnd << (both(f, SEG_OPT_WSCALE) ? h->wscale : 0);
	if (seg->options & SEG_OPT_TS)
		h->ts_val = seg->ts_val;
	if (segment_len(seg) > 0)
		return HANDSHAKE_COMPLETE_DATA; /* the application's delay is in it */
	h->rtt = round_trip(peer, now);
	return HANDSHAKE_COMPLETE;
}

/* Whether the receiver of a RST will believe it (RFC 9293 3.10.7.3 and 4); others just pass. */
static enum handshake_step note_rst(const struct flow *f, enum side side, const struct segment *seg)
{
	uint32_t next = f->hello[opener(f)].isn + 1;
	bool ends =
		side == opener(f) ? seg->seq == next : (seg->flags & SEG_ACK) && seg->ack == next;

	if (segment_payload_len(seg) > 0)
		return HANDSHAKE_DROP;
	return ends ? HANDSHAKE_REFUSED : HANDSHAKE_PASS;
}

enum handshake_step handshake_note(
	struct flow *f, enum side side, const struct segment *seg, usec_t now)
{
	if (seg->flags & SEG_RST)
		return note_rst(f, side, seg);
	if (seg->flags & SEG_SYN)
		return seg->flags & SEG_ACK ? note_syn_ack(f, side, seg, now)
					    : note_syn(f, side, seg, now);
	return note_ack(f, side, seg, now);
}

struct tcb_params handshake_params(const struct flow *f, enum side side)
{
	const struct hello *peer = &f->hello[side], *self = &f->hello[side_peer(side)];
	bool scaled = both(f, SEG_OPT_WSCALE), ts = both(f, SEG_OPT_TS);

	return (struct tcb_params){
		.iss = self->isn,
		.irs = peer->isn,
		.snd_wnd = peer->wnd,
		.rcv_wnd = self->wnd,
		.mss = peer->mss < self->mss ? peer->mss : self->mss,
		.mss_floor =
			f->key[SIDE_PLAIN].local.addr.family == 4 ? MSS_DEFAULT_V4 : MSS_DEFAULT_V6,
		.snd_wscale = scaled ? peer->wscale : 0,
		.rcv_wscale = scaled ? self->wscale : 0,
		.sack_ok = both(f, SEG_OPT_SACK_OK),
		.ts_ok = ts,
		.ecn_ok = peer->ecn && self->ecn,
		.ts_recent = ts ? peer->ts_val : 0,
		.ts_val = ts ? self->ts_val : 0,
		.rtt = peer->rtt,
	};
}
