/* SPDX-License-Identifier: GPL-3.0-or-later */
/* link.c - one direction of an impaired path in virtual time */
#include "link.h"

#include <stdlib.h>

#include "report.h"
#include "rng.h"

/* R2 is some nine attempts: no more of them may fail by chance, and bad times come to an end. */
enum { HEADERS = 60, MERGE_MAX = 65000, MERCY = 2, ROLLS = 16 };

#define BURSTS_UNTIL (10 * USEC_SEC)

/* What may happen to a packet, each from a roll of its own. */
enum roll {
	ROLL_LOSS,
	ROLL_DUPLICATE,
	ROLL_JITTER,
	ROLL_REORDER,
	ROLL_REORDER_DELAY,
	ROLL_CORRUPT,
	ROLL_BIT,
	ROLL_SPLIT,
	ROLL_SPLIT_AT,
	ROLL_MERGE,
	ROLL_TURN,
};

static struct packet *unused; /* packets are many, and short-lived */

static struct packet *packet_new(const struct segment *seg)
{
	struct packet *p = unused;

	if (p)
		unused = p->next;
	else
		p = malloc(sizeof(*p));
	if (!p)
		abort();
	p->seg = *seg;
	p->seg.gso_size = 0;
	p->next = NULL;
	return p;
}

void link_done(struct packet *p)
{
	p->next = unused;
	unused = p;
}

void link_init(struct link *l, const struct link_params *p, uint64_t seed)
{
	*l = (struct link){.p = p, .seed = seed, .bad = true};
}

/* The next to arrive, which is still inside. */
static struct packet **head(struct link *l)
{
	bool is_late = l->late && (!l->first || l->late->at < l->first->at);

	return is_late ? &l->late : &l->first;
}

static struct packet *pop(struct link *l)
{
	struct packet **at = head(l), *p = *at;

	if (!p)
		return NULL;
	*at = p->next;
	if (!l->first)
		l->last = NULL;
	return p;
}

void link_fini(struct link *l)
{
	struct packet *p;

	while ((p = pop(l)))
		link_done(p);
}

static uint64_t roll(const struct link *l, enum roll what, uint64_t n)
{
	return dice(l->seed, n * ROLLS + what);
}

/* Whether chance strikes the packet that is being sent. */
static bool strikes(const struct link *l, enum roll what, int64_t permille)
{
	if (!permille || (int64_t)l->sent < l->p->first || (int64_t)l->sent >= l->p->last)
		return false;
	return dice_in(roll(l, what, l->sent), 0, 999) < permille;
}

static void append(struct link *l, struct packet *p)
{
	if (l->last)
		l->last->next = p;
	else
		l->first = p;
	l->last = p;
}

/* Equal times keep the order of sending. */
static void insert_late(struct link *l, struct packet *p)
{
	struct packet **at = &l->late;

	while (*at && (*at)->at <= p->at)
		at = &(*at)->next;
	p->next = *at;
	*at = p;
}

/* Gilbert-Elliott: good and bad times take turns, each of any length up to its bound. */
static bool is_bad_time(struct link *l, usec_t now)
{
	const struct link_params *p = l->p;

	if (!p->burst_loss || now >= BURSTS_UNTIL || p->burst_good < USEC_MSEC ||
		p->burst_bad < USEC_MSEC)
		return false;
	while (now >= l->turns) {
		l->bad = !l->bad;
		l->turns += dice_in(roll(l, ROLL_TURN, (uint64_t)l->turns), USEC_MSEC,
			l->bad ? p->burst_bad : p->burst_good);
	}
	return l->bad;
}

static bool is_lost_by_chance(struct link *l, size_t len, usec_t now)
{
	if (is_bad_time(l, now))
		return strikes(l, ROLL_LOSS, l->p->burst_loss);
	if (!strikes(l, ROLL_LOSS, l->p->loss + (len ? 0 : l->p->ack_loss)) ||
		l->lost_in_row >= MERCY) {
		l->lost_in_row = 0;
		return false;
	}
	l->lost_in_row++;
	return true;
}

static bool is_lost(struct link *l, size_t len, usec_t now)
{
	const struct link_params *p = l->p;

	if (now >= p->dark_from && now < p->dark_to)
		return true;
	if (p->mtu && now >= p->mtu_from && (int64_t)len > p->mtu) {
		l->too_big = !p->mtu_silent;
		return true;
	}
	if (p->rate && l->busy_until - now > p->queue)
		return true;
	return is_lost_by_chance(l, len, now);
}

/*
 * One bit of the TCP part changes on the way: whoever decodes it must notice. The packet itself
 * is then as good as lost.
 */
