/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sockdiag.c - what the kernel knows of a socket: one sock_diag request, answered at once */
#include "gateway/worker/sockdiag.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

bool sockdiag_open(struct sockdiag *d, struct err_list *err)
{
	d->fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	if (d->fd < 0)
		err_add(err, "socket owners: sock_diag: %s", strerror(errno));
	return d->fd >= 0;
}

void sockdiag_close(struct sockdiag *d)
{
	if (d->fd >= 0)
		close(d->fd);
	d->fd = -1;
}

struct request {
	struct nlmsghdr nlh;
	struct inet_diag_req_v2 diag;
};

static struct request request_for(const struct tuple *key, uint32_t interface)
{
	struct request r = {
		.nlh = {.nlmsg_len = sizeof(r),
			.nlmsg_type = SOCK_DIAG_BY_FAMILY,
			.nlmsg_flags = NLM_F_REQUEST},
		.diag = {.sdiag_family = key->local.addr.family == 4 ? AF_INET : AF_INET6,
			.sdiag_protocol = IPPROTO_TCP,
			.idiag_states = ~0u,
			.id = {.idiag_sport = htons(key->local.port),
				.idiag_dport = htons(key->remote.port),
				.idiag_if = interface,
				.idiag_cookie = {INET_DIAG_NOCOOKIE, INET_DIAG_NOCOOKIE}}},
	};

	memcpy(r.diag.id.idiag_src, key->local.addr.bytes, 16);
	memcpy(r.diag.id.idiag_dst, key->remote.addr.bytes, 16);
	return r;
}

static void take_message(struct socket_facts *facts, struct nlmsghdr *nlh)
{
	const struct inet_diag_msg *msg = NLMSG_DATA(nlh);
	struct rtattr *attr = (struct rtattr *)((char *)nlh + NLMSG_SPACE(sizeof(*msg)));
	int left = (int)nlh->nlmsg_len - (int)NLMSG_SPACE(sizeof(*msg));

	*facts = (struct socket_facts){
		.uid = msg->idiag_uid,
		.inode = msg->idiag_inode,
		.cookie = msg->id.idiag_cookie[0] | (uint64_t)msg->id.idiag_cookie[1] << 32,
	};
	for (; RTA_OK(attr, left); attr = RTA_NEXT(attr, left)) {
		if (attr->rta_type == INET_DIAG_CGROUP_ID && RTA_PAYLOAD(attr) == sizeof(uint64_t))
			memcpy(&facts->cgroup, RTA_DATA(attr), sizeof(uint64_t));
	}
}

bool sockdiag_find(const struct sockdiag *d, const struct tuple *key, uint32_t interface,
	struct socket_facts *facts)
{
	struct request r = request_for(key, interface);
	union {
		struct nlmsghdr nlh;
		char bytes[4096];
	} reply;
	ssize_t got;

	if (send(d->fd, &r, sizeof(r), 0) < 0)
		return false;
	got = recv(d->fd, &reply, sizeof(reply), MSG_DONTWAIT);
	if (got < (ssize_t)NLMSG_LENGTH(sizeof(struct inet_diag_msg)) ||
		reply.nlh.nlmsg_len > (size_t)got || reply.nlh.nlmsg_type != SOCK_DIAG_BY_FAMILY)
		return false;
	take_message(facts, &reply.nlh);
	/* in TIME-WAIT, or closed by its process: there is no user any more */
	return facts->inode != 0;
}

bool sockdiag_find_listener(const struct sockdiag *d, const struct endpoint *local,
	uint32_t interface, struct socket_facts *facts)
{
	struct tuple any = {.local = *local, .remote.addr.family = local->addr.family};

	return sockdiag_find(d, &any, interface, facts);
}
