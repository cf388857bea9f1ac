/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * forge.c - somebody off the path, who guesses numbers
 *
 * None of it may change anything (RFC 5961): no reset, no byte, no acknowledgment taken. What
 * the streams carry is compared anyway, so it is enough to let it arrive.
 */
#include "forge.h"

#include "gateway/tcp/internal.h"
#include "text.h"

/* The numbers that a reset must not have by luck. */
static bool is_exact(const struct tcb *t, uint32_t seq)
{
	const struct range *last = ranges_last(&t->rcv.ooo);
	uint32_t ack = (uint32_t)recvq_ack(&t->rcv);

	return seq == ack || seq == ack - 1 || (last && (uint32_t)last->to == seq);
}

/* An acknowledgment of what was never sent, or of what was long ago. */
static void forge_ack(const struct tcb *t, struct rng *r, struct segment *seg)
{
	seg->flags = SEG_ACK;
	seg->ack = (uint32_t)(t->snd.nxt + (uint64_t)rng_in(r, 1, 1 << 30));
}

/* Data far outside of the window. */
static void forge_data(const struct tcb *t, struct rng *r, struct segment *seg)
{
	seg->flags = SEG_ACK;
	seg->seq = (uint32_t)(t->rcv_edge + (uint64_t)rng_in(r, 1 << 20, 1 << 30));
	seg->payload[0] = text_at(99, 0, (size_t)rng_in(r, 1, 1400));
}

void forge(struct watch *to, struct rng *r, usec_t now)
{
	static const uint16_t flags[] = {SEG_RST, SEG_RST | SEG_ACK, SEG_SYN, SEG_SYN | SEG_ACK, 0,
		SEG_FIN | SEG_SYN, SEG_PSH, SEG_SYN | SEG_RST};
	const struct tcb *t = to->tcb;
	struct segment seg = {
		.src = to->dst,
		.dst = to->src,
		.flags = flags[rng_in(r, 0, 7)],
		.ack = (uint32_t)t->snd.una,
		.seq = (uint32_t)recvq_ack(&t->rcv) + (uint32_t)rng_in(r, 1, 65535),
	};

	if (rng_chance(r, 500))
		seg.seq = (uint32_t)rng_next(r);
	if (t->state == TCPS_CLOSED || is_exact(t, seg.seq))
		return;
	if (rng_chance(r, 300))
		forge_ack(t, r, &seg);
	else if (rng_chance(r, 300))
		forge_data(t, r, &seg);
	watch_input(to, &seg, now);
}
