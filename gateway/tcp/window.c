/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * window.c - the window we offer, and how large the two buffers of an endpoint may grow
 *
 * Both buffers begin small and grow with what the path turns out to carry. The receive buffer is
 * sized by what was drained in one round trip (dynamic right-sizing): that is what went on to the
 * other leg, so an endpoint that nobody reads from never gets a large window. The outbox is sized
 * by what may be under way, twice: one part in flight, one waiting. Short memory ends the growth
 * and then takes the windows back to where they began, as the buffers drain.
 */
#include "gateway/tcp/internal.h"

/* What the ring could hold if the budget were all ours. */
static size_t storage_bound(const struct ring *r)
{
	size_t size = r->size, next = size ? 2 * size : 4096, left;

	if (!r->budget)
		return r->limit;
	left = r->budget->limit > r->budget->used ? r->budget->limit - r->budget->used : 0;
	for (; next <= r->limit && next - r->size <= left; next *= 2)
		size = next;
	return size;
}

/* More than @quarters of the common memory are in use. */
static bool is_short(const struct tcb *t, unsigned quarters)
{
	const struct budget *b = t->rcv.ring.budget;

	return b && b->used / quarters > b->limit / 4;
}

/* The least gain worth an advertisement (RFC 9293 3.8.6.2.2). */
static uint64_t least_gain(const struct tcb *t)
{
	uint64_t gain = seq_min(tcb_payload_mss(t), t->rcv_limit / 2);

	return seq_max(gain, 1u << t->rcv_wscale);
}

/* The right edge that could be promised now, before rounding. */
static uint64_t edge_possible(const struct tcb *t)
{
	size_t held = recvq_len(&t->rcv), unit = least_gain(t);
	size_t bound = seq_min(t->rcv_limit, storage_bound(&t->rcv.ring));
	uint64_t edge;

	/* nothing held is no reason to offer nothing: what finds no storage then is a loss */
	if (held == 0 && bound < unit)
		bound = unit;
	edge = t->rcv.nxt + (bound > held ? bound - held : 0);
	return seq_min(edge, recvq_ack(&t->rcv) + ((uint64_t)65535 << t->rcv_wscale));
}

bool window_update_due(const struct tcb *t)
{
	uint64_t ack = recvq_ack(&t->rcv), can = edge_possible(t);
	uint64_t left = t->rcv_edge > ack ? t->rcv_edge - ack : 0, want;

	if (can <= t->rcv_edge || recvq_fin_reached(&t->rcv))
		return false;
	/* who has sent nothing yet learns of our room with the first acknowledgment */
	if (t->rcv.nxt == t->irs + 1 && left >= tcb_payload_mss(t))
		return false;
	want = 2 * (uint64_t)tcb_payload_mss(t);
	if (left >= tcb_payload_mss(t))
		want = seq_max(want, t->rcv_limit / 4);
	want = seq_max(seq_min(want, t->rcv_limit / 2), least_gain(t));
	return can - t->rcv_edge >= want;
}

uint16_t window_offer(struct tcb *t)
{
	uint64_t ack = recvq_ack(&t->rcv), can = edge_possible(t), unit = 1u << t->rcv_wscale;
	uint64_t hard = t->rcv.nxt + t->rcv_most + unit - recvq_len(&t->rcv);
	uint64_t left = t->rcv_edge > ack ? t->rcv_edge - ack : 0, units;

	units = (left + unit - 1) / unit;
	if (can >= t->rcv_edge + least_gain(t))
		units = seq_max(units, (can - ack) / unit);
	else if (ack + units * unit > hard)
		units = left / unit;
	units = seq_min(units, 65535);
	t->rcv_edge = seq_max(t->rcv_edge, ack + units * unit);
	return (uint16_t)units;
}

static void begin_small(struct tcb *t)
{
	uint64_t least = seq_max(TCB_BUFFER_START, (uint64_t)2 << t->rcv_wscale);

	t->rcv_limit = seq_min(t->rcv_most, least);
	t->tuning.most = seq_min(10 * (uint64_t)tcb_payload_mss(t), TCB_BUFFER_START / 2);
}

static void tune_sender(struct tcb *t)
{
	uint64_t flight = is_short(t, 3) ? 0 : seq_min(t->cc.cubic.cwnd, t->snd_wnd_max);

	ring_set_bound(&t->snd.ring, seq_max(2 * flight, TCB_BUFFER_START));
}

void window_init(struct tcb *t, usec_t now)
{
	begin_small(t);
	tune_sender(t);
	t->tuning.read = t->tuning.seen = t->rcv.nxt;
	t->tuning.read_at = now;
}

void window_measure(struct tcb *t, usec_t now)
{
	struct tuning *m = &t->tuning;
	usec_t sample = usec_max(now - m->round_at, 1);

	if (t->rcv.nxt < m->round_end)
		return;
	if (m->round_end && (m->round_trip == 0 || sample < m->round_trip))
		m->round_trip = sample;
	m->round_end = seq_max(t->rcv_edge, t->rcv.nxt + 1);
	m->round_at = now;
}

/* The round trip, by our own data if there was any, or by how long one window took to arrive. */
static usec_t round_trip(const struct tcb *t)
{
	usec_t sent = t->rtt.min, received = t->tuning.round_trip;

	return sent && (received == 0 || sent < received) ? sent : received;
}

/*
 * Room for twice what came, since what follows it is on its way when this is measured; up to twice
 * that where it came faster than before: slow start doubles.
 */
static void grow(struct tcb *t, uint64_t drained)
{
	uint64_t limit = 2 * drained + 16 * (uint64_t)tcb_payload_mss(t);

	limit += seq_min(limit * (drained - t->tuning.most) / t->tuning.most, limit);
	t->tuning.most = drained;
	t->rcv_limit = seq_max(t->rcv_limit, seq_min(limit, t->rcv_most));
}

static void tune_receiver(struct tcb *t, usec_t now)
{
	struct tuning *m = &t->tuning;
	uint64_t read = t->rcv.nxt - recvq_len(&t->rcv), drained = read - m->read;
	usec_t rtt = round_trip(t);

	if (is_short(t, 3))
		begin_small(t);
	/* judged when something is read, so that no passing of time makes an update due */
	if (read == m->seen)
		return;
	m->seen = read;
	if (rtt == 0 || now - m->read_at < rtt)
		return;
	m->read = read;
	m->read_at = now;
	if (drained > m->most && !is_short(t, 2))
		grow(t, drained);
}

void window_tune(struct tcb *t, usec_t now)
{
	if (t->state == TCPS_CLOSED)
		return;
	tune_receiver(t, now);
	tune_sender(t);
}
