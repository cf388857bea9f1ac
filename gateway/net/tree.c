/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tree.c - long lists of candidates as a tree of chains, so that a packet meets few of them
 *
 * A chain with many candidates is split at one value of one field: packets at or above it go to a
 * chain of their own, the others go on. Who reaches over the value stands on both sides, so each
 * packet meets all candidates that could match it. Which of them matches first makes no difference,
 * for all of one tree have one target.
 */
#include "gateway/net/plan_internal.h"

#include <stdlib.h>
#include <string.h>

/* So many rules in a row cost no more than the splits that would spare them. */
enum { TREE_LEAF = 24 };

enum field { LOCAL_ADDR, REMOTE_ADDR, LOCAL_PORT, REMOTE_PORT, FIELDS };

/* What is the same in the whole tree. */
struct tree {
	struct writer *w;
	enum heading heading;
	const char *target;
};

/* Candidates that reach the chain in the writing. */
struct group {
	const struct candidate **items;
	size_t count;
};

struct split {
	enum field field;
	struct addr at;      /* the first value above; a port in the first two bytes */
	size_t below, above; /* how many candidates are on each side */
};

static struct addr_range ports(const struct port_range *p)
{
	return (struct addr_range){
		{.family = 4, .bytes = {(uint8_t)(p->from >> 8), (uint8_t)p->from}},
		{.family = 4, .bytes = {(uint8_t)(p->to >> 8), (uint8_t)p->to}},
	};
}

static struct addr_range field_of(const struct candidate *c, enum field f)
{
	switch (f) {
	case LOCAL_ADDR: return c->local;
	case REMOTE_ADDR: return c->remote;
	case LOCAL_PORT: return ports(&c->local_port);
	default: return ports(&c->remote_port);
	}
}

static int compare(const void *a, const void *b)
{
	return addr_compare(a, b);
}

/* The median of where the candidates begin, or the next higher value; false if all begin alike. */
static bool choose_value(const struct group *g, enum field f, struct addr *at)
{
	struct addr *values = calloc(g->count, sizeof(*values));
	size_t i = g->count / 2;
	bool found;

	if (!values)
		abort();
	for (size_t k = 0; k < g->count; k++)
		values[k] = field_of(g->items[k], f).from;
	qsort(values, g->count, sizeof(*values), compare);
	while (i < g->count && addr_compare(&values[i], &values[0]) == 0)
		i++;
	found = i < g->count;
	if (found)
		*at = values[i];
	free(values);
	return found;
}

static bool is_below(const struct candidate *c, const struct split *s)
{
	struct addr_range r = field_of(c, s->field);

	return addr_compare(&r.from, &s->at) < 0;
}

static bool is_above(const struct candidate *c, const struct split *s)
{
	struct addr_range r = field_of(c, s->field);

	return addr_compare(&r.to, &s->at) >= 0;
}

static size_t larger(const struct split *s)
{
	return s->below > s->above ? s->below : s->above;
}

/* The field whose split leaves the least on the larger side; false if none leaves 7/8 or less. */
static bool choose_split(const struct group *g, struct split *best)
{
	size_t limit = g->count - g->count / 8;
	bool found = false;

	for (int f = 0; f < FIELDS; f++) {
		struct split s = {.field = (enum field)f};

		if (!choose_value(g, s.field, &s.at))
			continue;
		for (size_t i = 0; i < g->count; i++) {
			s.below += is_below(g->items[i], &s);
			s.above += is_above(g->items[i], &s);
		}
		if (larger(&s) > limit)
			continue;
		*best = s;
		limit = larger(&s) - 1;
		found = true;
	}
	return found;
}

static struct group part(const struct group *g, const struct split *s,
	bool (*belongs)(const struct candidate *, const struct split *))
{
	struct group p = {.items = calloc(g->count, sizeof(*p.items))};

	if (!p.items)
		abort();
	for (size_t i = 0; i < g->count; i++)
		if (belongs(g->items[i], s))
			p.items[p.count++] = g->items[i];
	return p;
}

static void write_split(const struct tree *t, const char *chain, const struct split *s, char *above)
{
	bool local = s->field == LOCAL_ADDR || s->field == LOCAL_PORT;
	bool source = local == (t->heading == WIRE_BOUND);
	char addr[ADDR_TEXT];

	if (s->field == LOCAL_PORT || s->field == REMOTE_PORT)
		writer_rule(t->w, chain, " -p tcp --%s %u:65535 -g %s", source ? "sport" : "dport",
			s->at.bytes[0] << 8 | s->at.bytes[1], above);
	else
		writer_rule(t->w, chain, " -m iprange --%s-range %s-%s -g %s",
			source ? "src" : "dst", addr_format(&s->at, addr),
			t->w->family == 4 ? "255.255.255.255"
					  : "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
			above);
}

