/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * policy_index.c - the few rules that can take a connection, found without a look at the others
 *
 * Theory of operation. Each dimension (remote and local address, remote and local port, user, job)
 * is a line of keys that the ends of the rules' ranges cut into intervals; all keys of one interval
 * look the same to every rule. A job is a range of texts, for each fact about the owner: those that
 * begin as its pattern does. Each rule stands in the lists of one dimension only, in those of the
 * intervals that its ranges cover: in the dimension where the fullest of these has fewest rules.
 * A rule without conditions, or with ranges over more intervals than SPAN, stands in a list of its
 * own kind, the rest, that every search looks at.
 *
 * A search finds one interval in each dimension by bisection and merges the lists by place. Where a
 * fact about the owner is not known, every rule of that dimension might hold; therefore only rules
 * stand in those of user and job whose ends would put them into a list of more than SPAN.
 * Memory is at most SPAN places for each range.
 */
#include "rules/policy_index.h"

#include <stdlib.h>
#include <string.h>

#include "rules/reader.h"

enum { KEY_LEN = 17, SPAN = 64, USER = INDEX_ENDS, JOB, REST = INDEX_DIMENSIONS };

/*
 * Family and address, 0 and a port or a user, in network order, or fact and the beginning of a
 * text. Compares as memory.
 */
struct key {
	uint8_t bytes[KEY_LEN];
};

struct span_of_keys {
	struct key from;
	struct key end; /* the first one beyond */
};

struct dimension {
	struct key *cuts; /* interval i is from cuts[i] up to cuts[i + 1] */
	size_t cut_count;
	uint32_t *starts; /* the list of interval i is places[starts[i]] to [starts[i + 1]] */
	uint32_t *places;
	unsigned asks; /* facts about the owner that some rule of these lists asks for */
	uint32_t *all; /* where there are such: each rule of these lists once */
	size_t all_count;
};

struct policy_index {
	struct dimension dimensions[INDEX_DIMENSIONS];
	uint32_t *rest;
	size_t rest_count;
};

static struct key addr_key(const struct addr *a)
{
	struct key k;

	k.bytes[0] = a->family;
	memcpy(k.bytes + 1, a->bytes, sizeof(a->bytes));
	return k;
}

static struct key port_key(uint16_t port)
{
	return (struct key){{0, (uint8_t)(port >> 8), (uint8_t)port}};
}

/* The key after @k, whose last byte in use is at @last. The first byte never overflows. */
static struct key key_after(struct key k, size_t last)
{
	while (++k.bytes[last] == 0)
		last--;
	return k;
}

static int compare_keys(const void *a, const void *b)
{
	return memcmp(a, b, KEY_LEN);
}

static struct span_of_keys addr_span(const struct addr_range *r)
{
	return (struct span_of_keys){
		addr_key(&r->from), key_after(addr_key(&r->to), r->to.family == 4 ? 4 : 16)};
}

static struct span_of_keys port_span(const struct port_range *r)
{
	return (struct span_of_keys){port_key(r->from), key_after(port_key(r->to), 2)};
}

static struct key uid_key(uid_t uid)
{
	return (struct key){
		{0, (uint8_t)(uid >> 24), (uint8_t)(uid >> 16), (uint8_t)(uid >> 8), (uint8_t)uid}};
}

static struct span_of_keys uid_span(const struct uid_range *r)
{
	return (struct span_of_keys){uid_key(r->from), key_after(uid_key(r->to), 4)};
}

/* The first @len bytes of @text as far as they go, then @fill. */
static struct key text_key(enum owner_fact fact, const char *text, size_t len, int fill)
{
	struct key k = {{(uint8_t)fact}};

	memset(k.bytes + 1, fill, KEY_LEN - 1);
	memcpy(k.bytes + 1, text, len < KEY_LEN - 1 ? len : KEY_LEN - 1);
	return k;
}

