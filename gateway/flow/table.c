/* SPDX-License-Identifier: GPL-3.0-or-later */
/* table.c - all flows of one worker, found by the addresses of a packet */
#include "gateway/flow/table.h"

bool table_init(struct table *t, size_t limit)
{
	*t = (struct table){.limit = limit};
	list_init(&t->flows);
	list_init(&t->dead);
	list_init(&t->young);
	if (index_init(&t->by_key[SIDE_PLAIN], limit) && index_init(&t->by_key[SIDE_WIRE], limit) &&
		index_init(&t->by_local, limit))
		return true;
	table_fini(t);
	return false;
}

void table_fini(struct table *t)
{
	list_each_safe (node, &t->flows)
		table_remove(t, list_entry(node, struct flow, by_state));
	table_reap(t);
	index_fini(&t->by_key[SIDE_PLAIN]);
	index_fini(&t->by_key[SIDE_WIRE]);
	index_fini(&t->by_local);
	deadlines_fini(&t->deadlines);
}

static struct list *key_bucket(const struct table *t, enum side side, const struct tuple *key)
{
	return index_bucket(&t->by_key[side], span_of(key, sizeof(*key)));
}

static struct list *local_bucket(const struct table *t, const struct endpoint *local)
{
	return index_bucket(&t->by_local, span_of(local, sizeof(*local)));
}

struct flow *table_find(const struct table *t, enum side side, const struct tuple *key)
{
	const struct list *head = key_bucket(t, side, key);

	list_each (node, head) {
		struct flow *f = list_entry(node - side, struct flow, by_key);

		if (tuple_equal(&f->key[side], key))
			return f;
	}
	return NULL;
}

struct flow *table_find_opening(const struct table *t, const struct endpoint *local, uint32_t ack)
{
	const struct list *head = local_bucket(t, local);

	list_each (node, head) {
		struct flow *f = list_entry(node, struct flow, by_local);

		if (f->state == FLOW_OPENING && f->hello[SIDE_PLAIN].isn + 1 == ack &&
			memcmp(&f->key[SIDE_PLAIN].local, local, sizeof(*local)) == 0)
			return f;
	}
	return NULL;
}

bool table_add(struct table *t, struct flow *f)
{
	if (t->count >= t->limit || !deadlines_set(&t->deadlines, f, flow_deadline(f)))
		return false;
	for (enum side side = SIDE_PLAIN; side < SIDES; side++)
		list_append(key_bucket(t, side, &f->key[side]), &f->by_key[side]);
	if (f->direction == DIRECTION_OUTBOUND)
		list_append(local_bucket(t, &f->key[SIDE_PLAIN].local), &f->by_local);
	list_append(&t->flows, &f->by_state);
	list_append(&t->young, &f->by_age);
	f->in_table = true;
	t->count++;
	return true;
}

void table_grown(struct flow *f)
{
	list_remove(&f->by_age);
}

struct flow *table_oldest_young(const struct table *t)
{
	return list_empty(&t->young) ? NULL : list_entry(t->young.next, struct flow, by_age);
}

void table_rekey(struct table *t, struct flow *f, const struct tuple *key)
{
	list_remove(&f->by_key[SIDE_WIRE]);
	f->key[SIDE_WIRE] = *key;
	list_append(key_bucket(t, SIDE_WIRE, key), &f->by_key[SIDE_WIRE]);
}

void table_remove(struct table *t, struct flow *f)
{
	if (!f->in_table)
		return;
	f->in_table = false;
	list_remove(&f->dirty);
	list_remove(&f->by_key[SIDE_PLAIN]);
	list_remove(&f->by_key[SIDE_WIRE]);
	list_remove(&f->by_local);
	list_remove(&f->by_age);
	list_remove(&f->by_state);
	deadlines_set(&t->deadlines, f, USEC_NEVER);
	list_append(&t->dead, &f->by_state);
	flow_set_state(f, FLOW_DEAD);
	t->count--;
}

void table_reap(struct table *t)
{
	list_each_safe (node, &t->dead) {
		struct flow *f = list_entry(node, struct flow, by_state);

		list_remove(&f->by_state);
		flow_free(f);
	}
}
