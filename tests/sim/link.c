/* SPDX-License-Identifier: GPL-3.0-or-later */
/* link.c - one direction of an impaired path in virtual time */
#include "link.h"

#include <stdlib.h>

enum { HEADERS = 60, MERGE_MAX = 65000 };

void link_init(struct link *l, const struct link_params *p)
{
	*l = (struct link){.p = *p};
	list_init(&l->packets);
}

static void packet_free(struct packet *p)
{
	list_remove(&p->node);
	free(p);
}

void link_fini(struct link *l)
{
	list_each_safe (node, &l->packets)
		packet_free(list_entry(node, struct packet, node));
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
	list_init(&p->node);
	return p;
}

/* Put @p where its arrival belongs; equal times keep the order of sending. */
static void enqueue(struct link *l, struct packet *p)
{
	struct list *after = l->packets.prev;

	while (after != &l->packets && list_entry(after, struct packet, node)->at > p->at)
		after = after->prev;
	list_append(after->next, &p->node);
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
	if (list_empty(&l->packets))
		return USEC_NEVER;
	return list_entry(l->packets.next, struct packet, node)->at;
}

static bool mergeable(const struct segment *a, const struct segment *b)
{
	size_t len = a->payload[0].len;

	return len && b->payload[0].len && a->flags == SEG_ACK &&
	       (b->flags & ~(SEG_PSH | SEG_FIN)) == SEG_ACK && b->seq == a->seq + (uint32_t)len &&
	       a->ack == b->ack && a->ts_val == b->ts_val && a->ts_ecr == b->ts_ecr &&
	       a->wnd == b->wnd && len + b->payload[0].len <= MERGE_MAX;
}

static struct packet *merged(struct packet *a, struct packet *b)
{
	size_t n = a->seg.payload[0].len, m = b->seg.payload[0].len;
	struct packet *p = realloc(a, sizeof(*p) + n + m);

	if (!p)
		abort();
	memcpy(p->data + n, b->data, m);
	p->seg.payload[0] = span_of(p->data, n + m);
	p->seg.flags = b->seg.flags;
	packet_free(b);
	return p;
}

struct packet *link_receive(struct link *l, usec_t now, struct rng *rng)
{
	struct packet *p, *next;

	if (link_next(l) > now)
		return NULL;
	p = list_entry(l->packets.next, struct packet, node);
	list_remove(&p->node);
	while (link_next(l) <= now && rng_chance(rng, l->p.merge)) {
		next = list_entry(l->packets.next, struct packet, node);
		if (!mergeable(&p->seg, &next->seg))
			break;
		p = merged(p, next);
	}
	return p;
}