/* Texts that begin like the pattern up to its first "*", if it has one. */
static struct span_of_keys job_span(const struct job *job)
{
	size_t len = strcspn(job->pattern, "*");
	int most = job->pattern[len] ? 0xff : 0;

	return (struct span_of_keys){text_key(job->fact, job->pattern, len, 0),
		key_after(text_key(job->fact, job->pattern, len, most), KEY_LEN - 1)};
}

static size_t range_count(const struct rule *r, size_t dimension)
{
	const size_t counts[INDEX_DIMENSIONS] = {r->remote_addr_count, r->local_addr_count,
		r->remote_port_count, r->local_port_count, r->uid_count, r->job_count};

	return counts[dimension];
}

static struct span_of_keys range_span(const struct rule *r, size_t dimension, size_t i)
{
	switch (dimension) {
	case 0: return addr_span(&r->remote_addrs[i]);
	case 1: return addr_span(&r->local_addrs[i]);
	case 2: return port_span(&r->remote_ports[i]);
	case 3: return port_span(&r->local_ports[i]);
	case USER: return uid_span(&r->uids[i]);
	default: return job_span(&r->jobs[i]);
	}
}

/* What @r asks about the owner in @dimension. */
static unsigned range_asks(const struct rule *r, size_t dimension)
{
	unsigned asks = dimension == USER ? OWNER_UID : 0;

	for (size_t i = 0; dimension == JOB && i < r->job_count; i++)
		asks |= r->jobs[i].fact;
	return asks;
}

static struct key tuple_key(const struct tuple *t, size_t dimension)
{
	switch (dimension) {
	case 0: return addr_key(&t->remote.addr);
	case 1: return addr_key(&t->local.addr);
	case 2: return port_key(t->remote.port);
	default: return port_key(t->local.port);
	}
}

/* The number of cuts up to and with @k: its interval, from 1; 0 before the first cut. */
static size_t cuts_up_to(const struct dimension *d, const struct key *k)
{
	size_t low = 0, high = d->cut_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_keys(&d->cuts[middle], k) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The intervals that @s covers: @from up to, not with, @end. Its ends are cuts. */
static void span_intervals(
	const struct dimension *d, const struct span_of_keys *s, size_t *from, size_t *end)
{
	*from = cuts_up_to(d, &s->from) - 1;
	*end = cuts_up_to(d, &s->end) - 1;
}

static void dimension_cut(
	struct dimension *d, size_t dimension, struct rule *const *rules, size_t count)
{
	size_t n = 0;

	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; j < range_count(rules[i], dimension); j++) {
			struct span_of_keys s = range_span(rules[i], dimension, j);

			d->cuts = reader_append(d->cuts, n, sizeof(*d->cuts));
			d->cuts[n++] = s.from;
			d->cuts = reader_append(d->cuts, n, sizeof(*d->cuts));
			d->cuts[n++] = s.end;
		}
	}
	if (n)
		qsort(d->cuts, n, sizeof(*d->cuts), compare_keys);
	for (size_t i = 0; i < n; i++) {
		if (i == 0 || compare_keys(&d->cuts[i], &d->cuts[i - 1]) != 0)
			d->cuts[d->cut_count++] = d->cuts[i];
	}
}

/* How many rules cover each interval of @d; freed by the caller. */
static uint32_t *depths_of(
	const struct dimension *d, size_t dimension, struct rule *const *rules, size_t count)
{
	uint32_t *depths = reader_alloc(NULL, (d->cut_count + 1) * sizeof(*depths));
	uint32_t depth = 0;

	memset(depths, 0, (d->cut_count + 1) * sizeof(*depths));
	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; j < range_count(rules[i], dimension); j++) {
			struct span_of_keys s = range_span(rules[i], dimension, j);
			size_t from, end;

			span_intervals(d, &s, &from, &end);
			depths[from]++;
			depths[end]--; /* modulo 2^32; the sums are never negative */
		}
	}
	for (size_t i = 0; i < d->cut_count; i++)
		depths[i] = depth += depths[i];
	return depths;
}