static void write_group(const struct tree *t, const char *chain, const struct group *g)
{
	struct group below, above;
	char name[WRITER_BRANCH];
	struct split s;

	if (g->count <= TREE_LEAF || !choose_split(g, &s)) {
		for (size_t i = 0; i < g->count; i++)
			writer_candidate_rule(t->w, chain, g->items[i], t->heading, t->target);
		return;
	}
	above = part(g, &s, is_above);
	below = part(g, &s, is_below);
	writer_branch(t->w, name);
	write_split(t, chain, &s, name);
	write_group(t, name, &above);
	write_group(t, chain, &below);
	free(above.items);
	free(below.items);
}

static void widen(struct port_range *r, const struct port_range *by)
{
	r->from = by->from < r->from ? by->from : r->from;
	r->to = by->to > r->to ? by->to : r->to;
}

static void widen_addresses(struct addr_range *r, const struct addr_range *by)
{
	if (addr_compare(&by->from, &r->from) < 0)
		r->from = by->from;
	if (addr_compare(&by->to, &r->to) > 0)
		r->to = by->to;
}

/* The least that covers all candidates of @g: many lists have one port in common. */
static struct candidate hull(const struct group *g)
{
	struct candidate h = *g->items[0];

	for (size_t i = 1; i < g->count; i++) {
		widen_addresses(&h.local, &g->items[i]->local);
		widen_addresses(&h.remote, &g->items[i]->remote);
		widen(&h.local_port, &g->items[i]->local_port);
		widen(&h.remote_port, &g->items[i]->remote_port);
	}
	return h;
}

/* A tree for @g in @chain, or its rules; what leaves the tree goes on with the rest of @chain. */
static void write_tree(const struct tree *t, const char *chain, const struct group *g)
{
	char name[WRITER_BRANCH];
	struct candidate all;

	if (g->count <= TREE_LEAF) {
		write_group(t, chain, g);
		return;
	}
	all = hull(g);
	writer_branch(t->w, name);
	fprintf(t->w->out, "-A %s", chain);
	match_candidate(t->w->out, &all, t->heading);
	fprintf(t->w->out, " -j %s\n", name);
	t->w->table->rule_count++;
	write_group(t, name, g);
}

static bool same_ports(const struct candidate *a, const struct candidate *b)
{
	return a->local_port.from == b->local_port.from && a->local_port.to == b->local_port.to &&
	       a->remote_port.from == b->remote_port.from && a->remote_port.to == b->remote_port.to;
}

/* Move the candidates with the ports of the first one from @g to @class, which has room. */
static void take_class(struct group *g, struct group *class)
{
	const struct candidate *first = g->items[0];
	size_t left = 0;

	class->count = 0;
	for (size_t i = 0; i < g->count; i++) {
		if (same_ports(g->items[i], first))
			class->items[class->count++] = g->items[i];
		else
			g->items[left++] = g->items[i];
	}
	g->count = left;
}

static struct group group_of(size_t room)
{
	struct group g = {.items = calloc(room + 1, sizeof(*g.items))};

	if (!g.items)
		abort();
	return g;
}

/*
 * Long lists mostly have their ports in common: these get a tree of their own, which other ports
 * never enter. All others share one.
 */
void writer_candidates(struct writer *w, const char *chain, enum direction d, enum heading heading,
	const char *target)
{
	const struct tree t = {w, heading, target};
	struct group all = group_of(w->list->count), class = group_of(w->list->count);
	struct group rest = group_of(w->list->count);
	size_t large;

	for (const struct candidate *c = NULL; (c = writer_next(w, d, c));)
		all.items[all.count++] = c;
	large = all.count / 8 > TREE_LEAF ? all.count / 8 : TREE_LEAF;
	while (all.count > large) {
		take_class(&all, &class);
		if (class.count > large)
			write_tree(&t, chain, &class);
		else
			for (size_t i = 0; i < class.count; i++)
				rest.items[rest.count++] = class.items[i];
	}
	for (size_t i = 0; i < all.count; i++)
		rest.items[rest.count++] = all.items[i];
	write_tree(&t, chain, &rest);
	free(all.items);
	free(class.items);
	free(rest.items);
}
