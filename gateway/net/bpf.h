/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * bpf.h - classic BPF programs for "-m bpf --bytecode", as text
 *
 * Offsets count from the IP header. IPv4 programs honour its length; IPv6 programs take the TCP
 * header to stand at 40, and say what happens where it does not. The length is the packet's own
 * (skb->len), so packets above 64 KB, whose length field is 0, are judged right too.
 */
#ifndef ATTLS_NET_BPF_H
#define ATTLS_NET_BPF_H

#include <stdint.h>

/* Which port of a packet chooses the worker. */
enum bpf_port { BPF_SPORT = 0, BPF_DPORT = 2 };

enum { BPF_TEXT = 256 };

/**
 * bpf_worker() - matches if worker @index of @workers owns the flow
 * The hash is ((port * 2654435761) mod 2^32 >> 16) mod @workers. IPv6 packets with extension
 * headers hash whatever stands at 40: still always the same worker for the same bytes.
 * @buf: of BPF_TEXT bytes. Return: @buf
 */
const char *bpf_worker(
	char *buf, uint8_t family, enum bpf_port port, unsigned workers, unsigned index);

/** bpf_no_payload() - matches TCP packets without payload; never IPv6 with extension headers */
const char *bpf_no_payload(uint8_t family);

/** bpf_fragment4() - matches every IPv4 fragment, the first one included */
const char *bpf_fragment4(void);

/** bpf_icmp_tcp() - matches ICMP errors about a TCP packet (@family's ICMP) */
const char *bpf_icmp_tcp(uint8_t family);

#endif
