/* SPDX-License-Identifier: GPL-3.0-or-later */
/* watch.c - notice when somebody else changes the packet filter rules, and restore ours */
#include "gateway/daemon/watch.h"

#include "base/log.h"
#include "gateway/daemon/commands.h"
#include "gateway/daemon/recorded.h"
#include "gateway/daemon/reload.h"

#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <unistd.h>

int watch_open(void)
{
	struct sockaddr_nl self = {.nl_family = AF_NETLINK};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_NETFILTER);
	int group = NFNLGRP_NFTABLES;

	if (fd >= 0 && bind(fd, (struct sockaddr *)&self, sizeof(self)) == 0 &&
		setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) == 0)
		return fd;
	log_warning("changes of the packet filter rules will not be noticed: %s", strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

void watch_drain(int fd)
{
	char buf[4096];

	/* an overflow (ENOBUFS) is one announcement more */
	while (recv(fd, buf, sizeof(buf), MSG_DONTWAIT) >= 0 || errno == ENOBUFS)
		;
}

static void restore(struct daemon *d)
{
	struct err_list err;

	err_init(&err);
	daemon_quiesce(d, true);
	d->damaged = !reload_restore(d, &err) || !inject_reopen(&d->inject, &err);
	if (!d->damaged) {
		daemon_quiesce(d, false);
		log_warning("rules restored");
	}
	for (size_t i = 0; i < err.count; i++)
		log_error("rules not restored: %s", err.lines[i]);
	if (d->damaged)
		log_error("no connection is taken until the rules are back; trying again");
	err_fini(&err);
}

void watch_check(struct daemon *d)
{
	/* down, or about to be: then attls-net is at work */
	if (recorded_workers(d->settings) == 0 || (d->quiesced && !d->damaged))
		return;
	switch (helper_check(&d->helper)) {
	case HELPER_WHOLE:
		if (d->damaged)
			daemon_quiesce(d, false);
		d->damaged = false;
		return;
	case HELPER_UNKNOWN: log_warning("the rules of attls-net cannot be looked at"); return;
	case HELPER_DAMAGED: break;
	}
	if (!d->damaged)
		log_error("somebody has changed the rules of attls-net: TLS flows are reset, "
			  "rules put back");
	restore(d);
}
