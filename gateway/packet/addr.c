/* SPDX-License-Identifier: GPL-3.0-or-later */
/* addr.c - addresses of either family, endpoints, and the two ends of a connection */
#include "gateway/packet/addr.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

_Static_assert(sizeof(struct endpoint) == 20, "no padding: endpoints hash as memory");

static size_t family_len(const struct addr *a)
{
	return a->family == 4 ? 4 : 16;
}

struct addr addr_from_v4(const uint8_t *bytes)
{
	struct addr a = {.family = 4};

	memcpy(a.bytes, bytes, 4);
	return a;
}

struct addr addr_from_v6(const uint8_t *bytes)
{
	struct addr a = {.family = 6};

	memcpy(a.bytes, bytes, 16);
	return a;
}

bool addr_parse(const char *text, struct addr *a)
{
	uint8_t bytes[16];

	if (inet_pton(AF_INET, text, bytes) == 1)
		*a = addr_from_v4(bytes);
	else if (inet_pton(AF_INET6, text, bytes) == 1)
		*a = addr_from_v6(bytes);
	else
		return false;
	return true;
}

const char *addr_format(const struct addr *a, char *buf)
{
	if (a->family == 0 ||
		!inet_ntop(a->family == 4 ? AF_INET : AF_INET6, a->bytes, buf, ADDR_TEXT))
		snprintf(buf, ADDR_TEXT, "-");
	return buf;
}

int addr_compare(const struct addr *a, const struct addr *b)
{
	if (a->family != b->family)
		return (int)a->family - (int)b->family;
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

bool addr_in_range(const struct addr *a, const struct addr_range *r)
{
	return a->family == r->from.family && addr_compare(&r->from, a) <= 0 &&
	       addr_compare(a, &r->to) <= 0;
}

bool addr_prefix(const struct addr *a, unsigned bits, struct addr_range *r)
{
	size_t len = family_len(a);

	if (bits > 8 * len)
		return false;
	r->from = r->to = *a;
	for (size_t i = 0; i < len; i++) {
		unsigned kept = bits > 8 * i ? bits - 8 * (unsigned)i : 0;
		uint8_t host = kept >= 8 ? 0 : (uint8_t)(0xff >> kept);

		r->from.bytes[i] &= (uint8_t)~host;
		r->to.bytes[i] |= host;
	}
	return true;
}

static bool prefix_parse(char *text, char *slash, struct addr_range *r)
{
	struct addr a;
	unsigned long bits;
	char *end;

	*slash = '\0';
	bits = strtoul(slash + 1, &end, 10);
	if (slash[1] < '0' || slash[1] > '9' || *end || bits > 128)
		return false;
	return addr_parse(text, &a) && addr_prefix(&a, (unsigned)bits, r);
}

bool addr_range_parse(const char *text, struct addr_range *r)
{
	char copy[2 * ADDR_TEXT];
	char *mark;

	if (strlen(text) >= sizeof(copy))
		return false;
	memcpy(copy, text, strlen(text) + 1);
	if ((mark = strchr(copy, '/')))
		return prefix_parse(copy, mark, r);
	if ((mark = strchr(copy, '-'))) {
		*mark = '\0';
		return addr_parse(copy, &r->from) && addr_parse(mark + 1, &r->to) &&
		       r->from.family == r->to.family && addr_compare(&r->from, &r->to) <= 0;
	}
	if (!addr_parse(copy, &r->from))
		return false;
	r->to = r->from;
	return true;
}

/* The number of bits when @r is exactly a prefix, else -1. */
static int prefix_bits(const struct addr_range *r)
{
	struct addr_range p;

	for (int bits = (int)(8 * family_len(&r->from)); bits >= 0; bits--) {
		if (addr_prefix(&r->from, (unsigned)bits, &p) && addr_compare(&p.to, &r->to) == 0 &&
			addr_compare(&p.from, &r->from) == 0)
			return bits;
	}
	return -1;
}

const char *addr_range_format(const struct addr_range *r, char *buf)
{
	char from[ADDR_TEXT], to[ADDR_TEXT];
	int bits = prefix_bits(r);

	addr_format(&r->from, from);
	if (addr_compare(&r->from, &r->to) == 0)
		snprintf(buf, 2 * ADDR_TEXT, "%s", from);
	else if (bits >= 0)
		snprintf(buf, 2 * ADDR_TEXT, "%s/%d", from, bits);
	else
		snprintf(buf, 2 * ADDR_TEXT, "%s-%s", from, addr_format(&r->to, to));
	return buf;
}

bool endpoint_parse(const char *text, struct endpoint *e)
{
	char copy[ENDPOINT_TEXT];
	char *colon, *end, *host = copy;
	unsigned long port;

	if (strlen(text) >= sizeof(copy))
		return false;
	memcpy(copy, text, strlen(text) + 1);
	colon = strrchr(copy, ':');
	if (!colon || colon[1] < '0' || colon[1] > '9')
		return false;
	*colon = '\0';
	port = strtoul(colon + 1, &end, 10);
	if (*end || port > 65535)
		return false;
	if (*host == '[') {
		if (colon == copy || colon[-1] != ']')
			return false;
		colon[-1] = '\0';
		host++;
	} else if (strchr(host, ':')) {
		return false; /* IPv6 needs its brackets here */
	}
	*e = (struct endpoint){.port = (uint16_t)port};
	return addr_parse(host, &e->addr);
}

const char *endpoint_format(const struct endpoint *e, char *buf)
{
	char text[ADDR_TEXT];

	addr_format(&e->addr, text);
	snprintf(buf, ENDPOINT_TEXT, e->addr.family == 6 ? "[%s]:%u" : "%s:%u", text, e->port);
	return buf;
}

bool tuple_equal(const struct tuple *a, const struct tuple *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}
