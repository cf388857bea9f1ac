/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tombstone.c - what is left of a flow that has ended, to answer whatever arrives late */
#include "gateway/flow/tombstone.h"

#include <stdlib.h>

#define ANSWER_GAP (500 * USEC_MSEC)

bool tombstones_init(struct tombstones *t, size_t limit)
{
	*t = (struct tombstones){.limit = limit};
	list_init(&t->by_age);
	return index_init(&t->by_key[SIDE_PLAIN], limit) &&
	       index_init(&t->by_key[SIDE_WIRE], limit);
}

static struct tombstone *oldest(const struct tombstones *t)
{
	return list_empty(&t->by_age) ? NULL : list_entry(t->by_age.next, struct tombstone, by_age);
}

void tombstones_fini(struct tombstones *t)
{
	if (t->limit)
		tombstones_expire(t, USEC_NEVER);
	index_fini(&t->by_key[SIDE_PLAIN]);
	index_fini(&t->by_key[SIDE_WIRE]);
}

static struct list *bucket(const struct tombstones *t, enum side side, const struct tuple *key)
{
	return index_bucket(&t->by_key[side], span_of(key, sizeof(*key)));
}

struct tombstone *tombstone_find(
	const struct tombstones *t, enum side side, const struct tuple *key)
{
	const struct list *head = bucket(t, side, key);

	list_each (node, head) {
		struct tombstone *stone = list_entry(node - side, struct tombstone, by_key);

		if (tuple_equal(&stone->key[side], key))
			return stone;
	}
	return NULL;
}

void tombstone_remove(struct tombstones *t, struct tombstone *stone)
{
	list_remove(&stone->by_key[SIDE_PLAIN]);
	list_remove(&stone->by_key[SIDE_WIRE]);
	list_remove(&stone->by_age);
	snapshot_put(stone->snapshot);
	free(stone);
	t->count--;
}

static struct tombstone_leg remains(const struct flow *f, enum side side)
{
	const struct tcb *tcb = &f->leg[side].tcb;

	return (struct tombstone_leg){
		.snd_nxt = (uint32_t)tcb->snd.nxt,
		.rcv_nxt = (uint32_t)recvq_ack(&tcb->rcv),
		.ts_val = tcb->ts_val,
		.ts_recent = tcb->ts_recent,
		.ttl = f->hello[side_peer(side)].ttl,
		.ts_ok = tcb->ts_ok,
		.time_wait = tcb->state == TCPS_TIME_WAIT,
	};
}

void tombstone_set(struct tombstones *t, const struct flow *f, usec_t now)
{
	struct tombstone *stone = malloc(sizeof(*stone));

	if (!stone)
		return;
	if (t->count == t->limit)
		tombstone_remove(t, oldest(t));
	*stone = (struct tombstone){
		.key = {f->key[SIDE_PLAIN], f->key[SIDE_WIRE]},
		.leg = {remains(f, SIDE_PLAIN), remains(f, SIDE_WIRE)},
		.snapshot = snapshot_get(f->snapshot),
		.expires = now + TOMBSTONE_LIFE,
		.quiet_until = now,
	};
	for (enum side side = SIDE_PLAIN; side < SIDES; side++)
		list_append(bucket(t, side, &stone->key[side]), &stone->by_key[side]);
	list_append(&t->by_age, &stone->by_age);
	t->count++;
}

/* RFC 9293 3.10.7.1 */
static bool answer_reset(const struct segment *seg, struct segment *answer)
{
	if (seg->flags & SEG_RST || !(seg->flags & SEG_ACK))
		return false;
	answer->flags = SEG_RST;
	answer->seq = seg->ack;
	return true;
}

static void live_on(struct tombstones *t, struct tombstone *stone, usec_t now)
{
	stone->expires = now + TOMBSTONE_LIFE;
	list_remove(&stone->by_age);
	list_append(&t->by_age, &stone->by_age);
}

/* RFC 9293 3.10.7.4 in TIME-WAIT; a RST is not believed there (RFC 1337 3). */
static bool answer_time_wait(struct tombstones *t, struct tombstone *stone,
	const struct tombstone_leg *leg, const struct segment *seg, usec_t now,
	struct segment *answer)
{
	bool expected = seg->seq == leg->rcv_nxt && segment_len(seg) == 0;

	if (seg->flags & SEG_RST || expected)
		return false;
	if (segment_len(seg) == 0 && now < stone->quiet_until)
		return false;
	if (seg->flags & SEG_FIN)
		live_on(t, stone, now);
	stone->quiet_until = now + ANSWER_GAP;
	answer->flags = SEG_ACK;
	answer->seq = leg->snd_nxt;
	answer->ack = leg->rcv_nxt;
	if (leg->ts_ok) {
		answer->options = SEG_OPT_TS;
		answer->ts_val = leg->ts_val;
		answer->ts_ecr = leg->ts_recent;
	}
	return true;
}

bool tombstone_answer(struct tombstones *t, struct tombstone *stone, enum side side,
	const struct segment *seg, usec_t now, struct segment *answer)
{
	const struct tombstone_leg *leg = &stone->leg[side];
	/* the tuple before this host's DNAT on both sides: conntrack translates what we inject */
	const struct tuple *key = &stone->key[SIDE_PLAIN];

	*answer = (struct segment){
		.src = side == SIDE_PLAIN ? key->remote : key->local,
		.dst = side == SIDE_PLAIN ? key->local : key->remote,
		.ttl = leg->ttl,
	};
	if (leg->time_wait)
		return answer_time_wait(t, stone, leg, seg, now, answer);
	return answer_reset(seg, answer);
}

usec_t tombstones_next(const struct tombstones *t)
{
	const struct tombstone *first = oldest(t);

	return first ? first->expires : USEC_NEVER;
}

void tombstones_expire(struct tombstones *t, usec_t now)
{
	list_each_safe (node, &t->by_age) {
		struct tombstone *stone = list_entry(node, struct tombstone, by_age);

		if (stone->expires > now)
			return;
		tombstone_remove(t, stone);
	}
}
