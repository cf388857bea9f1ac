/* SPDX-License-Identifier: GPL-3.0-or-later */
/* checksum.h - the internet checksum (RFC 1071) and TCP's pseudo header (RFC 9293 3.1) */
#ifndef ATTLS_PACKET_CHECKSUM_H
#define ATTLS_PACKET_CHECKSUM_H

#include "gateway/packet/addr.h"

/** checksum_add() - add @s to a running sum; only the last piece may have an odd length */
uint32_t checksum_add(uint32_t sum, struct span s);

/** checksum_finish() - fold and complement */
uint16_t checksum_finish(uint32_t sum);

/** checksum_pseudo() - folded, not complemented sum of the pseudo header for @len bytes of TCP */
uint16_t checksum_pseudo(const struct addr *src, const struct addr *dst, size_t len);

/** checksum_tcp() - of header and data @tcp; 0 when the checksum inside is right */
uint16_t checksum_tcp(const struct addr *src, const struct addr *dst, struct span tcp);

#endif
