/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lane.c - what happens to the packets of one direction of an impaired path */
#include "tests/impair/lane.h"

#include <stdlib.h>
#include <string.h>

enum { IP4_HEADER_MIN = 20, IP6_HEADER = 40, PROTOCOL_TCP = 6 };

/* A burst of losses does not outlive such a silence, or it would last for many time-outs. */
#define BURST_SILENCE ((int64_t)10000000)

void lane_init(struct lane *l, const struct lane_spec *spec, uint64_t seed, const char *canary)
{
	*l = (struct lane){.spec = *spec, .rng = rng_seed(seed), .canary = canary};
	list_init(&l->frames);
}

static struct frame *frame_first(const struct lane *l)
{
	return list_empty(&l->frames) ? NULL : list_entry(l->frames.next, struct frame, link);
}

void lane_fini(struct lane *l)
{
	list_each_safe (node, &l->frames)
		free(list_entry(node, struct frame, link));
}

static bool chance(struct lane *l, double probability)
{
	return probability > 0 && (double)(rng_next(&l->rng) >> 11) * 0x1p-53 < probability;
}

/* Anything from 0 to @most. */
static double part_of(struct lane *l, double most)
{
	return most > 0 ? most * ((double)(rng_next(&l->rng) >> 11) * 0x1p-53) : 0;
}

/* Where the TCP header starts; 0: not TCP. */
static size_t tcp_offset(const uint8_t *data, size_t len)
{
	if (len >= IP4_HEADER_MIN && data[0] >> 4 == 4)
		return data[9] == PROTOCOL_TCP ? (size_t)(data[0] & 15) * 4 : 0;
	if (len >= IP6_HEADER && data[0] >> 4 == 6)
		return data[6] == PROTOCOL_TCP ? IP6_HEADER : 0;
	return 0;
}

/*
 * Two states: all pass in the good one, none in the bad one. The chances to change between them
 * follow from the share of losses and the mean length of a burst.
 */
static bool is_lost(struct lane *l, int64_t now)
{
	double leave_bad;

	if (l->spec.burst <= 1)
		return chance(l, l->spec.loss);
	if (now - l->previous > BURST_SILENCE)
		l->bad = false;
	l->previous = now;
	leave_bad = 1 / l->spec.burst;
	if (l->bad)
		l->bad = !chance(l, leave_bad);
	else
		l->bad = chance(l, leave_bad * l->spec.loss / (1 - l->spec.loss));
	return l->bad;
}

/* The TCP checksum finds a single bit, wherever it is. */
static void corrupt(struct lane *l, uint8_t *data, size_t len, size_t from)
{
	uint64_t bit = (uint64_t)rng_in(&l->rng, (int64_t)from * 8, (int64_t)len * 8 - 1);

	data[bit / 8] ^= (uint8_t)(1 << bit % 8);
	l->stats.corrupted++;
}

/* Takes the packet into the queue of the link. Returns when it is sent, or LANE_NEVER. */
static int64_t link_send(struct lane *l, size_t len, int64_t now)
{
	double waiting;

	if (!(l->spec.rate > 0))
		return now;
	if (l->busy_until < now)
		l->busy_until = now;
	waiting = (double)(l->busy_until - now) * l->spec.rate / 1e9;
	if (l->spec.queue > 0 && waiting + (double)len > l->spec.queue) {
		l->stats.tail_drops++;
		return LANE_NEVER;
	}
	l->busy_until += (int64_t)((double)len * 1e9 / l->spec.rate);
	return l->busy_until;
}

static int64_t arrival(struct lane *l, int64_t sent, bool impaired)
{
	int64_t at = sent + (int64_t)(l->spec.delay + part_of(l, l->spec.jitter));

	if (impaired && chance(l, l->spec.reorder)) {
		l->stats.reordered++;
		return at + (int64_t)part_of(l, l->spec.reorder_delay);
	}
	if (at < l->newest)
		at = l->newest;
	l->newest = at;
	return at;
}

/* Most arrive last: look from the end. */
static void insert(struct lane *l, struct frame *f)
{
	struct list *at = l->frames.prev;

	while (at != &l->frames && list_entry(at, struct frame, link)->at > f->at)
		at = at->prev;
	list_append(at->next, &f->link);
	l->frame_count++;
}

static void enqueue(struct lane *l, const uint8_t *data, size_t len, int64_t at)
{
	struct frame *f = l->frame_count < LANE_FRAMES_MAX ? malloc(sizeof(*f) + len) : NULL;

	if (!f) {
		l->stats.overflow++;
		return;
	}
	f->at = at;
	f->len = len;
	memcpy(f->data, data, len);
	insert(l, f);
}

void lane_put(struct lane *l, uint8_t *data, size_t len, int64_t now)
{
	size_t tcp = tcp_offset(data, len);
	unsigned copies = 1;
	int64_t sent;

	l->stats.packets++;
	l->stats.bytes += len;
	if (l->canary && memmem(data, len, l->canary, strlen(l->canary)))
		l->stats.canaries++;
	if (tcp && is_lost(l, now)) {
		l->stats.lost++;
		return;
	}
	if (tcp && tcp < len && chance(l, l->spec.corrupt))
		corrupt(l, data, len, tcp);
	if (tcp && chance(l, l->spec.duplicate)) {
		l->stats.duplicated++;
		copies++;
	}
	while (copies--) {
		sent = link_send(l, len, now);
		if (sent != LANE_NEVER)
			enqueue(l, data, len, arrival(l, sent, tcp));
	}
}

int64_t lane_next(const struct lane *l)
{
	const struct frame *f = frame_first(l);

	return f ? f->at : LANE_NEVER;
}

struct frame *lane_take(struct lane *l, int64_t now)
{
	struct frame *f;

	if (lane_next(l) > now)
		return NULL;
	f = frame_first(l);
	list_remove(&f->link);
	l->frame_count--;
	l->stats.delivered++;
	l->stats.late_sum += (double)(now - f->at);
	if (now - f->at > l->stats.late_max)
		l->stats.late_max = now - f->at;
	return f;
}

void lane_report(const struct lane *l, FILE *out)
{
	const struct lane_stats *s = &l->stats;
	const struct {
		const char *name;
		uint64_t value;
	} counters[] = {
		{"packets", s->packets},
		{"bytes", s->bytes},
		{"delivered", s->delivered},
		{"lost", s->lost},
		{"duplicated", s->duplicated},
		{"reordered", s->reordered},
		{"corrupted", s->corrupted},
		{"tail_drops", s->tail_drops},
		{"overflow", s->overflow},
		{"canaries", s->canaries},
	};

	fputc('{', out);
	for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++)
		fprintf(out, "\"%s\": %llu, ", counters[i].name,
			(unsigned long long)counters[i].value);
	fprintf(out, "\"late_mean_us\": %.1f, \"late_max_us\": %.1f}",
		s->delivered ? s->late_sum / (double)s->delivered / 1e3 : 0.0,
		(double)s->late_max / 1e3);
}
