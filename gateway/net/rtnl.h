/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rtnl.h - the few rtnetlink requests that the devices need (works where /proc/sys is read-only) */
#ifndef ATTLS_NET_RTNL_H
#define ATTLS_NET_RTNL_H

#include "gateway/packet/addr.h"

#include <libmnl/libmnl.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* What there is to know about a link. */
struct rtnl_link {
	unsigned index;
	bool is_tun; /* of kind "tun", and of type TUN rather than TAP */
	bool vnet_hdr;
	bool persist;
	bool has_owner;
	uid_t owner;
};

/* IPv4 settings of a device, as net.ipv4.conf.DEVICE.*. */
struct rtnl_conf {
	bool forwarding;
	bool accept_local;
	uint32_t rp_filter;
};

/* Each returns 0 or a negative error number. */

/** netlink_transact() - send @nlh on @bus, hand answers to @cb until the last one or an error */
int netlink_transact(int bus, struct nlmsghdr *nlh, mnl_cb_t cb, void *data);

/** rtnl_link_get() - -ENODEV if there is no such link */
int rtnl_link_get(const char *name, struct rtnl_link *link);

/** rtnl_link_configure() - set all of @conf */
int rtnl_link_configure(unsigned index, const struct rtnl_conf *conf);

/** rtnl_link_no_autoconf() - no IPv6 address, and so no talk, of the kernel's own making */
int rtnl_link_no_autoconf(unsigned index);

int rtnl_link_up(unsigned index);
int rtnl_link_delete(unsigned index);

/** rtnl_addr_add() - an IPv4 host address of link scope; it may be there already */
int rtnl_addr_add(unsigned index, const struct addr *a);

#endif
