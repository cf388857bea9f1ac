/* SPDX-License-Identifier: GPL-3.0-or-later */
/* bpf.c - classic BPF programs for "-m bpf --bytecode", as text */
#include "gateway/net/bpf.h"

#include <stdio.h>

/* One instruction is "code jt jf k"; a program is their number and they. */
#define LDX_IP_HEADER_LEN "177 0 0 0" /* X = 4 * (packet[0] & 15) */
#define LD_LEN            "128 0 0 0" /* A = length of the packet */
#define AND_F0            "84 0 0 240"
#define RSH_2             "116 0 0 2"
#define RSH_16            "116 0 0 16"
#define MUL_GOLDEN        "36 0 0 2654435761" /* Knuth: 2^32 over the golden ratio */
#define ADD_X             "12 0 0 0"
#define ADD_40            "4 0 0 40"
#define TAX               "7 0 0 0"
#define MATCH             "6 0 0 65535"
#define NO_MATCH          "6 0 0 0"

const char *bpf_worker(
	char *buf, uint8_t family, enum bpf_port port, unsigned workers, unsigned index)
{
	if (family == 4)
		snprintf(buf, BPF_TEXT,
			"8," LDX_IP_HEADER_LEN ",72 0 0 %d," MUL_GOLDEN "," RSH_16
			",148 0 0 %u,21 0 1 %u," MATCH "," NO_MATCH,
			port, workers, index);
	else
		snprintf(buf, BPF_TEXT,
			"7,40 0 0 %d," MUL_GOLDEN "," RSH_16 ",148 0 0 %u,21 0 1 %u," MATCH
			"," NO_MATCH,
			40 + port, workers, index);
	return buf;
}

const char *bpf_no_payload(uint8_t family)
{
	if (family == 4) /* X = both headers; no match if the length is more */
		return "10," LDX_IP_HEADER_LEN ",80 0 0 12," AND_F0 "," RSH_2 "," ADD_X "," TAX
		       "," LD_LEN ",45 1 0 0," MATCH "," NO_MATCH;
	return "11,48 0 0 6,21 0 8 6,48 0 0 52," AND_F0 "," RSH_2 "," ADD_40 "," TAX "," LD_LEN
	       ",45 1 0 0," MATCH "," NO_MATCH;
}

const char *bpf_fragment4(void)
{
	return "4,40 0 0 6,69 0 1 16383," MATCH "," NO_MATCH; /* MF, or an offset */
}

const char *bpf_icmp_tcp(uint8_t family)
{
	if (family == 4) /* the inner header starts after 8 bytes of ICMP */
		return "5," LDX_IP_HEADER_LEN ",80 0 0 17,21 0 1 6," MATCH "," NO_MATCH;
	return "4,48 0 0 54,21 0 1 6," MATCH "," NO_MATCH;
}
