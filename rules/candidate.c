/* SPDX-License-Identifier: GPL-3.0-or-later */
/* candidate.c - which packets can belong to a connection that some rule takes */
#include "rules/candidate.h"

#include <stdlib.h>
#include <string.h>

#include "rules/reader.h"

enum { SETTLE_MAX = 4096 };

static const struct addr_range every_addr[] = {
	{{.family = 4}, {.family = 4, .bytes = {255, 255, 255, 255}}},
	{{.family = 6}, {.family = 6,
				.bytes = {255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
					255, 255, 255, 255, 255}}},
};
static const struct port_range every_port[] = {{0, UINT16_MAX}};

/* Wider ranges first: what holds another candidate sorts before it. */
static int compare_addr_ranges(const struct addr_range *a, const struct addr_range *b)
{
	int c = addr_compare(&a->from, &b->from);

	return c ? c : addr_compare(&b->to, &a->to);
}

static int compare_port_ranges(const struct port_range *a, const struct port_range *b)
{
	return a->from != b->from ? (int)a->from - (int)b->from : (int)b->to - (int)a->to;
}

static int compare(const void *x, const void *y)
{
	const struct candidate *a = x, *b = y;
	int c = (int)a->direction - (int)b->direction;

	if (!c)
		c = (int)a->family - (int)b->family;
	if (!c)
		c = compare_addr_ranges(&a->local, &b->local);
	if (!c)
		c = compare_port_ranges(&a->local_port, &b->local_port);
	if (!c)
		c = compare_addr_ranges(&a->remote, &b->remote);
	return c ? c : compare_port_ranges(&a->remote_port, &b->remote_port);
}

static bool addr_range_holds(const struct addr_range *a, const struct addr_range *b)
{
	return addr_compare(&a->from, &b->from) <= 0 && addr_compare(&b->to, &a->to) <= 0;
}

static bool port_range_holds(const struct port_range *a, const struct port_range *b)
{
	return a->from <= b->from && b->to <= a->to;
}

static bool holds(const struct candidate *a, const struct candidate *b)
{
	return a->direction == b->direction && a->family == b->family &&
	       port_range_holds(&a->remote_port, &b->remote_port) &&
	       port_range_holds(&a->local_port, &b->local_port) &&
	       addr_range_holds(&a->remote, &b->remote) && addr_range_holds(&a->local, &b->local);
}

/*
 * Sort, and drop what an earlier one holds: duplicates and parts. Each is compared with all kept
 * before it, or in a long list, where that would take seconds, with the last one.
 */
static void list_settle(struct candidate_list *list)
{
	bool is_long = list->count > SETTLE_MAX;
	size_t kept = 0;

	if (list->count)
		qsort(list->items, list->count, sizeof(*list->items), compare);
	for (size_t i = 0; i < list->count; i++) {
		size_t k = is_long && kept ? kept - 1 : 0;

		while (k < kept && !holds(&list->items[k], &list->items[i]))
			k++;
		if (k == kept)
			list->items[kept++] = list->items[i];
	}
	list->count = kept;
}

static void list_add(struct candidate_list *list, const struct candidate *c)
{
	list->items = reader_append(list->items, list->count, sizeof(*list->items));
	list->items[list->count++] = *c;
}

/* Ranges of a rule's condition; every one where it has none. */
struct choice {
	const struct addr_range *local, *remote;
	const struct port_range *local_port, *remote_port;
	size_t local_count, remote_count, local_port_count, remote_port_count;
};

static struct choice choice_of(const struct rule *r)
{
	struct choice c = {
		r->local_addrs,
		r->remote_addrs,
		r->local_ports,
		r->remote_ports,
		r->local_addr_count,
		r->remote_addr_count,
		r->local_port_count,
		r->remote_port_count,
	};

	if (!c.local_count) {
		c.local = every_addr;
		c.local_count = 2;
	}
	if (!c.remote_count) {
		c.remote = every_addr;
		c.remote_count = 2;
	}
	if (!c.local_port_count) {
		c.local_port = every_port;
		c.local_port_count = 1;
	}
	if (!c.remote_port_count) {
		c.remote_port = every_port;
		c.remote_port_count = 1;
	}
	return c;
}

