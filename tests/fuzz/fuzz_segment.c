/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fuzz_segment.c - libFuzzer target: IP, TCP and option parser, encoder, checksum, strip, texts
 *
 * Input: one byte, then a packet. Held: what is decoded, encoded and decoded again is the same, and
 * has a checksum that a plainer sum agrees with; a stripped handshake packet decodes with a right
 * checksum, without payload and without the options taken out, and with all others.
 */
#include "base/bytes.h"
#include "gateway/packet/checksum.h"
#include "gateway/packet/option.h"
#include "gateway/packet/segment.h"
#include "tests/fuzz/fuzz.h"

enum { IP_MAX = 65535 };

/* A truncated segment with nothing but FIN is left without any of these. */
enum { SANE = SEG_SYN | SEG_FIN | SEG_RST | SEG_ACK };

/* What may not be left in a handshake. */
enum { PROMISES = SEG_AE };

/* What the struct says and the encoder does not write. */
enum { NOT_ENCODED = SEG_OPT_AUTH | SEG_OPT_STRIP };

static bool endpoint_same(const struct endpoint *a, const struct endpoint *b)
{
	return a->port == b->port && addr_compare(&a->addr, &b->addr) == 0;
}

static void compare_headers(const struct segment *a, const struct segment *b)
{
	held(endpoint_same(&a->src, &b->src) && endpoint_same(&a->dst, &b->dst), "endpoints");
	held(a->seq == b->seq && a->ack == b->ack && a->wnd == b->wnd, "numbers");
	held(a->ttl == b->ttl && a->dscp == b->dscp && a->ecn == b->ecn, "IP header");
	held(a->flow_label == b->flow_label && a->ip_id == b->ip_id, "flow label, id");
	held(a->mss == b->mss && a->wscale == b->wscale, "MSS, scale");
	held(a->ts_val == b->ts_val && a->ts_ecr == b->ts_ecr, "timestamps");
}

static void compare_payload(const struct segment *a, const struct segment *b)
{
	held(a->payload[1].len == 0 && b->payload[1].len == 0, "decode uses one piece");
	held(span_equal(a->payload[0], b->payload[0]), "payload");
}

/* One's complement sum of 16-bit words as RFC 1071 has it. */
static uint16_t plain_sum(const struct segment *seg, struct span tcp)
{
	size_t size = seg->src.addr.family == 4 ? 4 : 16;
	uint32_t sum = 6 + (uint32_t)tcp.len;

	for (size_t i = 0; i < size; i += 2)
		sum += load_be16(seg->src.addr.bytes + i) + load_be16(seg->dst.addr.bytes + i);
	for (size_t i = 0; i < tcp.len; i++) {
		sum += i % 2 ? tcp.ptr[i] : (uint32_t)tcp.ptr[i] << 8;
		sum = (sum & 0xffff) + (sum >> 16);
	}
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/* Any single bit of TCP, other than in the fields judged first, is a wrong checksum. */
static void damage(uint8_t *packet, size_t len, size_t l3, uint8_t where)
{
	size_t size = len - l3, at = size ? l3 + where % size : l3;
	struct segment seg;
	enum drop why;

	packet[at] ^= (uint8_t)(1u << where % 8);
	why = segment_decode(&seg, span_of(packet, len), CHECKSUM_UNVERIFIED);
	held(why == DROP_BAD_CHECKSUM || why == DROP_BAD_OFFSET, "%s", drop_name(why));
}

/* The bytes of @seg with a complete checksum; owned. */
static uint8_t *encode(const struct segment *seg, size_t *len, size_t *l3)
{
	uint8_t *header = malloc(SEGMENT_HEADER_MAX), *packet;
	size_t n = segment_encode(seg, header, l3), data = seg->payload[0].len;

	held(n <= SEGMENT_HEADER_MAX, "%zu bytes of header", n);
	packet = malloc(n + data);
	memcpy(packet, header, n);
	if (data)
		memcpy(packet + n, seg->payload[0].ptr, data);
	free(header);
	*len = n + data;
	segment_checksum(packet, *len);
	return packet;
}

static void round_trip(const struct segment *seg, uint8_t where)
{
	size_t len, l3;
	uint8_t *packet;
	struct segment again;
	enum drop why;

	packet = encode(seg, &len, &l3);
	why = segment_decode(&again, span_of(packet, len), CHECKSUM_UNVERIFIED);
	held(why == DROP_NONE, "our own packet is dropped: %s", drop_name(why));
	compare_headers(seg, &again);
	compare_payload(seg, &again);
	held(again.flags == seg->flags, "flags");
	held(again.options == (seg->options & ~NOT_ENCODED), "options %x", again.options);
	held(again.sack_count <= seg->sack_count, "more blocks than before");
	held(memcmp(again.sack, seg->sack, again.sack_count * sizeof(again.sack[0])) == 0, "SACK");
	held(!again.truncated, "our own packet is truncated");
	held(plain_sum(seg, span_of(packet + l3, len - l3)) == 0, "checksum");
	damage(packet, len, l3, where);
	free(packet);
}

static void strip(struct span packet)
{
	uint8_t *copy = exact_copy(packet);
	struct segment before, after;
	enum drop why;
	size_t len;

	segment_decode(&before, packet, CHECKSUM_TRUSTED);
	len = segment_strip(copy, packet.len);
	held(len <= packet.len, "longer than before");
	if (len == 0) {
		held(memcmp(copy, packet.ptr, packet.len) == 0, "refused, but changed");
		free(copy);
		return;
	}
	why = segment_decode(&after, span_of(copy, len), CHECKSUM_UNVERIFIED);
	held(why == DROP_NONE, "stripped and dropped: %s", drop_name(why));
	compare_headers(&before, &after);
	held(!after.truncated && segment_payload_len(&after) == 0, "payload is left");
	/* no ECN; what a truncated capture announces behind its end is seen once it is cut off */
	held(((before.flags ^ after.flags) & ~(PROMISES | SEG_FIN | SEG_PSH)) == 0, "flags");
	held(!(after.flags & PROMISES), "accurate ECN is promised");
	held(after.options == (before.options & ~SEG_OPT_STRIP), "options %x", after.options);
	held(after.sack_count == before.sack_count, "SACK blocks");
	free(copy);
}

static void texts(const struct segment *seg, size_t size)
{
	char text[ENDPOINT_TEXT], *line = malloc(size);
	struct endpoint again;

	memset(&again, 0, sizeof(again));
	held(endpoint_parse(endpoint_format(&seg->src, text), &again), "%s", text);
	held(endpoint_same(&again, &seg->src), "%s", text);
	segment_format(seg, line, size);
	held(strlen(line) < size, "line");
	free(line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = span_of(data, size), packet;
	struct segment seg, strict;
	uint8_t where = feed_byte(&in), *copy = exact_copy(in);
	enum drop why, why_strict;

	packet = span_of(copy, in.len);
	why = segment_decode(&seg, packet, CHECKSUM_TRUSTED);
	why_strict = segment_decode(&strict, packet, CHECKSUM_UNVERIFIED);
	held(why_strict == why || why_strict == DROP_BAD_CHECKSUM, "%s", drop_name(why_strict));
	held(drop_name(why)[0] != '\0', "no name");
	if (why == DROP_NONE) {
		held(seg.payload[0].len <= packet.len && !seg.payload[1].len, "payload");
		if (segment_payload_len(&seg) + SEGMENT_HEADER_MAX <= IP_MAX && seg.flags & SANE)
			round_trip(&seg, where);
		if (seg.flags & SEG_SYN)
			strip(packet);
		texts(&seg, 1 + where);
	}
	free(copy);
	return 0;
}