static bool is_corrupted(struct link *l, const struct segment *seg)
{
	static uint8_t bytes[SEGMENT_HEADER_MAX + 65536];
	size_t l3_len, len, bit;
	struct segment decoded;

	if (!strikes(l, ROLL_CORRUPT, l->p->corrupt))
		return false;
	len = segment_encode(seg, bytes, &l3_len);
	if (seg->payload[0].len)
		memcpy(bytes + len, seg->payload[0].ptr, seg->payload[0].len);
	len += seg->payload[0].len;
	segment_checksum(bytes, len);
	sim_check(segment_decode(&decoded, span_of(bytes, len), CHECKSUM_UNVERIFIED) == DROP_NONE,
		"a good packet is not decoded");
	bit = (size_t)dice_in(
		roll(l, ROLL_BIT, l->sent), (int64_t)l3_len * 8, (int64_t)len * 8 - 1);
	bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
	sim_check(segment_decode(&decoded, span_of(bytes, len), CHECKSUM_UNVERIFIED) != DROP_NONE,
		"bit %zu is wrong, and nobody notices", bit);
	return true;
}

/* The queue before the narrow place is long: mark instead of waiting until it is full. */
static void mark(const struct link *l, struct segment *seg, usec_t now)
{
	enum { ECT_1 = 1, ECT_0 = 2, CE = 3 };

	if (l->p->mark && l->busy_until - now > l->p->mark &&
		(seg->ecn == ECT_0 || seg->ecn == ECT_1))
		seg->ecn = CE;
}

/* When the narrow place is passed, and the length of the path. */
static usec_t arrival(struct link *l, size_t len, usec_t now)
{
	const struct link_params *p = l->p;
	usec_t at = usec_max(now, l->busy_until);

	if (p->rate)
		at += (usec_t)(len + HEADERS) * USEC_SEC / p->rate;
	l->busy_until = at;
	at += p->delay;
	if (p->jitter)
		at += dice_in(roll(l, ROLL_JITTER, l->sent), 0, p->jitter);
	return at;
}

static void enqueue(struct link *l, struct packet *p, usec_t at)
{
	if (strikes(l, ROLL_REORDER, l->p->reorder)) {
		p->at = at + dice_in(roll(l, ROLL_REORDER_DELAY, l->sent), 0, l->p->reorder_delay);
		insert_late(l, p);
	} else {
		l->newest = p->at = usec_max(at, l->newest);
		append(l, p);
	}
}

static void send_one(struct link *l, struct segment *seg, usec_t now)
{
	size_t len = seg->payload[0].len;
	unsigned copies;

	l->sent++;
	if (is_lost(l, len, now) || is_corrupted(l, seg))
		return;
	mark(l, seg, now);
	copies = strikes(l, ROLL_DUPLICATE, l->p->duplicate) ? 2 : 1;
	while (copies--)
		enqueue(l, packet_new(seg), arrival(l, len, now));
}

/* The part of @seg from @at on, @len bytes. */
static struct segment part_of(const struct segment *seg, size_t at, size_t len)
{
	struct segment part = *seg;

	part.seq = seg->seq + (uint32_t)at;
	part.payload[0] = span_head(span_skip(seg->payload[0], at), len);
	if (at + len < seg->payload[0].len)
		part.flags &= (uint16_t) ~(SEG_FIN | SEG_PSH);
	if (at > 0)
		part.flags &= (uint16_t)~SEG_CWR;
	return part;
}

static void send_part(struct link *l, const struct segment *seg, size_t at, size_t len, usec_t now)
{
	struct segment part = part_of(seg, at, len), half;
	size_t cut;

	if (len < 2 || !strikes(l, ROLL_SPLIT, l->p->split)) {
		send_one(l, &part, now);
		return;
	}
	cut = (size_t)dice_in(roll(l, ROLL_SPLIT_AT, l->sent), 1, (int64_t)len - 1);
	half = part_of(&part, 0, cut);
	send_one(l, &half, now);
	half = part_of(&part, cut, len - cut);
	send_one(l, &half, now);
}

void link_send(struct link *l, const struct segment *seg, usec_t now)
{
	size_t len = seg->payload[0].len, at = 0;
	size_t step = seg->gso_size && !l->p->whole ? seg->gso_size : 65536;

	do {
		size_t n = len - at < step ? len - at : step;

		send_part(l, seg, at, n, now);
		at += n;
	} while (at < len);
}

static bool mergeable(const struct segment *a, const struct segment *b)
{
	size_t len = a->payload[0].len;

	return len && b->payload[0].len && a->flags == SEG_ACK &&
	       (b->flags & ~(SEG_PSH | SEG_FIN)) == SEG_ACK && b->seq == a->seq + (uint32_t)len &&
	       a->ack == b->ack && a->ts_val == b->ts_val && a->ts_ecr == b->ts_ecr &&
	       a->wnd == b->wnd && a->ecn == b->ecn && len + b->payload[0].len <= MERGE_MAX;
}

struct packet *link_receive(struct link *l, usec_t now)
{
	struct packet *p = link_next(l) <= now ? pop(l) : NULL, *next;

	if (!p)
		return NULL;
	l->arrived++;
	while ((next = *head(l)) && link_next(l) <= now &&
		dice_in(roll(l, ROLL_MERGE, l->merged++), 0, 999) < l->p->merge) {
		if (!mergeable(&p->seg, &next->seg))
			break;
		pop(l);
		/* neighbours in the stream are neighbours in the text, or its copy */
		p->seg.payload[0].len += next->seg.payload[0].len;
		p->seg.flags = next->seg.flags;
		link_done(next);
	}
	return p;
}
