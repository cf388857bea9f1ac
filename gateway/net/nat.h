/* SPDX-License-Identifier: GPL-3.0-or-later */
/* nat.h - whether anything in this network namespace can translate addresses */
#ifndef ATTLS_NET_NAT_H
#define ATTLS_NET_NAT_H

#include <stdbool.h>
#include <stdint.h>

/**
 * nat_present() - whether there is a chain for NAT of @family (4 or 6), be it empty
 * Looks at nftables, which iptables-nft is a part of, and at the tables of iptables-legacy. What
 * cannot be looked at counts as present.
 */
bool nat_present(uint8_t family);

#endif
