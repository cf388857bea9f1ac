/* SPDX-License-Identifier: GPL-3.0-or-later */
/* match.c - one candidate as iptables match text, in either heading */
#include "gateway/net/match.h"

static bool addr_any(const struct addr_range *r)
{
	struct addr_range all;

	return addr_prefix(&r->from, 0, &all) && addr_compare(&all.from, &r->from) == 0 &&
	       addr_compare(&all.to, &r->to) == 0;
}

/* No connection has port 0, so 1-65535 is every port too. */
static bool port_any(const struct port_range *p)
{
	return p->from <= 1 && p->to == 65535;
}

static void match_addr(FILE *out, bool source, const struct addr_range *r)
{
	char text[2 * ADDR_TEXT];

	if (addr_any(r))
		return;
	addr_range_format(r, text);
	if (strchr(text, '-'))
		fprintf(out, " -m iprange --%s-range %s", source ? "src" : "dst", text);
	else
		fprintf(out, " -%c %s", source ? 's' : 'd', text);
}

static void match_port(FILE *out, const char *option, const struct port_range *p)
{
	if (port_any(p))
		return;
	fprintf(out, " --%s %u", option, p->from);
	if (p->to != p->from)
		fprintf(out, ":%u", p->to);
}

static void match_end(
	FILE *out, bool source, const struct addr_range *a, const struct port_range *p)
{
	match_port(out, source ? "sport" : "dport", p);
	match_addr(out, source, a);
}

void match_candidate(FILE *out, const struct candidate *c, enum heading heading)
{
	fputs(" -p tcp", out);
	match_end(out, heading == WIRE_BOUND, &c->local, &c->local_port);
	match_end(out, heading == PLAIN_BOUND, &c->remote, &c->remote_port);
}

void match_local(FILE *out, const struct candidate *c, enum heading heading)
{
	fputs(" -p tcp", out);
	match_end(out, heading == WIRE_BOUND, &c->local, &c->local_port);
}

void match_remote(FILE *out, const struct candidate *c, enum heading heading)
{
	fputs(" -p tcp", out);
	match_end(out, heading == PLAIN_BOUND, &c->remote, &c->remote_port);
}

void match_addresses(FILE *out, const struct candidate *c)
{
	fputs(" -p tcp", out);
	match_addr(out, true, &c->local);
	match_addr(out, false, &c->remote);
}

bool match_any_local(const struct candidate *c)
{
	return addr_any(&c->local);
}

/* The address after @a; false after the last one. */
static bool addr_next(struct addr *a)
{
	for (int i = a->family == 4 ? 3 : 15; i >= 0; i--)
		if (++a->bytes[i] != 0)
			return true;
	return false;
}

unsigned match_prefix_next(
	const struct addr *at, const struct addr *last, struct addr_range *prefix)
{
	unsigned width = at->family == 4 ? 32 : 128;

	for (unsigned bits = 0; bits < width; bits++) {
		if (addr_prefix(at, bits, prefix) && addr_compare(&prefix->from, at) == 0 &&
			addr_compare(&prefix->to, last) <= 0)
			return bits;
	}
	addr_prefix(at, width, prefix);
	return width;
}

bool match_original(char *buf, const struct candidate *c, struct addr *at)
{
	char addr[2 * ADDR_TEXT], dst[2 * ADDR_TEXT + 16] = "", port[32] = "";
	bool any = addr_any(&c->remote);
	struct addr_range prefix;

	if (at->family == 0)
		*at = c->remote.from;
	else if (!addr_next(at) || addr_compare(at, &c->remote.to) > 0)
		return false;
	if (!any) {
		match_prefix_next(at, &c->remote.to, &prefix);
		snprintf(dst, sizeof(dst), " --ctorigdst %s", addr_range_format(&prefix, addr));
	}
	*at = any ? c->remote.to : prefix.to;
	if (!port_any(&c->remote_port))
		snprintf(port, sizeof(port), " --ctorigdstport %u:%u", c->remote_port.from,
			c->remote_port.to);
	snprintf(buf, MATCH_ORIGINAL_TEXT, "%s%s%s", dst[0] || port[0] ? " -m conntrack" : "", dst,
		port);
	return true;
}
