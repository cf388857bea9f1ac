/* SPDX-License-Identifier: GPL-3.0-or-later */
/* checksum.c - the internet checksum (RFC 1071) and TCP's pseudo header (RFC 9293 3.1) */
#include "gateway/packet/checksum.h"

#include "base/bytes.h"

enum { PROTOCOL_TCP = 6 };

static uint32_t fold(uint64_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint32_t)sum;
}

uint32_t checksum_add(uint32_t sum, struct span s)
{
	uint64_t wide = sum;
	size_t i;

	for (i = 0; i + 4 <= s.len; i += 4)
		wide += load_be32(s.ptr + i);
	if (i + 2 <= s.len) {
		wide += load_be16(s.ptr + i);
		i += 2;
	}
	if (i < s.len)
		wide += (uint32_t)s.ptr[i] << 8;
	return fold(wide);
}

uint16_t checksum_finish(uint32_t sum)
{
	return (uint16_t)~fold(sum);
}

uint16_t checksum_pseudo(const struct addr *src, const struct addr *dst, size_t len)
{
	size_t size = src->family == 4 ? 4 : 16;
	uint32_t sum = checksum_add(PROTOCOL_TCP, span_of(src->bytes, size));

	sum = checksum_add(sum, span_of(dst->bytes, size));
	return (uint16_t)fold((uint64_t)sum + len);
}

uint16_t checksum_tcp(const struct addr *src, const struct addr *dst, struct span tcp)
{
	return checksum_finish(checksum_add(checksum_pseudo(src, dst, tcp.len), tcp));
}