static void add_ports(struct candidate_list *list, const struct choice *all, struct candidate *c)
{
	for (size_t i = 0; i < all->local_port_count; i++) {
		for (size_t j = 0; j < all->remote_port_count; j++) {
			c->local_port = all->local_port[i];
			c->remote_port = all->remote_port[j];
			list_add(list, c);
		}
	}
}

static void add_direction(
	struct candidate_list *list, const struct choice *all, enum direction direction)
{
	for (size_t i = 0; i < all->local_count; i++) {
		for (size_t j = 0; j < all->remote_count; j++) {
			struct candidate c = {
				.direction = direction,
				.family = all->local[i].from.family,
				.local = all->local[i],
				.remote = all->remote[j],
			};

			if (c.remote.from.family == c.family)
				add_ports(list, all, &c);
		}
	}
}

void candidates_of(const struct policy *p, struct candidate_list *list)
{
	static const enum direction directions[] = {DIRECTION_OUTBOUND, DIRECTION_INBOUND};

	*list = (struct candidate_list){0};
	for (size_t i = 0; i < p->rule_count; i++) {
		const struct rule *r = p->rules[i];
		struct choice all = choice_of(r);

		if (r->action->mode == ACTION_PASS && !p->unmatched_reject)
			continue;
		for (size_t d = 0; d < 2; d++) {
			if (r->direction & directions[d])
				add_direction(list, &all, directions[d]);
		}
	}
	list_settle(list);
}

void candidates_join(struct candidate_list *list, const struct candidate_list *from)
{
	size_t room = list->count + from->count;

	list->items = reader_alloc(list->items, room * sizeof(*list->items));
	if (from->count)
		memcpy(list->items + list->count, from->items, from->count * sizeof(*from->items));
	list->count = room;
	list_settle(list);
}

void candidates_write(const struct candidate_list *list, FILE *out)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct candidate *c = &list->items[i];
		char local[2 * ADDR_TEXT], remote[2 * ADDR_TEXT];

		fprintf(out, "%s %s %u-%u %s %u-%u\n",
			c->direction == DIRECTION_OUTBOUND ? "outbound" : "inbound",
			addr_range_format(&c->local, local), c->local_port.from, c->local_port.to,
			addr_range_format(&c->remote, remote), c->remote_port.from,
			c->remote_port.to);
	}
}

/* Digits at @text, up to 65535; false without any. */
static bool port_parse(const char *text, char **end, uint16_t *port)
{
	unsigned long n = strtoul(text, end, 10);

	*port = (uint16_t)n;
	return *text >= '0' && *text <= '9' && n <= UINT16_MAX;
}

/* "FROM-TO", 0 to 65535. */
static bool ports_parse(const char *text, struct port_range *r)
{
	char *end;

	return port_parse(text, &end, &r->from) && *end == '-' &&
	       port_parse(end + 1, &end, &r->to) && !*end && r->from <= r->to;
}

static bool line_parse(char *line, struct candidate *c)
{
	char *words[6], *rest = line, *word;
	size_t n = 0;

	while ((word = strsep(&rest, " \n"))) {
		if (!*word)
			continue;
		if (n == 6)
			return false;
		words[n++] = word;
	}
	if (n != 5)
		return false;
	if (strcmp(words[0], "outbound") == 0)
		c->direction = DIRECTION_OUTBOUND;
	else if (strcmp(words[0], "inbound") == 0)
		c->direction = DIRECTION_INBOUND;
	else
		return false;
	if (!addr_range_parse(words[1], &c->local) || !ports_parse(words[2], &c->local_port) ||
		!addr_range_parse(words[3], &c->remote) || !ports_parse(words[4], &c->remote_port))
		return false;
	c->family = c->local.from.family;
	return c->remote.from.family == c->family;
}

bool candidates_read(FILE *in, const char *name, struct candidate_list *list, struct err_list *err)
{
	size_t room = 0, before = err->count;
	char *line = NULL;

	*list = (struct candidate_list){0};
	for (int number = 1; getline(&line, &room, in) >= 0; number++) {
		struct candidate c = {0};

		if (line_parse(line, &c))
			list_add(list, &c);
		else
			err_add(err, "%s:%d: this is no candidate", name, number);
	}
	if (ferror(in))
		err_add(err, "%s: cannot be read", name);
	free(line);
	if (err->count == before) {
		list_settle(list);
		return true;
	}
	candidates_free(list);
	return false;
}

void candidates_free(struct candidate_list *list)
{
	free(list->items);
	*list = (struct candidate_list){0};
}
