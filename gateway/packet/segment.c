/* SPDX-License-Identifier: GPL-3.0-or-later */
/* segment.c - captured bytes to struct segment */
#include "gateway/packet/segment.h"

#include "base/bytes.h"
#include "gateway/packet/checksum.h"
#include "gateway/packet/option.h"

enum {
	IPPROTO_TCP_NUMBER = 6,
	IPV4_HEADER_MIN = 20,
	IPV6_HEADER = 40,
	TCP_HEADER_MIN = 20,
	EXTENSIONS_MAX = 8,
};

/* IPv6 extension headers that may stand before TCP (RFC 8200 4.1). */
enum { NEXT_HOP_BY_HOP = 0, NEXT_ROUTING = 43, NEXT_FRAGMENT = 44, NEXT_DESTINATION = 60 };

static enum drop decode_v4(struct segment *seg, struct span *p)
{
	const uint8_t *h = p->ptr;
	size_t ihl, total;

	if (p->len < IPV4_HEADER_MIN)
		return DROP_SHORT;
	ihl = (size_t)(h[0] & 15) * 4;
	total = load_be16(h + 2);
	if (ihl < IPV4_HEADER_MIN || ihl > p->len)
		return DROP_SHORT;
	if (load_be16(h + 6) & 0x3fff)
		return DROP_FRAGMENT;
	if (h[9] != IPPROTO_TCP_NUMBER)
		return DROP_NOT_TCP;
	/* a total length of 0 is a packet above 64 KB: what was captured is what there is */
	if (total != 0 && total < p->len)
		*p = span_head(*p, total);
	seg->truncated = total == 0 || total > p->len;
	seg->dscp = h[1] >> 2;
	seg->ecn = h[1] & 3;
	seg->ip_id = load_be16(h + 4);
	seg->ttl = h[8];
	seg->src.addr = addr_from_v4(h + 12);
	seg->dst.addr = addr_from_v4(h + 16);
	*p = span_skip(*p, ihl);
	return DROP_NONE;
}

/* Step over extension headers; on success @p starts at the TCP header. */
static enum drop skip_extensions(uint8_t next, struct span *p)
{
	for (int i = 0; i < EXTENSIONS_MAX && next != IPPROTO_TCP_NUMBER; i++) {
		size_t len;

		if (p->len < 8)
			return DROP_SHORT;
		if (next == NEXT_FRAGMENT) {
			if (load_be16(p->ptr + 2) & 0xfff9)
				return DROP_FRAGMENT;
			len = 8;
		} else if (next == NEXT_HOP_BY_HOP || next == NEXT_DESTINATION ||
			   (next == NEXT_ROUTING && p->ptr[3] == 0)) {
			len = ((size_t)p->ptr[1] + 1) * 8;
		} else {
			return DROP_NOT_TCP;
		}
		next = p->ptr[0];
		*p = span_skip(*p, len);
	}
	return next == IPPROTO_TCP_NUMBER ? DROP_NONE : DROP_NOT_TCP;
}

static enum drop decode_v6(struct segment *seg, struct span *p)
{
	const uint8_t *h = p->ptr;
	size_t len;

	if (p->len < IPV6_HEADER)
		return DROP_SHORT;
	len = load_be16(h + 4);
	if (len != 0 && len + IPV6_HEADER < p->len)
		*p = span_head(*p, len + IPV6_HEADER);
	seg->truncated = len == 0 || len + IPV6_HEADER > p->len;
	seg->dscp = (uint8_t)(load_be16(h) >> 6 & 63);
	seg->ecn = h[1] >> 4 & 3;
	seg->flow_label = load_be32(h) & 0xfffff;
	seg->ttl = h[7];
	seg->src.addr = addr_from_v6(h + 8);
	seg->dst.addr = addr_from_v6(h + 24);
	*p = span_skip(*p, IPV6_HEADER);
	return skip_extensions(h[6], p);
}

static bool flags_sane(uint16_t flags)
{
	uint16_t f = flags & (SEG_FIN | SEG_SYN | SEG_RST | SEG_ACK);

	return f != 0 && (f & (SEG_SYN | SEG_FIN)) != (SEG_SYN | SEG_FIN) &&
	       (f & (SEG_SYN | SEG_RST)) != (SEG_SYN | SEG_RST);
}

static enum drop decode_tcp(struct segment *seg, struct span p, enum checksum_state state)
{
	const uint8_t *h = p.ptr;
	size_t offset;

	if (p.len < TCP_HEADER_MIN)
		return DROP_SHORT;
	offset = (size_t)(h[12] >> 4) * 4;
	if (offset < TCP_HEADER_MIN || offset > p.len)
		return DROP_BAD_OFFSET;
	seg->src.port = load_be16(h);
	seg->dst.port = load_be16(h + 2);
	seg->seq = load_be32(h + 4);
	seg->ack = load_be32(h + 8);
	seg->flags = load_be16(h + 12) & 0x1ff;
	seg->wnd = load_be16(h + 14);
	if (state == CHECKSUM_UNVERIFIED && !seg->truncated &&
		checksum_tcp(&seg->src.addr, &seg->dst.addr, p) != 0)
		return DROP_BAD_CHECKSUM;
	if (!flags_sane(seg->flags))
		return DROP_BAD_FLAGS;
	if (!option_decode(seg, span_of(h + TCP_HEADER_MIN, offset - TCP_HEADER_MIN)))
		return DROP_BAD_OPTION;
	seg->payload[0] = span_skip(p, offset);
	/* the end of a truncated packet is not here yet: neither is what it announces */
	if (seg->truncated)
		seg->flags &= (uint16_t) ~(SEG_FIN | SEG_PSH);
	return DROP_NONE;
}

enum drop segment_decode(struct segment *seg, struct span packet, enum checksum_state state)
{
	enum drop why;

	memset(seg, 0, sizeof(*seg));
	if (packet.len < 1)
		return DROP_SHORT;
	switch (packet.ptr[0] >> 4) {
	case 4: why = decode_v4(seg, &packet); break;
	case 6: why = decode_v6(seg, &packet); break;
	default: return DROP_NOT_TCP;
	}
	return why == DROP_NONE ? decode_tcp(seg, packet, state) : why;
}
