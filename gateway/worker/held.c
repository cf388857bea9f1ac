/* SPDX-License-Identifier: GPL-3.0-or-later */
/* held.c - SYNs that wait until it is known whose they are */
#include "gateway/worker/held.h"

#include "gateway/worker/decide.h"

#include <stdlib.h>

struct held {
	struct list node; /* of worker->held, in order of arrival */
	uint64_t id;
	usec_t until;
	uid_t uid;
	struct tuple key; /* its source and destination */
	uint32_t seq;
	struct packet packet; /* its bytes follow */
	uint8_t bytes[];
};

/* What follows from the path of the socket's group comes first: often that is enough. */
static unsigned first_of(unsigned wants)
{
	return wants & OWNER_OF_SOCKET ? wants & OWNER_OF_SOCKET : wants;
}

static struct inquiry *inquire(
	struct worker *w, const struct held *h, const struct socket_facts *facts, unsigned wants)
{
	struct inquiry *q = malloc(sizeof(*q));

	if (!q)
		return NULL;
	list_init(&q->node);
	q->worker = w;
	q->id = h->id;
	q->socket = *facts;
	q->wants = first_of(wants);
	q->asked = 0;
	q->until = h->until;
	q->late = false;
	q->owner = (struct owner){.known = OWNER_UID, .uid = facts->uid};
	q->cgroup[0] = '\0';
	return q;
}

static struct tuple key_of(const struct arrival *a)
{
	return (struct tuple){.local = a->seg.src, .remote = a->seg.dst};
}

bool held_already(const struct worker *w, const struct arrival *a)
{
	struct tuple key = key_of(a);

	list_each (node, &w->held) {
		const struct held *h = list_entry(node, struct held, node);

		if (h->seq == a->seg.seq && tuple_equal(&h->key, &key))
			return true;
	}
	return false;
}

bool held_add(struct worker *w, const struct packet *p, const struct arrival *a,
	const struct socket_facts *facts, unsigned wants, usec_t now)
{
	struct held *h = w->held_count < HELD_MAX ? malloc(sizeof(*h) + p->len) : NULL;
	struct inquiry *q;

	if (!h)
		return false;
	h->id = ++w->held_id;
	h->until = now + HELD_TIME;
	h->uid = facts->uid;
	h->key = key_of(a);
	h->seq = a->seg.seq;
	h->packet = *p;
	h->packet.bytes = h->bytes;
	memcpy(h->bytes, p->bytes, p->len);
	q = inquire(w, h, facts, wants);
	if (!q) {
		free(h);
		return false;
	}
	list_append(&w->held, &h->node);
	w->held_count++;
	lookup_ask(w->config->lookup, q);
	return true;
}

static void release(struct worker *w, struct held *h)
{
	list_remove(&h->node);
	w->held_count--;
	free(h);
}

static struct held *find(const struct worker *w, uint64_t id)
{
	list_each (node, &w->held) {
		struct held *h = list_entry(node, struct held, node);

		if (h->id == id)
			return h;
	}
	return NULL;
}

void held_answer(struct worker *w, struct inquiry *q, usec_t now)
{
	struct held *h = find(w, q->id);
	struct arrival a;
	unsigned wants = 0;

	if (h && decide_arrival(w, &h->packet, &a)) {
		a.owner = q->owner;
		wants = intake_wants_owner(&w->intake, &a) & ~q->asked;
		if (wants && !q->late) {
			q->wants = first_of(wants);
			lookup_ask(w->config->lookup, q);
			return;
		}
		w->counts[WORKER_OWNER_TIMEOUTS] += q->late;
		decide_held(w, &h->packet, &a, now);
	}
	if (h)
		release(w, h);
	free(q);
}

usec_t held_next(const struct worker *w)
{
	/* the first has waited longest */
	return list_empty(&w->held) ? USEC_NEVER
				    : list_entry(w->held.next, struct held, node)->until;
}

void held_expire(struct worker *w, usec_t now)
{
	struct arrival a;

	list_each_safe (node, &w->held) {
		struct held *h = list_entry(node, struct held, node);

		if (h->until > now)
			return;
		w->counts[WORKER_OWNER_TIMEOUTS]++;
		if (decide_arrival(w, &h->packet, &a)) {
			a.owner = (struct owner){.known = OWNER_UID, .uid = h->uid};
			decide_held(w, &h->packet, &a, now);
		}
		release(w, h);
	}
}

void held_free(struct worker *w)
{
	list_each_safe (node, &w->held)
		release(w, list_entry(node, struct held, node));
}