/* The depth of the fullest interval that @r covers; UINT32_MAX where it cannot stand. */
static uint32_t fullest(
	const struct dimension *d, const uint32_t *depths, const struct rule *r, size_t dimension)
{
	size_t count = range_count(r, dimension);
	uint32_t most = count ? 0 : UINT32_MAX;

	for (size_t j = 0; j < count; j++) {
		struct span_of_keys s = range_span(r, dimension, j);
		size_t from, end;

		span_intervals(d, &s, &from, &end);
		if (end - from > SPAN)
			return UINT32_MAX;
		for (; from < end; from++)
			most = depths[from] > most ? depths[from] : most;
	}
	return most;
}

/* Count (@fill false) or enter @place into the lists of @r's intervals. starts[i + 1] moves on. */
static void rule_enter(
	struct dimension *d, size_t dimension, const struct rule *r, uint32_t place, bool fill)
{
	for (size_t j = 0; j < range_count(r, dimension); j++) {
		struct span_of_keys s = range_span(r, dimension, j);
		size_t from, end;

		span_intervals(d, &s, &from, &end);
		for (; from < end; from++) {
			if (fill)
				d->places[d->starts[from + 1]] = place;
			d->starts[from + 1]++;
		}
	}
}

/* The lists of one dimension, for the rules that @home says stand there. */
static void dimension_fill(struct policy_index *x, size_t dimension, struct rule *const *rules,
	const uint8_t *home, size_t count)
{
	struct dimension *d = &x->dimensions[dimension];
	uint32_t total = 0;

	d->starts = reader_alloc(NULL, (d->cut_count + 2) * sizeof(*d->starts));
	memset(d->starts, 0, (d->cut_count + 2) * sizeof(*d->starts));
	for (size_t i = 0; i < count; i++) {
		if (home[i] == dimension)
			rule_enter(d, dimension, rules[i], (uint32_t)i, false);
	}
	/* from counts to starts, one further on: filling moves each to where it belongs */
	for (size_t i = 1; i <= d->cut_count; i++) {
		uint32_t n = d->starts[i];

		d->starts[i] = total;
		total += n;
	}
	d->places = reader_alloc(NULL, total * sizeof(*d->places));
	for (size_t i = 0; i < count; i++) {
		if (home[i] == dimension)
			rule_enter(d, dimension, rules[i], (uint32_t)i, true);
	}
}

/* All rules of a dimension that asks about the owner, who may be unknown. */
static void dimension_list(struct policy_index *x, size_t dimension, struct rule *const *rules,
	const uint8_t *home, size_t count)
{
	struct dimension *d = &x->dimensions[dimension];

	d->all = reader_alloc(NULL, count * sizeof(*d->all));
	for (size_t i = 0; i < count; i++) {
		if (home[i] != dimension)
			continue;
		d->asks |= range_asks(rules[i], dimension);
		d->all[d->all_count++] = (uint32_t)i;
	}
}

/* The dimension where each rule stands, or REST; freed by the caller. */
static uint8_t *homes_of(const struct policy_index *x, struct rule *const *rules, size_t count)
{
	uint8_t *home = reader_alloc(NULL, count);
	uint32_t *least = reader_alloc(NULL, count * sizeof(*least));

	memset(home, REST, count);
	memset(least, 0xff, count * sizeof(*least));
	for (size_t n = 0; n < INDEX_DIMENSIONS; n++) {
		const struct dimension *d = &x->dimensions[n];
		uint32_t *depths = depths_of(d, n, rules, count);

		for (size_t i = 0; i < count; i++) {
			uint32_t depth = fullest(d, depths, rules[i], n);

			if (depth < least[i] && (n < INDEX_ENDS || least[i] > SPAN)) {
				least[i] = depth;
				home[i] = (uint8_t)n;
			}
		}
		free(depths);
	}
	free(least);
	return home;
}

