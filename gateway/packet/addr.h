/* SPDX-License-Identifier: GPL-3.0-or-later */
/* addr.h - addresses of either family, endpoints, and the two ends of a connection */
#ifndef ATTLS_PACKET_ADDR_H
#define ATTLS_PACKET_ADDR_H

#include "base/span.h"

/* An IPv4 or IPv6 address. Unused bytes are 0, so values compare and hash as memory. */
struct addr {
	uint8_t family;    /* 4 or 6; 0: no address */
	uint8_t bytes[16]; /* network order; IPv4 in the first four */
};

/* One end of a TCP connection. */
struct endpoint {
	struct addr addr;
	uint8_t zero;  /* keeps the struct free of undefined padding */
	uint16_t port; /* host order */
};

/* Both ends as one side sees them: @local is the plain side's end, @remote the wire side's. */
struct tuple {
	struct endpoint local;
	struct endpoint remote;
};

/* Addresses @from to @to inclusive, of one family, in network order comparison. */
struct addr_range {
	struct addr from;
	struct addr to;
};

/* Text of an endpoint: "192.0.2.1:443", "[2001:db8::1]:443". */
enum { ENDPOINT_TEXT = 64, ADDR_TEXT = 48 };

struct addr addr_from_v4(const uint8_t *bytes);
struct addr addr_from_v6(const uint8_t *bytes);

/** addr_parse() - a numeric IPv4 or IPv6 address, no brackets. Return: false if it is none. */
bool addr_parse(const char *text, struct addr *a);

/** addr_format() - numeric text into @buf of ADDR_TEXT bytes. Return: @buf */
const char *addr_format(const struct addr *a, char *buf);

/** addr_compare() - <0, 0, >0; IPv4 sorts before IPv6 */
int addr_compare(const struct addr *a, const struct addr *b);

bool addr_in_range(const struct addr *a, const struct addr_range *r);

/** addr_prefix() - the range that prefix @a/@bits covers; false if @bits exceeds the family's */
bool addr_prefix(const struct addr *a, unsigned bits, struct addr_range *r);

/**
 * addr_range_parse() - "A", "A/BITS" or "A-B"
 * Return: false if @text is none of them, families differ or the range is backwards.
 */
bool addr_range_parse(const char *text, struct addr_range *r);

/** addr_range_format() - the shortest of the three forms, into @buf of 2 * ADDR_TEXT bytes */
const char *addr_range_format(const struct addr_range *r, char *buf);

/** endpoint_parse() - "A:PORT" or "[A]:PORT". Return: false if it is none. */
bool endpoint_parse(const char *text, struct endpoint *e);

/** endpoint_format() - into @buf of ENDPOINT_TEXT bytes. Return: @buf */
const char *endpoint_format(const struct endpoint *e, char *buf);

bool tuple_equal(const struct tuple *a, const struct tuple *b);

#endif
