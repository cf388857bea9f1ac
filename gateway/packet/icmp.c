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

static bool take_quoted_v4(struct icmp_error *e, struct span p)
{
	if (p.len < IPV4_HEADER_MIN || p.ptr[0] >> 4 != 4 || p.ptr[9] != PROTOCOL_TCP ||
		(load_be16(p.ptr + 6) & 0x1fff))
		return false;
	e->src.addr = addr_from_v4(p.ptr + 12);
	e->dst.addr = addr_from_v4(p.ptr + 16);
	return take_ports(e, span_skip(p, (size_t)(p.ptr[0] & 15) * 4));
}

static bool take_quoted_v6(struct icmp_error *e, struct span p)
{
	if (p.len < IPV6_HEADER || p.ptr[0] >> 4 != 6 || p.ptr[6] != PROTOCOL_TCP)
		return false;
	e->src.addr = addr_from_v6(p.ptr + 8);
	e->dst.addr = addr_from_v6(p.ptr + 24);
	return take_ports(e, span_skip(p, IPV6_HEADER));
}

static bool decode_v4(struct icmp_error *e, struct span p)
{
	struct span icmp = span_skip(p, (size_t)(p.ptr[0] & 15) * 4);

	if (p.len < IPV4_HEADER_MIN || p.ptr[9] != PROTOCOL_ICMP || icmp.len < ICMP_HEADER)
		return false;
	e->too_big = icmp.ptr[0] == ICMP_UNREACHABLE && icmp.ptr[1] == ICMP_CODE_TOO_BIG;
	e->mtu = load_be16(icmp.ptr + 6);
	return take_quoted_v4(e, span_skip(icmp, ICMP_HEADER));
}

static bool decode_v6(struct icmp_error *e, struct span p)
{
	struct span icmp = span_skip(p, IPV6_HEADER);

	if (p.len < IPV6_HEADER || p.ptr[6] != PROTOCOL_ICMP6 || icmp.len < ICMP_HEADER ||
		icmp.ptr[0] >= ICMP6_ERRORS_END)
		return false;
	e->too_big = icmp.ptr[0] == ICMP6_TOO_BIG;
	e->mtu = load_be32(icmp.ptr + 4);
	return take_quoted_v6(e, span_skip(icmp, ICMP_HEADER));
}

bool icmp_decode(struct icmp_error *e, struct span packet)
{
	memset(e, 0, sizeof(*e));
	if (packet.len < 1)
		return false;
	return packet.ptr[0] >> 4 == 4 ? decode_v4(e, packet) : decode_v6(e, packet);
}