struct policy_index *policy_index_new(struct rule *const *rules, size_t count)
{
	struct policy_index *x = reader_alloc(NULL, sizeof(*x));
	uint8_t *home;

	*x = (struct policy_index){.rest = reader_alloc(NULL, count * sizeof(*x->rest))};
	for (size_t n = 0; n < INDEX_DIMENSIONS; n++)
		dimension_cut(&x->dimensions[n], n, rules, count);
	home = homes_of(x, rules, count);
	for (size_t n = 0; n < INDEX_DIMENSIONS; n++)
		dimension_fill(x, n, rules, home, count);
	for (size_t n = INDEX_ENDS; n < INDEX_DIMENSIONS; n++)
		dimension_list(x, n, rules, home, count);
	for (size_t i = 0; i < count; i++) {
		if (home[i] == REST)
			x->rest[x->rest_count++] = (uint32_t)i;
	}
	free(home);
	return x;
}

void policy_index_free(struct policy_index *x)
{
	if (!x)
		return;
	for (size_t n = 0; n < INDEX_DIMENSIONS; n++) {
		free(x->dimensions[n].cuts);
		free(x->dimensions[n].starts);
		free(x->dimensions[n].places);
		free(x->dimensions[n].all);
	}
	free(x->rest);
	free(x);
}

static void walk_add(struct policy_walk *w, const uint32_t *list, size_t count)
{
	if (!count)
		return;
	w->lists[w->count].at = list;
	w->lists[w->count++].end = list + count;
}

static void walk_add_key(struct policy_walk *w, const struct dimension *d, struct key k)
{
	size_t i = cuts_up_to(d, &k);

	if (i)
		walk_add(w, d->places + d->starts[i - 1], d->starts[i] - d->starts[i - 1]);
}

static void walk_add_jobs(
	struct policy_walk *w, const struct dimension *d, const struct owner *owner)
{
	for (unsigned i = 0; i < OWNER_FACTS; i++) {
		enum owner_fact fact = (enum owner_fact)(d->asks & 1u << i);
		const char *text = fact ? owner_text(owner, fact) : NULL;

		if (text)
			walk_add_key(w, d, text_key(fact, text, strlen(text), 0));
	}
}

static void walk_add_owner(struct policy_walk *w, const struct policy_index *x, size_t dimension,
	const struct query *q)
{
	const struct dimension *d = &x->dimensions[dimension];

	if (!owner_has(&q->owner, d->asks))
		walk_add(w, d->all, d->all_count);
	else if (dimension == JOB)
		walk_add_jobs(w, d, &q->owner);
	else if (d->asks)
		walk_add_key(w, d, uid_key(q->owner.uid));
}

void policy_walk_init(struct policy_walk *w, const struct policy_index *x, const struct query *q)
{
	w->count = 0;
	for (size_t n = 0; n < INDEX_ENDS; n++) {
		if (x->dimensions[n].cut_count)
			walk_add_key(w, &x->dimensions[n], tuple_key(&q->tuple, n));
	}
	for (size_t n = INDEX_ENDS; n < INDEX_DIMENSIONS; n++)
		walk_add_owner(w, x, n, q);
	walk_add(w, x->rest, x->rest_count);
}

/* A rule with several jobs may stand in several lists, and more than once in one. */
static void walk_pass(struct policy_walk *w, uint32_t place)
{
	for (size_t i = 0; i < w->count;) {
		while (w->lists[i].at < w->lists[i].end && *w->lists[i].at == place)
			w->lists[i].at++;
		if (w->lists[i].at == w->lists[i].end)
			w->lists[i] = w->lists[--w->count];
		else
			i++;
	}
}

bool policy_walk_next(struct policy_walk *w, uint32_t *place)
{
	*place = UINT32_MAX;
	for (size_t i = 0; i < w->count; i++) {
		if (*w->lists[i].at < *place)
			*place = *w->lists[i].at;
	}
	walk_pass(w, *place);
	return *place != UINT32_MAX;
}
