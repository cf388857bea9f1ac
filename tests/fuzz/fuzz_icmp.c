/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fuzz_icmp.c - libFuzzer target: ICMP errors about TCP
 *
 * Input: a packet. Held: whatever is taken is an error about TCP by a second, plainer reading, with
 * the same numbers; and the error that a router would send about the input itself is taken.
 */
#include "base/bytes.h"
#include "gateway/packet/icmp.h"
#include "gateway/packet/segment.h"
#include "tests/fuzz/fuzz.h"

enum { ICMP = 1, TCP = 6, ICMP6 = 58 };

/* Offset of the quoted packet in an ICMP error; 0 if the packet is none. */
static size_t quote_offset(const uint8_t *p, size_t len)
{
	size_t ip = 40;

	if (len < 20)
		return 0;
	if (p[0] >> 4 == 4) {
		ip = (size_t)(p[0] & 15) * 4;
		if (ip < 20 || p[9] != ICMP || (p[6] & 0x1f) || p[7])
			return 0;
	} else if (p[0] >> 4 != 6 || len < 40 || p[6] != ICMP6) {
		return 0;
	}
	if (len < ip + 8)
		return 0;
	if (ip == 40 && p[0] >> 4 == 6)
		return p[ip] >= 1 && p[ip] < 128 ? ip + 8 : 0;
	return p[ip] == 3 || p[ip] == 4 || p[ip] == 5 || p[ip] == 11 || p[ip] == 12 ? ip + 8 : 0;
}

/* The quoted TCP header; NULL if what is quoted is no beginning of a TCP segment. */
static const uint8_t *quoted_tcp(const uint8_t *q, size_t len, bool v4)
{
	size_t ip = v4 && len ? (size_t)(q[0] & 15) * 4 : 40;

	if (len < (v4 ? 20 : 40) || q[0] >> 4 != (v4 ? 4 : 6) || ip < 20 || len < ip + 8)
		return NULL;
	if (q[v4 ? 9 : 6] != TCP || (v4 && ((q[6] & 0x1f) || q[7])))
		return NULL;
	return q + ip;
}

static void check_taken(const struct icmp_error *e, const uint8_t *p, size_t len)
{
	size_t at = quote_offset(p, len), size;
	const uint8_t *tcp, *quote = p + at;
	bool v4 = p[0] >> 4 == 4;

	held(at > 0, "taken, but no ICMP error");
	tcp = quoted_tcp(quote, len - at, v4);
	held(tcp != NULL, "taken, but not about TCP");
	size = v4 ? 4 : 16;
	held(e->src.addr.family == (v4 ? 4 : 6) && e->dst.addr.family == e->src.addr.family,
		"family");
	held(memcmp(e->src.addr.bytes, quote + (v4 ? 12 : 8), size) == 0, "source");
	held(memcmp(e->dst.addr.bytes, quote + (v4 ? 16 : 24), size) == 0, "destination");
	held(e->src.port == load_be16(tcp) && e->dst.port == load_be16(tcp + 2), "ports");
	held(e->seq == load_be32(tcp + 4), "sequence number");
	held(e->too_big == (v4 ? p[at - 8] == 3 && p[at - 7] == 4 : p[at - 8] == 2), "too big");
	if (e->too_big)
		held(e->mtu == (v4 ? load_be16(p + at - 2) : load_be32(p + at - 4)), "MTU");
}

/* "Too big" about the segment @quote, as much of it as fits. */
static size_t complain(uint8_t *p, struct span quote, uint16_t mtu)
{
	bool v4 = quote.ptr[0] >> 4 == 4;
	size_t ip = v4 ? 20 : 40;

	memset(p, 0, ip + 8);
	p[0] = v4 ? 0x45 : 0x60;
	p[v4 ? 9 : 6] = v4 ? ICMP : ICMP6;
	p[ip] = v4 ? 3 : 2;
	p[ip + 1] = v4 ? 4 : 0;
	store_be16(p + ip + 6, mtu);
	memcpy(p + ip + 8, quote.ptr, quote.len);
	return ip + 8 + quote.len;
}

/* An honest complaint about a segment that the gateway could have sent. */
static void complain_about(const struct segment *seg)
{
	uint8_t quote[SEGMENT_HEADER_MAX], packet[SEGMENT_HEADER_MAX + 48];
	struct icmp_error e;
	size_t l3, len;

	segment_encode(seg, quote, &l3);
	len = complain(packet, span_of(quote, l3 + 8), 1400);
	held(icmp_decode(&e, span_of(packet, len)), "an honest complaint is refused");
	held(e.too_big && e.mtu == 1400 && e.seq == seg->seq, "too big, MTU, number");
	held(e.src.port == seg->src.port && e.dst.port == seg->dst.port, "ports");
	held(addr_compare(&e.src.addr, &seg->src.addr) == 0, "source");
	held(addr_compare(&e.dst.addr, &seg->dst.addr) == 0, "destination");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = exact_copy(span_of(data, size));
	struct icmp_error e;
	struct segment seg;

	if (icmp_decode(&e, span_of(copy, size)))
		check_taken(&e, copy, size);
	if (segment_decode(&seg, span_of(copy, size), CHECKSUM_TRUSTED) == DROP_NONE)
		complain_about(&seg);
	free(copy);
	return 0;
}
