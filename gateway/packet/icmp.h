/* SPDX-License-Identifier: GPL-3.0-or-later */
/* icmp.h - ICMP errors about TCP: whose segment, and what is wrong with it (RFC 792, 4443) */
#ifndef ATTLS_PACKET_ICMP_H
#define ATTLS_PACKET_ICMP_H

#include "gateway/packet/addr.h"

struct icmp_error {
	struct endpoint src; /* of the segment complained about, as it was sent */
	struct endpoint dst;
	uint32_t seq;
	bool too_big; /* fragmentation needed, packet too big */
	uint32_t mtu; /* with @too_big: of the next hop; 0: not told (RFC 1191 5) */
};

/** icmp_decode() - from the first byte of the IP header; false if it is no error about TCP */
bool icmp_decode(struct icmp_error *e, struct span packet);

#endif
