/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fuzz_tcb.c - libFuzzer target: the whole TCP engine against a peer without manners
 *
 * Input: what the handshake has settled, then events: segments in and near the window with any
 * flags, options and windows; writes, reads, finish, abort; time. After each event the invariants
 * of gateway/tcp/tcb.c are checked, from the outside where that is possible: fuzz_tcb_check.h.
 */
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_tcb_check.h"

enum { STEPS = 600, QUIET_STEPS = 3000, TEXT_MAX = 9000 };

static const uint16_t mss_table[] = {1460, 64, 536, 1000, 8960, 65535, 100, 1380};
static const uint16_t wnd_table[] = {0, 1, 65535, 2, 4096, 1000, 0x8000, 64};

static struct tcb_params params_of(struct span *in, struct budget *budget)
{
	uint8_t flags = feed_byte(in), sizes = feed_byte(in);
	struct tcb_params p = {
		.iss = flags & 1 ? 0xfffff000 : 5,
		.irs = flags & 2 ? 0xfffffff0 : 0x7ffffff0,
		.sack_ok = !(flags & 4),
		.ts_ok = (flags & 8) != 0,
		.near = (flags & 16) != 0,
		.ack_due = (flags & 32) != 0,
		.ts_recent = flags & 64 ? 0xfffffffe : 1,
		.ts_val = flags & 128 ? 0x7ffffffe : 9,
		.mss = mss_table[sizes & 7],
		.rcv_limit = sizes & 8 ? 65536 : 262144,
		.snd_limit = sizes & 16 ? 16384 : 131072,
		.snd_wscale = feed_byte(in) % 15,
		.rcv_wscale = feed_byte(in) % 15,
		.budget = budget,
	};

	p.snd_wnd = wnd_table[feed_byte(in) & 7];
	p.rcv_wnd = wnd_table[feed_byte(in) & 7];
	budget->limit = sizes & 32 ? 24576 : 1 << 22;
	return p;
}

/* ---- the peer ---- */

/* A position near something that matters. */
static uint64_t pick_seq(const struct tcb *t, struct span *in)
{
	uint8_t how = feed_byte(in);
	uint64_t nxt = recvq_ack(&t->rcv);

	switch (how & 7) {
	case 0:
	case 1:
	case 2: return nxt;
	case 3: return nxt + feed_word(in);
	case 4: return nxt - feed_byte(in);
	case 5: return t->rcv_edge - feed_byte(in) + 4;
	case 6: return t->rcv.ooo.count ? ranges_last(&t->rcv.ooo)->to - (how >> 5) : nxt + 1;
	default: return nxt + (int32_t)feed_long(in);
	}
}

static uint64_t pick_ack(const struct tcb *t, struct span *in)
{
	uint8_t how = feed_byte(in);

	switch (how & 7) {
	case 0:
	case 1: return t->snd.una;
	case 2: return t->snd.nxt;
	case 3: return t->snd.una + feed_word(in);
	case 4: return t->snd.nxt + (how >> 3) - 16u;
	case 5: return t->snd.una - feed_word(in);
	case 6: return t->snd.count ? sendq_record(&t->snd, 0)->to : t->snd.una;
	default: return t->snd.una + (int32_t)feed_long(in);
	}
}

static uint64_t pick_sack(const struct tcb *t, struct span *in)
{
	uint8_t how = feed_byte(in);
	const struct sendq *q = &t->snd;

	if (how < 100 && q->count)
		return sendq_record(q, how % q->count)->from;
	if (how < 200)
		return q->una + feed_word(in) % 32768;
	return how < 240 ? q->nxt - (how - 200u) : feed_long(in);
}

static void pick_options(struct segment *seg, const struct tcb *t, struct span *in)
{
	uint8_t what = feed_byte(in);

	seg->sack_count = what % 5;
	if ((what & 0x60) == 0)
		seg->sack_count = 0;
	for (unsigned i = 0; i < seg->sack_count; i++) {
		seg->sack[i].from = (uint32_t)pick_sack(t, in);
		seg->sack[i].to = what & 0x80 ? (uint32_t)pick_sack(t, in)
					      : seg->sack[i].from + 1 + feed_word(in) % 4096;
	}
	if (!t->ts_ok && !(what & 0x10))
		return;
	seg->options = SEG_OPT_TS;
	seg->ts_val = t->ts_recent + (what & 0x18 ? (what & 0x18) / 8u - 1 : 0);
	seg->ts_ecr = t->ts_val - feed_byte(in);
	if (what == 0xff)
		seg->options = 0;
}

static uint16_t pick_flags(struct span *in)
{
	uint8_t how = feed_byte(in);

	if (how < 180)
		return SEG_ACK;
	if (how < 200)
		return SEG_ACK | SEG_FIN;
	if (how < 204)
		return SEG_ACK | SEG_RST;
	return how < 215 ? SEG_ACK | SEG_SYN : feed_word(in) & 0x1ff;
}

