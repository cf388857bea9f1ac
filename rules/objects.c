/* SPDX-License-Identifier: GPL-3.0-or-later */
/* objects.c - lists of addresses and ports: [addresses NAME], [ports NAME], and in rules */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "rules/loader.h"

static const struct addr_range any_addr[] = {
	{{.family = 4}, {.family = 4, .bytes = {255, 255, 255, 255}}},
	{{.family = 6}, {.family = 6,
				.bytes = {255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
					255, 255, 255, 255, 255}}},
};

/* "A/BITS" with bits set beyond the prefix is more often a slip than a wish. */
static void warn_of_host_bits(
	struct reader *r, const char *key, const char *item, const struct addr_range *range)
{
	const char *slash = strchr(item, '/');
	char text[ADDR_TEXT], whole[2 * ADDR_TEXT];
	struct addr a;

	if (!slash || (size_t)(slash - item) >= sizeof(text))
		return;
	memcpy(text, item, (size_t)(slash - item));
	text[slash - item] = '\0';
	if (addr_parse(text, &a) && addr_compare(&a, &range->from) != 0)
		ini_warn(r->err, r->section, key, "%s has bits beyond the prefix: taken as %s",
			item, addr_range_format(range, whole));
}

static bool is_mapped_v4(const struct addr *a)
{
	static const uint8_t prefix[12] = {[10] = 0xff, [11] = 0xff};

	return a->family == 6 && memcmp(a->bytes, prefix, sizeof(prefix)) == 0;
}

static void address_add(struct reader *r, const char *key, const char *item, struct addr_set *set)
{
	struct addr_range range;

	if (strcasecmp(item, "any") == 0) {
		addr_set_add(set, any_addr[0]);
		addr_set_add(set, any_addr[1]);
	} else if (!addr_range_parse(item, &range)) {
		ini_error(r->err, r->section, key,
			"\"%s\" is no address (A), prefix (A/BITS), range (A-B), @NAME or any; "
			"names "
			"of hosts are not looked up",
			item);
	} else if (is_mapped_v4(&range.from) && is_mapped_v4(&range.to)) {
		ini_error(r->err, r->section, key,
			"\"%s\" never occurs in a packet: write the IPv4 address", item);
	} else {
		warn_of_host_bits(r, key, item, &range);
		addr_set_add(set, range);
	}
}

void addresses_add(
	struct reader *r, const char *key, const char *value, bool groups, struct addr_set *set)
{
	struct reader_list list;

	if (!reader_list(r, key, value, &list))
		return;
	for (size_t i = 0; i < list.count; i++) {
		const char *item = list.items[i];
		struct object *group;

		if (*item != '@') {
			address_add(r, key, item, set);
		} else if (!groups) {
			ini_error(
				r->err, r->section, key, "%s: a group holds no other groups", item);
		} else if ((group = loader_find(r, key, OBJECT_ADDRESSES, item + 1))) {
			for (size_t j = 0; j < group->u.addresses.count; j++)
				addr_set_add(set, group->u.addresses.items[j]);
		}
	}
	reader_list_free(&list);
	addr_set_sort(set);
}

/* "N" or "N-M", 1 to 65535. */
static bool port_range_parse(const char *text, struct port_range *range)
{
	unsigned long from, to;
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	from = to = strtoul(text, &end, 10);
	if (*end == '-') {
		if (end[1] < '0' || end[1] > '9')
			return false;
		to = strtoul(end + 1, &end, 10);
	}
	if (*end || from < 1 || to > UINT16_MAX || from > to)
		return false;
	*range = (struct port_range){(uint16_t)from, (uint16_t)to};
	return true;
}

void ports_add(
	struct reader *r, const char *key, const char *value, bool groups, struct port_set *set)
{
	struct reader_list list;

	if (!reader_list(r, key, value, &list))
		return;
	for (size_t i = 0; i < list.count; i++) {
		const char *item = list.items[i];
		struct port_range range;
		struct object *group;

		if (strcasecmp(item, "any") == 0) {
			port_set_add(set, (struct port_range){0, UINT16_MAX});
		} else if (*item != '@') {
			if (port_range_parse(item, &range))
				port_set_add(set, range);
			else
				ini_error(r->err, r->section, key,
					"\"%s\" is no port (1 to 65535), range (FROM-TO), @NAME "
					"or any",
					item);
		} else if (!groups) {
			ini_error(
				r->err, r->section, key, "%s: a group holds no other groups", item);
		} else if ((group = loader_find(r, key, OBJECT_PORTS, item + 1))) {
			for (size_t j = 0; j < group->u.ports.count; j++)
				port_set_add(set, group->u.ports.items[j]);
		}
	}
	reader_list_free(&list);
	port_set_sort(set);
}

static void read_addr(struct reader *r, const char *key, const char *value)
{
	addresses_add(r, key, value, false, &((struct object *)r->object)->u.addresses);
}

static void read_port(struct reader *r, const char *key, const char *value)
{
	ports_add(r, key, value, false, &((struct object *)r->object)->u.ports);
}

void addresses_read(struct reader *r)
{
	static const struct reader_key keys[] = {{"addr", read_addr}};

	reader_keys(r, keys, sizeof(keys) / sizeof(keys[0]));
	reader_needs(r, "addr", "a list of addresses, prefixes and ranges");
}

void ports_read(struct reader *r)
{
	static const struct reader_key keys[] = {{"port", read_port}};

	reader_keys(r, keys, sizeof(keys) / sizeof(keys[0]));
	reader_needs(r, "port", "a list of ports and ranges");
}
