/* SPDX-License-Identifier: GPL-3.0-or-later */
/* set.c - sets of addresses, ports and users as sorted ranges without overlap */
#include "rules/set.h"

#include <stdlib.h>

#include "rules/reader.h"

void addr_set_add(struct addr_set *s, struct addr_range r)
{
	s->items = reader_append(s->items, s->count, sizeof(*s->items));
	s->items[s->count++] = r;
}

void port_set_add(struct port_set *s, struct port_range r)
{
	s->items = reader_append(s->items, s->count, sizeof(*s->items));
	s->items[s->count++] = r;
}

void uid_set_add(struct uid_set *s, struct uid_range r)
{
	s->items = reader_append(s->items, s->count, sizeof(*s->items));
	s->items[s->count++] = r;
}

static int compare_addrs(const void *a, const void *b)
{
	const struct addr_range *x = a, *y = b;

	return addr_compare(&x->from, &y->from);
}

static int compare_ports(const void *a, const void *b)
{
	const struct port_range *x = a, *y = b;

	return (int)x->from - (int)y->from;
}

static int compare_uids(const void *a, const void *b)
{
	const struct uid_range *x = a, *y = b;

	return (x->from > y->from) - (x->from < y->from);
}

void addr_set_sort(struct addr_set *s)
{
	size_t n = 0;

	if (s->count == 0)
		return;
	qsort(s->items, s->count, sizeof(*s->items), compare_addrs);
	for (size_t i = 1; i < s->count; i++) {
		struct addr_range *last = &s->items[n];

		/* families sort apart, so a range of the other one is never inside */
		if (addr_compare(&s->items[i].from, &last->to) > 0)
			s->items[++n] = s->items[i];
		else if (addr_compare(&s->items[i].to, &last->to) > 0)
			last->to = s->items[i].to;
	}
	s->count = n + 1;
}

void port_set_sort(struct port_set *s)
{
	size_t n = 0;

	if (s->count == 0)
		return;
	qsort(s->items, s->count, sizeof(*s->items), compare_ports);
	for (size_t i = 1; i < s->count; i++) {
		struct port_range *last = &s->items[n];

		if (s->items[i].from > last->to + 1)
			s->items[++n] = s->items[i];
		else if (s->items[i].to > last->to)
			last->to = s->items[i].to;
	}
	s->count = n + 1;
}

void uid_set_sort(struct uid_set *s)
{
	size_t n = 0;

	if (s->count == 0)
		return;
	qsort(s->items, s->count, sizeof(*s->items), compare_uids);
	for (size_t i = 1; i < s->count; i++) {
		struct uid_range *last = &s->items[n];

		if (s->items[i].from > last->to && s->items[i].from - last->to > 1)
			s->items[++n] = s->items[i];
		else if (s->items[i].to > last->to)
			last->to = s->items[i].to;
	}
	s->count = n + 1;
}

bool addr_ranges_hold(const struct addr_range *items, size_t count, const struct addr *a)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (addr_compare(a, &items[middle].from) < 0)
			high = middle;
		else if (addr_compare(a, &items[middle].to) > 0)
			low = middle + 1;
		else
			return true;
	}
	return false;
}

bool port_ranges_hold(const struct port_range *items, size_t count, uint16_t port)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (port < items[middle].from)
			high = middle;
		else if (port > items[middle].to)
			low = middle + 1;
		else
			return true;
	}
	return false;
}

bool uid_ranges_hold(const struct uid_range *items, size_t count, uid_t uid)
{
	for (size_t i = 0; i < count; i++) {
		if (uid >= items[i].from && uid <= items[i].to)
			return true;
	}
	return false;
}
