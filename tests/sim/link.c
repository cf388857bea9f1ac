/* SPDX-License-Identifier: GPL-3.0-or-later */
/* link.c - one direction of an impaired path in virtual time */
#include "link.h"

#include <stdlib.h>

enum { HEADERS = 60, MERGE_MAX = 65000 };

void link_init(struct link *l, const struct link_params *p)
{
	*l = (struct link){.p = *p};
}

static struct packet *pop(struct link *l)
{
	struct packet *p = l->first;

	l->first = p->next;
	if (!l->first)
		l->last = NULL;
	return p;
}

void link_fini(struct link *l)
{
	while (l->first)
		free(pop(l));
}

static struct packet *packet_new(const struct segment *seg, const uint8_t *data, size_t len)
{
	struct packet *p = malloc(sizeof(*p) + len);

	if (!p)
		abort();
	p->seg = *seg;
	if (len)
		memcpy(p->data, data, len);
	p->seg.payload[0] = span_of(p->data, len);
	p->seg.payload[1] = span_none();
	p->seg.gso_size = 0;
	p->next = NULL;
	return p;
}

/* Put @p where its arrival belongs; equal times keep the order of sending. */
static void enqueue(struct link *l, struct packet *p)
{
	struct packet **at = &l->first;

	if (l->last && l->last->at <= p->at)
		at = &l->last->next;
	while (*at && (*at)->at <= p->at)
		at = &(*at)->next;
	p->next = *at;
	*at = p;
	if (!p->next)
		l->last = p;
}

static bool is_lost(struct link *l, size_t len, usec_t now, struct rng *rng)
{
	unsigned loss = l->p.loss + (len ? 0 : l->p.ack_loss);

	if (now >= l->p.dark_from && now < l->p.dark_to)
		return true;
	if (l->p.mtu && now >= l->p.mtu_from && len > l->p.mtu) {
		l->too_big = true;
		return true;
	}
	if (l->p.rate && l->busy_until - now > l->p.queue)
		return true;
	if (!rng_chance(rng, loss) || l->lost_in_row >= l->p.mercy) {
		l->lost_in_row = 0;
		return false;
	}
	l->lost_in_row++;
	return true;
}

static usec_t arrival(struct link *l, size_t len, usec_t now, struct rng *rng)
{
	usec_t at = usec_max(now, l->busy_until);

	if (l->p.rate)
		at += (usec_t)((len + HEADERS) * USEC_SEC / l->p.rate);
	l->busy_until = at;
	at += l->p.delay;
	if (l->p.jitter)
		at += (usec_t)rng_in(rng, 0, (uint64_t)l->p.jitter);
	if (l->p.reorder && rng_chance(rng, l->p.reorder))
		return at + (usec_t)rng_in(rng, 0, (uint64_t)l->p.reorder_delay);
	at = usec_max(at, l->newest);
	l->newest = at;
	return at;
}

static void send_one(
	struct link *l, const struct segment *seg, struct span data, usec_t now, struct rng *rng)
{
	unsigned copies = rng_chance(rng, l->p.duplicate) ? 2 : 1;

	l->sent++;
	if (is_lost(l, data.len, now, rng)) {
		l->lost++;
		return;
	}
	while (copies--) {
		struct packet *p = packet_new(seg, data.ptr, data.len);

		p->at = arrival(l, data.len, now, rng);
		enqueue(l, p);
	}
}

void link_send(struct link *l, const struct segment *seg, usec_t now, struct rng *rng)
{
	uint8_t data[65536];
	size_t len = segment_payload_len(seg), at = 0;
	size_t step = seg->gso_size && !l->p.whole ? seg->gso_size : sizeof(data);

	if (seg->payload[0].len)
		memcpy(data, seg->payload[0].ptr, seg->payload[0].len);
	if (seg->payload[1].len)
		memcpy(data + seg->payload[0].len, seg->payload[1].ptr, seg->payload[1].len);
	do {
		struct segment part = *seg;
		size_t n = len - at < step ? len - at : step;

		part.seq = seg->seq + (uint32_t)at;
		if (at + n < len)
			part.flags &= (uint16_t) ~(SEG_FIN | SEG_PSH);
		send_one(l, &part, span_of(data + at, n), now, rng);
		at += n;
	} while (at < len);
}

usec_t link_next(const struct link *l)
{
	return l->first ? l->first->at : USEC_NEVER;
}

static bool mergeable(const struct segment *a, const struct segment *b)
{
	size_t len = a->payload[0].len;

	return len && b->payload[0].len && a->flags == SEG_ACK &&
	       (b->flags & ~(SEG_PSH | SEG_FIN)) == SEG_ACK && b->seq == a->seq + (uint32_t)len &&
	       a->ack == b->ack && a->ts_val == b->ts_val && a->ts_ecr == b->ts_ecr &&
	       a->wnd == b->wnd && len + b->payload[0].len <= MERGE_MAX;
}

/* One packet of two; both are consumed. */
static struct packet *merged(struct packet *a, struct packet *b)
{
	size_t n = a->seg.payload[0].len, m = b->seg.payload[0].len;
	uint8_t data[65536];
	struct packet *p;

	memcpy(data, a->data, n);
	memcpy(data + n, b->data, m);
	p = packet_new(&a->seg, data, n + m);
	p->seg.flags = b->seg.flags;
	free(a);
	free(b);
	return p;
}

struct packet *link_receive(struct link *l, usec_t now, struct rng *rng)
{
	struct packet *p;

	if (link_next(l) > now)
		return NULL;
	p = pop(l);
	while (link_next(l) <= now && rng_chance(rng, l->p.merge)) {
		if (!mergeable(&p->seg, &l->first->seg))
			break;
		p = merged(p, pop(l));
	}
	return p;
}