/* Any segment at all; its bytes are those that the peer's stream has at that place. */
static void event_segment(struct check *c, struct span *in)
{
	static uint8_t text[TEXT_MAX];
	struct segment seg = {0};
	uint8_t shape = feed_byte(in);
	uint64_t pos = pick_seq(&c->t, in);
	size_t len = shape & 1 ? feed_word(in) % TEXT_MAX : 0;
	uint8_t *copy;

	seg.flags = pick_flags(in);
	seg.seq = (uint32_t)pos;
	seg.ack = (uint32_t)pick_ack(&c->t, in);
	seg.wnd = shape & 2 ? feed_word(in) : wnd_table[shape >> 5];
	pick_options(&seg, &c->t, in);
	seg.truncated = shape == 0x1f;
	for (size_t i = 0; i < len; i++)
		text[i] = check_byte(pos + i);
	copy = exact_copy(span_of(text, len));
	seg.payload[0] = span_of(copy, len);
	check_input(c, &seg);
	free(copy);
}

/* The peer has got everything, and sends the next @len bytes. */
static void event_honest(struct check *c, size_t len, bool fin)
{
	static uint8_t text[TEXT_MAX];
	struct tcb *t = &c->t;
	uint64_t pos = recvq_ack(&t->rcv);
	struct segment seg = {.flags = SEG_ACK | (fin ? SEG_FIN : 0), .wnd = 65535};

	if (pos + len + fin > t->rcv_edge)
		len = t->rcv_edge > pos + fin ? t->rcv_edge - pos - fin : 0;
	for (size_t i = 0; i < len; i++)
		text[i] = check_byte(pos + i);
	seg.seq = (uint32_t)pos;
	seg.ack = (uint32_t)t->snd.nxt;
	seg.options = t->ts_ok ? SEG_OPT_TS : 0;
	seg.ts_val = t->ts_recent;
	seg.ts_ecr = t->ts_val;
	seg.payload[0] = span_of(text, len);
	check_input(c, &seg);
}

/* ---- time ---- */

static void event_time(struct check *c, struct span *in)
{
	uint8_t how = feed_byte(in);
	usec_t at = usec_max(tcb_deadline(&c->t), c->now); /* 0 where something is due already */

	if (how < 100 && at != USEC_NEVER) {
		c->now = at;
	} else if (how < 140 && at != USEC_NEVER && at - 1 > c->now) {
		struct segment seg;

		c->now = at - 1;
		held(!tcb_output(&c->t, c->now, &seg), "output before the deadline");
	} else if (how < 180) {
		c->now += feed_word(in);
	} else {
		c->now += how < 250 ? feed_word(in) * USEC_MSEC : feed_word(in) * USEC_SEC * 10;
	}
}

/* ---- one event ---- */

static void event(struct check *c, struct span *in)
{
	uint8_t what = feed_byte(in);

	if (what < 120)
		event_segment(c, in);
	else if (what < 140)
		event_honest(c, feed_word(in) % TEXT_MAX, what == 139);
	else if (what < 180)
		check_write(c, feed_word(in));
	else if (what < 200)
		check_read(c, feed_word(in));
	else if (what < 240)
		event_time(c, in);
	else if (what < 245)
		tcb_note_ts(&c->t, c->t.ts_val + feed_byte(in) - 8u);
	else if (what < 248)
		tcb_set_mss(&c->t, feed_word(in) % 1500, c->now);
	else if (what < 251)
		tcb_finish(&c->t);
	else if (what < 253)
		tcb_probe(&c->t);
	else if (what == 255)
		tcb_abort(&c->t, FAULT_ADMIN);
}

/* Nobody answers any more: what goes on by time alone must come to an end. */
static void let_time_pass(struct check *c)
{
	unsigned steps = 0;
	usec_t at;

	while ((at = tcb_deadline(&c->t)) != USEC_NEVER) {
		held(steps++ < QUIET_STEPS, "timers never come to rest, state %s",
			tcb_state_name(c->t.state));
		c->now = at;
		check_drain(c);
		check_state(c);
	}
	held(tcb_idle(&c->t), "something waits for ever");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct check c;
	struct span in = span_of(data, size);
	struct tcb_params p = params_of(&in, &c.budget);

	check_init(&c, &p);
	for (int i = 0; in.len && i < STEPS; i++) {
		bool pause = feed_byte(&in) < 32; /* the caller does not ask at once */

		event(&c, &in);
		if (pause)
			continue;
		check_drain(&c);
		check_state(&c);
	}
	check_drain(&c);
	check_state(&c);
	let_time_pass(&c);
	check_fini(&c);
	return 0;
}
