/* SPDX-License-Identifier: GPL-3.0-or-later */
/* icmp.c - ICMP errors about TCP: whose segment, and what is wrong with it (RFC 792, 4443) */
#include "gateway/packet/icmp.h"

#include "base/bytes.h"

enum {
	PROTOCOL_ICMP = 1,
	PROTOCOL_TCP = 6,
	PROTOCOL_ICMP6 = 58,
	IPV4_HEADER_MIN = 20,
	IPV6_HEADER = 40,
	ICMP_HEADER = 8,
	TCP_QUOTED = 8, /* ports and sequence number: all that must be quoted */
	ICMP_UNREACHABLE = 3,
	ICMP_QUENCH = 4,
	ICMP_REDIRECT = 5,
	ICMP_TIME_EXCEEDED = 11,
	ICMP_PARAMETER = 12,
	ICMP_CODE_TOO_BIG = 4,
	ICMP6_TOO_BIG = 2,
	ICMP6_ERRORS_END = 128, /* types below are errors */
};

static bool take_ports(struct icmp_error *e, struct span tcp)
{
	if (tcp.len < TCP_QUOTED)
		return false;
	e->src.port = load_be16(tcp.ptr);
	e->dst.port = load_be16(tcp.ptr + 2);
	e->seq = load_be32(tcp.ptr + 4);
	return true;
}

/* What follows the IPv4 header at @p, which carries @protocol and is no later fragment. */
static struct span skip_v4(struct span p, uint8_t protocol)
{
	size_t ihl;

	if (p.len < IPV4_HEADER_MIN || p.ptr[0] >> 4 != 4 || p.ptr[9] != protocol ||
		(load_be16(p.ptr + 6) & 0x1fff))
		return span_none();
	ihl = (size_t)(p.ptr[0] & 15) * 4;
	return ihl < IPV4_HEADER_MIN ? span_none() : span_skip(p, ihl);
}

static struct span skip_v6(struct span p, uint8_t protocol)
{
	if (p.len < IPV6_HEADER || p.ptr[0] >> 4 != 6 || p.ptr[6] != protocol)
		return span_none();
	return span_skip(p, IPV6_HEADER);
}

static bool take_quoted_v4(struct icmp_error *e, struct span p)
{
	struct span tcp = skip_v4(p, PROTOCOL_TCP);

	if (!take_ports(e, tcp))
		return false;
	e->src.addr = addr_from_v4(p.ptr + 12);
	e->dst.addr = addr_from_v4(p.ptr + 16);
	return true;
}

static bool take_quoted_v6(struct icmp_error *e, struct span p)
{
	struct span tcp = skip_v6(p, PROTOCOL_TCP);

	if (!take_ports(e, tcp))
		return false;
	e->src.addr = addr_from_v6(p.ptr + 8);
	e->dst.addr = addr_from_v6(p.ptr + 24);
	return true;
}

static bool is_error_v4(uint8_t type)
{
	return type == ICMP_UNREACHABLE || type == ICMP_QUENCH || type == ICMP_REDIRECT ||
	       type == ICMP_TIME_EXCEEDED || type == ICMP_PARAMETER;
}

static bool decode_v4(struct icmp_error *e, struct span p)
{
	struct span icmp = skip_v4(p, PROTOCOL_ICMP);

	if (icmp.len < ICMP_HEADER || !is_error_v4(icmp.ptr[0]))
		return false;
	e->too_big = icmp.ptr[0] == ICMP_UNREACHABLE && icmp.ptr[1] == ICMP_CODE_TOO_BIG;
	e->mtu = load_be16(icmp.ptr + 6);
	return take_quoted_v4(e, span_skip(icmp, ICMP_HEADER));
}

static bool decode_v6(struct icmp_error *e, struct span p)
{
	struct span icmp = skip_v6(p, PROTOCOL_ICMP6);

	if (icmp.len < ICMP_HEADER || icmp.ptr[0] == 0 || icmp.ptr[0] >= ICMP6_ERRORS_END)
		return false;
	e->too_big = icmp.ptr[0] == ICMP6_TOO_BIG;
	e->mtu = load_be32(icmp.ptr + 4);
	return take_quoted_v6(e, span_skip(icmp, ICMP_HEADER));
}

bool icmp_decode(struct icmp_error *e, struct span packet)
{
	memset(e, 0, sizeof(*e));
	return decode_v4(e, packet) || decode_v6(e, packet);
}
