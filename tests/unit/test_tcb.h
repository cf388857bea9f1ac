/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test_tcb.h - a tcb on the bench: segments in by relative numbers, segments out, a clock by hand
 *
 * Relative numbers as tcpdump shows them: the first byte of either side is 1, the SYN was 0. Byte
 * n of either stream has the value rig_byte(n).
 */
#ifndef ATTLS_TEST_TCB_H
#define ATTLS_TEST_TCB_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "gateway/tcp/tcb.h"

enum { RIG_ISS = 0xfffff000, RIG_IRS = 0x7ffffff0, RIG_WND = 65535, RIG_MSS = 1000 };

struct rig {
	struct tcb t;
	usec_t now;
	struct segment out; /* the newest segment it sent */
	uint32_t ts;        /* TSval of the peer */
	uint64_t fed;       /* bytes pushed into the outbox */
};

static inline uint8_t rig_byte(uint64_t n)
{
	return (uint8_t)(n * 7 + n / 256);
}

/* What most tests start from: MSS 1000, no scaling, SACK, no timestamps. */
static inline struct tcb_params rig_params(void)
{
	return (struct tcb_params){
		.iss = RIG_ISS,
		.irs = RIG_IRS,
		.snd_wnd = RIG_WND,
		.rcv_wnd = 65535,
		.mss = RIG_MSS,
		.sack_ok = true,
		.rcv_limit = 65536,
		.snd_limit = 1 << 20,
	};
}

static inline void rig_start(struct rig *r, const struct tcb_params *p)
{
	*r = (struct rig){.now = 100 * USEC_SEC, .ts = p->ts_recent};
	tcb_init(&r->t, p, r->now);
}

/* Bytes [from, from + len) of the peer. */
static inline struct span rig_text(uint32_t from, size_t len)
{
	static uint8_t text[65536];

	for (size_t i = 0; i < len; i++)
		text[i] = rig_byte(from + i);
	return span_of(text, len);
}

static inline struct segment rig_segment(
	const struct rig *r, uint16_t flags, uint32_t seq, uint32_t ack, size_t len)
{
	struct segment seg = {
		.flags = flags,
		.seq = RIG_IRS + seq,
		.ack = RIG_ISS + ack,
		.wnd = (uint16_t)(RIG_WND >> r->t.snd_wscale),
		.payload = {rig_text(seq, len)},
	};

	if (r->t.ts_ok) {
		seg.options = SEG_OPT_TS;
		seg.ts_val = r->ts;
		seg.ts_ecr = r->t.ts_val;
	}
	return seg;
}

static inline enum drop rig_give(struct rig *r, const struct segment *seg)
{
	return tcb_input(&r->t, seg, r->now);
}

/* A segment of the peer with an open window. */
static inline enum drop rig_in(
	struct rig *r, uint16_t flags, uint32_t seq, uint32_t ack, size_t len)
{
	struct segment seg = rig_segment(r, flags, seq, ack, len);

	return rig_give(r, &seg);
}

/* A pure ACK with a window. */
static inline enum drop rig_ack(struct rig *r, uint32_t seq, uint32_t ack, uint16_t wnd)
{
	struct segment seg = rig_segment(r, SEG_ACK, seq, ack, 0);

	seg.wnd = wnd;
	return rig_give(r, &seg);
}

/* A pure ACK with one SACK block [from, to). */
static inline enum drop rig_sack(
	struct rig *r, uint32_t seq, uint32_t ack, uint32_t from, uint32_t to)
{
	struct segment seg = rig_segment(r, SEG_ACK, seq, ack, 0);

	seg.sack_count = 1;
	seg.sack[0] = (struct sack_block){RIG_ISS + from, RIG_ISS + to};
	return rig_give(r, &seg);
}

/* The application of our side writes @n bytes. */
static inline void rig_write(struct rig *r, size_t n)
{
	while (n--) {
		uint8_t byte = rig_byte(1 + r->fed++);

		assert_true(ring_push(tcb_outbox(&r->t), span_of(&byte, 1)));
	}
}

/* There is nothing to send, and the deadline says so as well. */
static inline void rig_silent(struct rig *r)
{
	assert_false(tcb_output(&r->t, r->now, &r->out));
	assert_true(tcb_deadline(&r->t) > r->now);
}

/*
 * The next segment out must be this; its bytes are compared with the stream. A super-segment has
 * PSH as well.
 */
static inline void rig_out(struct rig *r, uint16_t flags, uint32_t seq, uint32_t ack, uint32_t len)
{
	uint32_t at = seq;

	assert_true(tcb_output(&r->t, r->now, &r->out));
	assert_int_equal(r->out.flags, flags | (r->out.gso_size ? SEG_PSH : 0));
	assert_int_equal(r->out.seq - (uint32_t)RIG_ISS, seq);
	if (flags & SEG_ACK)
		assert_int_equal(r->out.ack - (uint32_t)RIG_IRS, ack);
	assert_int_equal(segment_payload_len(&r->out), len);
	for (int k = 0; k < 2; k++)
		for (size_t i = 0; i < r->out.payload[k].len; i++)
			assert_int_equal(r->out.payload[k].ptr[i], rig_byte(at++));
}

/* Let time pass up to the next deadline, which must be in [low, high] from now. */
static inline void rig_wait(struct rig *r, usec_t low, usec_t high)
{
	usec_t at = tcb_deadline(&r->t);

	assert_true(at != USEC_NEVER);
	assert_in_range(at - r->now, low, high);
	r->now = at;
}

/* Read all that has arrived; compare it with the stream from relative number @from. */
static inline uint64_t rig_read(struct rig *r, uint64_t from)
{
	uint64_t n = 0;
	struct span s;

	while ((s = tcb_peek(&r->t)).len) {
		for (size_t i = 0; i < s.len; i++)
			assert_int_equal(s.ptr[i], rig_byte(from + n++));
		tcb_consume(&r->t, s.len);
	}
	return n;
}

#endif
