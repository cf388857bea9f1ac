/* SPDX-License-Identifier: GPL-3.0-or-later */
/* encode.c - struct segment to header bytes, and the few changes made to captured packets */
#include "base/bytes.h"
#include "gateway/packet/checksum.h"
#include "gateway/packet/option.h"
#include "gateway/packet/segment.h"

#include <stdio.h>

enum { IPV4_HEADER = 20, IPV6_HEADER = 40, TCP_HEADER = 20, PROTOCOL_TCP = 6 };

static void encode_v4(const struct segment *seg, uint8_t *h, size_t total)
{
	memset(h, 0, IPV4_HEADER);
	h[0] = 0x45;
	h[1] = (uint8_t)(seg->dscp << 2 | seg->ecn);
	store_be16(h + 2, (uint16_t)total);
	store_be16(h + 4, seg->ip_id);
	store_be16(h + 6, 0x4000); /* DF: path MTU discovery, RFC 1191 */
	h[8] = seg->ttl;
	h[9] = PROTOCOL_TCP;
	memcpy(h + 12, seg->src.addr.bytes, 4);
	memcpy(h + 16, seg->dst.addr.bytes, 4);
	store_be16(h + 10, checksum_finish(checksum_add(0, span_of(h, IPV4_HEADER))));
}

static void encode_v6(const struct segment *seg, uint8_t *h, size_t total)
{
	uint32_t class = (uint32_t)(seg->dscp << 2 | seg->ecn);

	store_be32(h, 6u << 28 | class << 20 | (seg->flow_label & 0xfffff));
	store_be16(h + 4, (uint16_t)(total - IPV6_HEADER));
	h[6] = PROTOCOL_TCP;
	h[7] = seg->ttl;
	memcpy(h + 8, seg->src.addr.bytes, 16);
	memcpy(h + 24, seg->dst.addr.bytes, 16);
}

static void encode_tcp(const struct segment *seg, uint8_t *h, size_t options, size_t l4_len)
{
	store_be16(h, seg->src.port);
	store_be16(h + 2, seg->dst.port);
	store_be32(h + 4, seg->seq);
	store_be32(h + 8, seg->ack);
	store_be16(h + 12, (uint16_t)((TCP_HEADER + options) / 4 << 12 | (seg->flags & 0x1ff)));
	store_be16(h + 14, seg->wnd);
	store_be16(h + 16, checksum_pseudo(&seg->src.addr, &seg->dst.addr, l4_len));
	store_be16(h + 18, 0);
}

size_t segment_encode(const struct segment *seg, uint8_t *buf, size_t *l3_len)
{
	bool v4 = seg->src.addr.family == 4;
	size_t ip = v4 ? IPV4_HEADER : IPV6_HEADER;
	size_t options = option_encode(seg, buf + ip + TCP_HEADER);
	size_t l4_len = TCP_HEADER + options + segment_payload_len(seg);

	if (v4)
		encode_v4(seg, buf, ip + l4_len);
	else
		encode_v6(seg, buf, ip + l4_len);
	encode_tcp(seg, buf + ip, options, l4_len);
	*l3_len = ip;
	return ip + TCP_HEADER + options;
}

/* Where TCP starts in a packet that segment_decode() has accepted without extension headers. */
static size_t l3_length(const uint8_t *packet)
{
	return packet[0] >> 4 == 4 ? (size_t)(packet[0] & 15) * 4 : IPV6_HEADER;
}

void segment_checksum(uint8_t *packet, size_t len)
{
	size_t ip = l3_length(packet);
	bool v4 = packet[0] >> 4 == 4;
	struct addr src = v4 ? addr_from_v4(packet + 12) : addr_from_v6(packet + 8);
	struct addr dst = v4 ? addr_from_v4(packet + 16) : addr_from_v6(packet + 24);

	store_be16(packet + ip + 16, 0);
	store_be16(packet + ip + 16, checksum_tcp(&src, &dst, span_of(packet + ip, len - ip)));
	if (v4) {
		store_be16(packet + 10, 0);
		store_be16(packet + 10, checksum_finish(checksum_add(0, span_of(packet, ip))));
	}
}

size_t segment_lower_mss(uint8_t *packet, size_t len, size_t overhead)
{
	size_t ip = l3_length(packet);
	uint8_t *tcp = packet + ip;
	size_t offset = (size_t)(tcp[12] >> 4) * 4;

	if (packet[0] >> 4 == 6 && packet[6] != PROTOCOL_TCP)
		return 0;
	if (!option_lower_mss(tcp + TCP_HEADER, offset - TCP_HEADER, overhead))
		return 0;
	segment_checksum(packet, len);
	return len;
}

size_t segment_strip(uint8_t *packet, size_t len)
{
	size_t ip = l3_length(packet);
	uint8_t *tcp = packet + ip;
	size_t offset = (size_t)(tcp[12] >> 4) * 4;

	if (packet[0] >> 4 == 6 && packet[6] != PROTOCOL_TCP)
		return 0;
	if (len > ip + offset)
		len = ip + offset;
	tcp[12] &= 0xf0; /* AE and the reserved bits: classic ECN is left (RFC 3168 6.1.1) */
	option_strip(tcp + TCP_HEADER, offset - TCP_HEADER);
	if (packet[0] >> 4 == 4)
		store_be16(packet + 2, (uint16_t)len);
	else
		store_be16(packet + 4, (uint16_t)(len - IPV6_HEADER));
	segment_checksum(packet, len);
	return len;
}

const char *segment_format(const struct segment *seg, char *buf, size_t size)
{
	static const char letters[] = "FSRP.UEWA";
	char from[ENDPOINT_TEXT], to[ENDPOINT_TEXT], flags[sizeof(letters)];
	size_t n = 0;

	for (size_t i = 0; i < sizeof(letters) - 1; i++) {
		if (seg->flags & 1u << i)
			flags[n++] = letters[i];
	}
	flags[n] = '\0';
	snprintf(buf, size, "%s > %s [%s] seq %u ack %u win %u len %u",
		endpoint_format(&seg->src, from), endpoint_format(&seg->dst, to), flags, seg->seq,
		seg->ack, seg->wnd, segment_payload_len(seg));
	return buf;
}
