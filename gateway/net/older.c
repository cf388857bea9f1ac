/* SPDX-License-Identifier: GPL-3.0-or-later */
/* older.c - connections that were there before the rules (host mode) */
#include "gateway/net/older.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DUMP_BUFFER = 64 * 1024, OWNERS_SHOWN = 8 };

/* Beyond the handshake and not yet forgotten. */
#define STATES                                                                                     \
	(1u << TCP_ESTABLISHED | 1u << TCP_FIN_WAIT1 | 1u << TCP_FIN_WAIT2 |                       \
		1u << TCP_CLOSE_WAIT | 1u << TCP_LAST_ACK | 1u << TCP_CLOSING)

static bool covers(const struct candidate *c, const struct tuple *t)
{
	return addr_in_range(&t->local.addr, &c->local) &&
	       addr_in_range(&t->remote.addr, &c->remote) && t->local.port >= c->local_port.from &&
	       t->local.port <= c->local_port.to && t->remote.port >= c->remote_port.from &&
	       t->remote.port <= c->remote_port.to;
}

static bool is_loopback(const struct addr *a)
{
	static const uint8_t v6[16] = {[15] = 1};

	return a->family == 4 ? a->bytes[0] == 127 : memcmp(a->bytes, v6, 16) == 0;
}

/* An IPv4 connection of an IPv6 socket shows mapped addresses (RFC 4291 2.5.5.2). */
static struct addr address(uint8_t family, const void *raw)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	const uint8_t *bytes = raw;

	if (family == AF_INET)
		return addr_from_v4(bytes);
	if (memcmp(bytes, mapped, sizeof(mapped)) == 0)
		return addr_from_v4(bytes + sizeof(mapped));
	return addr_from_v6(bytes);
}

static void take(struct older_list *list, const struct candidate_list *candidates,
	const struct inet_diag_msg *m)
{
	const struct inet_diag_sockid *id = &m->id;
	struct older o = {
		.key.local = {address(m->idiag_family, id->idiag_src), 0, ntohs(id->idiag_sport)},
		.key.remote = {address(m->idiag_family, id->idiag_dst), 0, ntohs(id->idiag_dport)},
		.cookie = id->idiag_cookie[0] | (uint64_t)id->idiag_cookie[1] << 32,
		.uid = m->idiag_uid,
	};
	bool wanted = false;

	for (size_t i = 0; i < candidates->count && !wanted; i++)
		wanted = covers(&candidates->items[i], &o.key);
	if (!wanted || is_loopback(&o.key.local.addr))
		return;
	list->items = reallocarray(list->items, list->count + 1, sizeof(o));
	if (!list->items)
		abort();
	list->items[list->count++] = o;
}

static bool ask(int fd, uint8_t family)
{
	struct {
		struct nlmsghdr nlh;
		struct inet_diag_req_v2 diag;
	} request = {
		.nlh = {.nlmsg_len = sizeof(request),
			.nlmsg_type = SOCK_DIAG_BY_FAMILY,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
		.diag = {.sdiag_family = family,
			.sdiag_protocol = IPPROTO_TCP,
			.idiag_states = STATES},
	};

	return send(fd, &request, sizeof(request), 0) == (ssize_t)sizeof(request);
}

/* One datagram of the dump. Return: 1 there is more, 0 done, -1 with errno. */
static int take_some(int fd, struct older_list *list, const struct candidate_list *candidates)
{
	union {
		struct nlmsghdr nlh;
		char bytes[DUMP_BUFFER];
	} buf;
	ssize_t got = recv(fd, &buf, sizeof(buf), 0);
	const struct nlmsghdr *nlh = &buf.nlh;

	if (got < 0)
		return -1;
	for (; NLMSG_OK(nlh, got); nlh = NLMSG_NEXT(nlh, got)) {
		if (nlh->nlmsg_type == NLMSG_DONE)
			return 0;
		if (nlh->nlmsg_type == NLMSG_ERROR) {
			errno = -((const struct nlmsgerr *)NLMSG_DATA(nlh))->error;
			return -1;
		}
		take(list, candidates, NLMSG_DATA(nlh));
	}
	return 1;
}

bool older_find(
	struct older_list *list, const struct candidate_list *candidates, struct err_list *err)
{
	static const uint8_t families[] = {AF_INET, AF_INET6};
	int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG), more = 0;

	*list = (struct older_list){0};
	for (size_t i = 0; i < 2 && fd >= 0 && more == 0; i++) {
		more = ask(fd, families[i]) ? 1 : -1;
		while (more > 0)
			more = take_some(fd, list, candidates);
	}
	if (fd < 0 || more < 0)
		err_add(err, "open connections cannot be listed (sock_diag): %s", strerror(errno));
	if (fd >= 0)
		close(fd);
	return fd >= 0 && more == 0;
}

static void file_path(const struct settings *s, char *path)
{
	const char *slash = strrchr(s->control, '/');

	snprintf(path, PATH_MAX, "%.*sestablished", slash ? (int)(slash - s->control) + 1 : 0,
		s->control);
}

bool older_save(const struct older_list *list, const struct settings *s, struct err_list *err)
{
	char path[PATH_MAX], local[ENDPOINT_TEXT], remote[ENDPOINT_TEXT];
	FILE *out;
	bool ok;

	file_path(s, path);
	out = fopen(path, "we");
	for (size_t i = 0; out && i < list->count; i++) {
		const struct older *o = &list->items[i];

		fprintf(out, "%s %s %llu\n", endpoint_format(&o->key.local, local),
			endpoint_format(&o->key.remote, remote), (unsigned long long)o->cookie);
	}
	ok = out && !ferror(out);
	if (out && fclose(out) != 0)
		ok = false;
	if (!ok)
		err_add(err, "%s: cannot be written: %s", path, strerror(errno));
	return ok;
}

void older_remove(const struct settings *s)
{
	char path[PATH_MAX];

	file_path(s, path);
	unlink(path);
}

static int by_uid(const void *a, const void *b)
{
	uid_t x = ((const struct older *)a)->uid, y = ((const struct older *)b)->uid;

	return (x > y) - (x < y);
}

static void print_owner(uid_t uid, size_t count)
{
	const struct passwd *account = getpwuid(uid);

	if (account)
		printf(" %zu of %s", count, account->pw_name);
	else
		printf(" %zu of uid %u", count, (unsigned)uid);
}

void older_report(const struct older_list *list, bool keep)
{
	size_t shown = 0;

	if (list->count == 0)
		return;
	printf("attls-net: %zu connections are older than the rules and will be %s:", list->count,
		keep ? "kept in clear" : "reset at their next packet");
	qsort(list->items, list->count, sizeof(*list->items), by_uid);
	for (size_t i = 0; i < list->count && shown < OWNERS_SHOWN; shown++) {
		size_t from = i;

		while (i < list->count && list->items[i].uid == list->items[from].uid)
			i++;
		print_owner(list->items[from].uid, i - from);
	}
	putchar('\n');
}

void older_free(struct older_list *list)
{
	free(list->items);
	*list = (struct older_list){0};
}
