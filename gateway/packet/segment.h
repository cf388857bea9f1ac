/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * segment.h - a TCP segment with its IP header as a plain struct in host order
 *
 * Bytes become a struct segment once, here; ranks above never see a raw header. Decode and encode
 * are inverses for everything that the struct can say.
 */
#ifndef ATTLS_PACKET_SEGMENT_H
#define ATTLS_PACKET_SEGMENT_H

#include "gateway/packet/addr.h"
#include "gateway/packet/drop.h"

/* Control bits, as in the header (RFC 9293 3.1). */
enum segment_flag {
	SEG_FIN = 0x01,
	SEG_SYN = 0x02,
	SEG_RST = 0x04,
	SEG_PSH = 0x08,
	SEG_ACK = 0x10,
	SEG_URG = 0x20,
	SEG_ECE = 0x40,
	SEG_CWR = 0x80,
	SEG_AE = 0x100, /* RFC 9768 */
};

/* Which options a segment carries. */
enum segment_option {
	SEG_OPT_MSS = 0x01,     /* RFC 9293 3.7.1 */
	SEG_OPT_WSCALE = 0x02,  /* RFC 7323 2 */
	SEG_OPT_SACK_OK = 0x04, /* RFC 2018 2 */
	SEG_OPT_TS = 0x08,      /* RFC 7323 3 */
	SEG_OPT_AUTH = 0x10,    /* MD5 (kind 19) or TCP-AO (29): cannot be impersonated */
	SEG_OPT_STRIP = 0x20,   /* TFO, MPTCP, AccECN: to be taken out of a handshake */
};

enum { SEGMENT_SACKS = 4, SEGMENT_HEADER_MAX = 40 + 60 };

/* Sequence numbers [from, to), modulo 2^32. */
struct sack_block {
	uint32_t from;
	uint32_t to;
};

struct segment {
	struct endpoint src;
	struct endpoint dst;
	uint32_t seq;
	uint32_t ack;
	uint16_t flags;  /* SEG_* control bits */
	uint16_t wnd;    /* as in the header: unscaled */
	uint16_t mss;    /* valid with SEG_OPT_MSS */
	uint8_t options; /* SEG_OPT_* */
	uint8_t wscale;  /* valid with SEG_OPT_WSCALE */
	uint32_t ts_val; /* valid with SEG_OPT_TS */
	uint32_t ts_ecr;
	uint8_t sack_count;
	struct sack_block sack[SEGMENT_SACKS];
	uint8_t ttl;         /* TTL or hop limit */
	uint8_t dscp;        /* 6 bits */
	uint8_t ecn;         /* 2 bits, RFC 3168 5 */
	uint32_t flow_label; /* IPv6, 20 bits */
	uint16_t ip_id;      /* IPv4; encode only */
	/* Encode: bytes per segment when the kernel is to cut this one up; 0: not to be cut. */
	uint16_t gso_size;
	bool truncated; /* decode: the capture is shorter than the packet was */
	/* The data: decode fills the first; encode sends both in order. Borrowed. */
	struct span payload[2];
};

/* How far the checksum of a captured packet can be trusted. */
enum checksum_state { CHECKSUM_TRUSTED, CHECKSUM_UNVERIFIED };

static inline uint32_t segment_payload_len(const struct segment *s)
{
	return (uint32_t)(s->payload[0].len + s->payload[1].len);
}

/* Sequence space used: payload plus one for SYN and one for FIN (RFC 9293 3.4). */
static inline uint32_t segment_len(const struct segment *s)
{
	return segment_payload_len(s) + !!(s->flags & SEG_SYN) + !!(s->flags & SEG_FIN);
}

/**
 * segment_decode() - read a captured IPv4 or IPv6 packet that carries TCP
 * @seg:    filled in; its payload borrows from @packet
 * @packet: from the first byte of the IP header
 * @state:  CHECKSUM_UNVERIFIED has the TCP checksum computed and compared
 * Return: DROP_NONE, or why the packet cannot be taken.
 */
enum drop segment_decode(struct segment *seg, struct span packet, enum checksum_state state);

/**
 * segment_encode() - write IP and TCP headers for @seg (the payload is not copied)
 * @buf:  at least SEGMENT_HEADER_MAX bytes
 * The TCP checksum field holds the pseudo-header sum only, for the kernel to complete
 * (virtio_net_hdr NEEDS_CSUM); *@l3_len is set to where the TCP header starts.
 * Return: bytes written.
 */
size_t segment_encode(const struct segment *seg, uint8_t *buf, size_t *l3_len);

/**
 * segment_checksum() - complete the TCP checksum of a whole packet in place
 * For packets that do not go through a device that does it. @packet is IP + TCP + data.
 */
void segment_checksum(uint8_t *packet, size_t len);

/**
 * segment_strip() - rewrite a captured SYN or SYN-ACK so that it promises only what we can keep
 * @packet: the capture, changed in place: options of SEG_OPT_STRIP become NOPs, AE is cleared,
 *          which leaves classic ECN, payload is cut off, lengths and checksums are corrected
 * Return: the new length in bytes; 0 if extension headers stand in the way, nothing is changed.
 */
size_t segment_strip(uint8_t *packet, size_t len);

/**
 * segment_lower_mss() - lower the MSS of a captured SYN or SYN-ACK, in place
 *
 * By its share of @overhead, bytes that encryption adds to 64 KB: what the receiver then sends as
 * one super-segment of whole segments is one still when it is encrypted, with no small segment
 * behind it.
 * Return: @len; 0 if there is nothing to lower or extension headers stand in the way.
 */
size_t segment_lower_mss(uint8_t *packet, size_t len, size_t overhead);

/** segment_format() - one line like tcpdump's, into @buf. Return: @buf */
const char *segment_format(const struct segment *seg, char *buf, size_t size);

#endif
