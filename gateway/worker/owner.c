/* SPDX-License-Identifier: GPL-3.0-or-later */
/* owner.c - whose socket a connection is: one sock_diag request, answered by the kernel at once */
#include "gateway/worker/owner.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

bool owner_open(struct owner_source *o, struct err_list *err)
{
	o->fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	if (o->fd < 0)
		err_add(err, "socket owners: sock_diag: %s", strerror(errno));
	return o->fd >= 0;
}

void owner_close(struct owner_source *o)
{
	if (o->fd >= 0)
		close(o->fd);
	o->fd = -1;
}

struct request {
	struct nlmsghdr nlh;
	struct inet_diag_req_v2 diag;
};

static struct request request_for(const struct tuple *key)
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
				.idiag_cookie = {INET_DIAG_NOCOOKIE, INET_DIAG_NOCOOKIE}}},
	};

	memcpy(r.diag.id.idiag_src, key->local.addr.bytes, 16);
	memcpy(r.diag.id.idiag_dst, key->remote.addr.bytes, 16);
	return r;
}

/* Ask for the socket of @key. Return: false if there is none, or only what is left of one. */
static bool lookup(const struct owner_source *o, const struct tuple *key, struct inet_diag_msg *msg)
{
	struct request r = request_for(key);
	union {
		struct nlmsghdr nlh;
		char bytes[4096];
	} reply;
	ssize_t got;

	if (send(o->fd, &r, sizeof(r), 0) < 0)
		return false;
	got = recv(o->fd, &reply, sizeof(reply), MSG_DONTWAIT);
	if (got < (ssize_t)NLMSG_LENGTH(sizeof(*msg)) ||
		reply.nlh.nlmsg_type != SOCK_DIAG_BY_FAMILY)
		return false;
	memcpy(msg, NLMSG_DATA(&reply.nlh), sizeof(*msg));
	/* in TIME-WAIT, or closed by its process: there is no user any more */
	return msg->idiag_inode != 0;
}

bool owner_find(const struct owner_source *o, const struct tuple *key, uid_t *uid)
{
	struct inet_diag_msg msg;

	if (!lookup(o, key, &msg))
		return false;
	*uid = msg.idiag_uid;
	return true;
}

bool owner_find_listener(const struct owner_source *o, const struct endpoint *local, uid_t *uid)
{
	struct tuple any = {.local = *local, .remote.addr.family = local->addr.family};

	return owner_find(o, &any, uid);
}

bool owner_cookie(const struct owner_source *o, const struct tuple *key, uint64_t *cookie)
{
	struct inet_diag_msg msg;

	if (!lookup(o, key, &msg))
		return false;
	*cookie = msg.id.idiag_cookie[0] | (uint64_t)msg.id.idiag_cookie[1] << 32;
	return true;
}
