/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rtnl.c - the few rtnetlink requests that the devices need */
#include "gateway/net/rtnl.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/if_tun.h>
#include <linux/ip.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum { REQUEST_SIZE = 1024 };

int netlink_transact(int bus, struct nlmsghdr *nlh, mnl_cb_t cb, void *data)
{
	struct mnl_socket *nl = mnl_socket_open2(bus, SOCK_CLOEXEC);
	unsigned seq = (unsigned)time(NULL);
	char buf[32768];
	int err = 0;
	ssize_t n;

	if (!nl)
		return -errno;
	nlh->nlmsg_seq = seq;
	if (mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) < 0 ||
		mnl_socket_sendto(nl, nlh, nlh->nlmsg_len) < 0) {
		err = -errno;
		mnl_socket_close(nl);
		return err;
	}
	do {
		n = mnl_socket_recvfrom(nl, buf, sizeof(buf));
		if (n >= 0)
			n = mnl_cb_run(buf, (size_t)n, seq, mnl_socket_get_portid(nl), cb, data);
		if (n < 0)
			err = -errno;
	} while (n > MNL_CB_STOP);
	mnl_socket_close(nl);
	return err;
}

static struct nlmsghdr *link_request(char *buf, uint16_t type, unsigned index)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct ifinfomsg *ifi;

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	ifi = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifi));
	ifi->ifi_family = AF_UNSPEC;
	ifi->ifi_index = (int)index;
	return nlh;
}

static void read_tun(const struct nlattr *data, struct rtnl_link *link)
{
	const struct nlattr *a;

	mnl_attr_for_each_nested(a, data)
	{
		switch (mnl_attr_get_type(a)) {
		case IFLA_TUN_TYPE: link->is_tun = mnl_attr_get_u8(a) == IFF_TUN; break;
		case IFLA_TUN_VNET_HDR: link->vnet_hdr = mnl_attr_get_u8(a); break;
		case IFLA_TUN_PERSIST: link->persist = mnl_attr_get_u8(a); break;
		case IFLA_TUN_OWNER:
			link->has_owner = true;
			link->owner = mnl_attr_get_u32(a);
			break;
		}
	}
}

static int read_link(const struct nlmsghdr *nlh, void *data)
{
	const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *a, *info;
	struct rtnl_link *link = data;
	bool kind_is_tun = false;

	link->index = (unsigned)ifi->ifi_index;
	mnl_attr_for_each(a, nlh, sizeof(*ifi))
	{
		if (mnl_attr_get_type(a) != IFLA_LINKINFO)
			continue;
		mnl_attr_for_each_nested(info, a)
		{
			if (mnl_attr_get_type(info) == IFLA_INFO_KIND)
				kind_is_tun = strcmp(mnl_attr_get_str(info), "tun") == 0;
			else if (mnl_attr_get_type(info) == IFLA_INFO_DATA && kind_is_tun)
				read_tun(info, link);
		}
	}
	return MNL_CB_OK;
}

int rtnl_link_get(const char *name, struct rtnl_link *link)
{
	char buf[REQUEST_SIZE];
	struct nlmsghdr *nlh = link_request(buf, RTM_GETLINK, 0);

	*link = (struct rtnl_link){0};
	mnl_attr_put_strz(nlh, IFLA_IFNAME, name);
	return netlink_transact(NETLINK_ROUTE, nlh, read_link, link);
}

int rtnl_link_configure(unsigned index, const struct rtnl_conf *conf)
{
	char buf[REQUEST_SIZE];
	struct nlmsghdr *nlh = link_request(buf, RTM_SETLINK, index);
	struct nlattr *spec = mnl_attr_nest_start(nlh, IFLA_AF_SPEC);
	struct nlattr *inet = mnl_attr_nest_start(nlh, AF_INET);
	struct nlattr *values = mnl_attr_nest_start(nlh, IFLA_INET_CONF);

	mnl_attr_put_u32(nlh, IPV4_DEVCONF_FORWARDING, conf->forwarding);
	mnl_attr_put_u32(nlh, IPV4_DEVCONF_ACCEPT_LOCAL, conf->accept_local);
	mnl_attr_put_u32(nlh, IPV4_DEVCONF_RP_FILTER, conf->rp_filter);
	mnl_attr_nest_end(nlh, values);
	mnl_attr_nest_end(nlh, inet);
	mnl_attr_nest_end(nlh, spec);
	return netlink_transact(NETLINK_ROUTE, nlh, NULL, NULL);
}

int rtnl_link_no_autoconf(unsigned index)
{
	char buf[REQUEST_SIZE];
	struct nlmsghdr *nlh = link_request(buf, RTM_SETLINK, index);
	struct nlattr *spec = mnl_attr_nest_start(nlh, IFLA_AF_SPEC);
	struct nlattr *inet6 = mnl_attr_nest_start(nlh, AF_INET6);

	mnl_attr_put_u8(nlh, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
	mnl_attr_nest_end(nlh, inet6);
	mnl_attr_nest_end(nlh, spec);
	return netlink_transact(NETLINK_ROUTE, nlh, NULL, NULL);
}

int rtnl_link_up(unsigned index)
{
	char buf[REQUEST_SIZE];
	struct nlmsghdr *nlh = link_request(buf, RTM_NEWLINK, index);
	struct ifinfomsg *ifi = mnl_nlmsg_get_payload(nlh);

	ifi->ifi_flags = IFF_UP;
	ifi->ifi_change = IFF_UP;
	return netlink_transact(NETLINK_ROUTE, nlh, NULL, NULL);
}

int rtnl_link_delete(unsigned index)
{
	char buf[REQUEST_SIZE];

	return netlink_transact(NETLINK_ROUTE, link_request(buf, RTM_DELLINK, index), NULL, NULL);
}

int rtnl_addr_add(unsigned index, const struct addr *a)
{
	char buf[REQUEST_SIZE];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct ifaddrmsg *ifa;
	int err;

	nlh->nlmsg_type = RTM_NEWADDR;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL;
	ifa = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifa));
	ifa->ifa_family = AF_INET;
	ifa->ifa_prefixlen = 32;
	ifa->ifa_scope = RT_SCOPE_LINK;
	ifa->ifa_index = index;
	mnl_attr_put(nlh, IFA_LOCAL, 4, a->bytes);
	mnl_attr_put(nlh, IFA_ADDRESS, 4, a->bytes);
	err = netlink_transact(NETLINK_ROUTE, nlh, NULL, NULL);
	return err == -EEXIST ? 0 : err;
}
