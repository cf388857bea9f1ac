/* SPDX-License-Identifier: GPL-3.0-or-later */
/* nat.c - whether anything in this network namespace can translate addresses */
#include "gateway/net/nat.h"

#include "gateway/net/rtnl.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdio.h>
#include <string.h>

struct search {
	uint8_t family; /* NFPROTO_IPV4 or NFPROTO_IPV6 */
	bool found;
};

static int see_chain(const struct nlmsghdr *nlh, void *data)
{
	const struct nfgenmsg *head = mnl_nlmsg_get_payload(nlh);
	struct search *s = data;
	const struct nlattr *a;

	if (head->nfgen_family != s->family && head->nfgen_family != NFPROTO_INET)
		return MNL_CB_OK;
	mnl_attr_for_each(a, nlh, sizeof(*head))
	{
		if (mnl_attr_get_type(a) == NFTA_CHAIN_TYPE &&
			mnl_attr_validate(a, MNL_TYPE_NUL_STRING) == 0 &&
			strcmp(mnl_attr_get_str(a), "nat") == 0)
			s->found = true;
	}
	return MNL_CB_OK;
}

/* A kernel without nf_tables says EINVAL to any request for it. */
static bool nft_has_nat(uint8_t family)
{
	char buf[MNL_NLMSG_HDRLEN + MNL_ALIGN(sizeof(struct nfgenmsg))];
	struct search s = {.family = family == 4 ? NFPROTO_IPV4 : NFPROTO_IPV6};
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct nfgenmsg *head;
	int error;

	nlh->nlmsg_type = (NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_GETCHAIN;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	head = mnl_nlmsg_put_extra_header(nlh, sizeof(*head));
	head->nfgen_family = NFPROTO_UNSPEC;
	head->version = NFNETLINK_V0;
	error = netlink_transact(NETLINK_NETFILTER, nlh, see_chain, &s);
	return s.found || (error < 0 && error != -EINVAL && error != -EOPNOTSUPP);
}

/* One name a line; the file is absent where the kernel has no such tables. */
static bool legacy_has_nat(uint8_t family)
{
	FILE *in = fopen(
		family == 4 ? "/proc/net/ip_tables_names" : "/proc/net/ip6_tables_names", "re");
	char line[64];
	bool found = false;

	if (!in)
		return errno != ENOENT;
	while (!found && fgets(line, sizeof(line), in))
		found = strcmp(line, "nat\n") == 0;
	fclose(in);
	return found;
}

bool nat_present(uint8_t family)
{
	return nft_has_nat(family) || legacy_has_nat(family);
}
