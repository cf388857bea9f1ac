/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * device.c - the two persistent TUN devices through which the gateway injects packets
 *
 * What a packet needs to get from the wire-bound device to the network although its source address
 * is one of this machine: accept_local, forwarding, rp_filter no stricter than loose, and an
 * address on the device (without one, loose means none). All of it can be set by rtnetlink.
 */
#include "gateway/net/device.h"

#include "gateway/net/plan.h"
#include "gateway/net/rtnl.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <pwd.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { RP_FILTER_LOOSE = 2 };

static const struct device {
	const char *name;
	uint8_t addr[4];
	bool wire_bound;
} devices[DEVICES] = {
	{DEVICE_WIRE, {169, 254, 254, 1}, true},
	{DEVICE_PLAIN, {169, 254, 254, 2}, false},
};

const char *device_name(unsigned i)
{
	return devices[i].name;
}

enum device_state device_state(const char *name)
{
	struct rtnl_link link;

	if (rtnl_link_get(name, &link) < 0)
		return DEVICE_ABSENT;
	return link.is_tun && link.vnet_hdr && link.persist ? DEVICE_PRESENT : DEVICE_FOREIGN;
}

/* The account that may attach without capabilities. Return: false if there is no such account. */
static bool owner_of(const struct settings *s, uid_t *owner, struct err_list *err)
{
	const struct passwd *pw;

	if (s->user[0] == '\0') {
		*owner = 0;
		return true;
	}
	pw = getpwnam(s->user);
	if (!pw) {
		err_add(err, "user %s of [gateway] is no account of this system", s->user);
		return false;
	}
	*owner = pw->pw_uid;
	return true;
}

/* Attach, make it persistent and owned, detach. */
static bool tun_make(const char *name, uid_t owner, struct err_list *err)
{
	struct ifreq ifr = {.ifr_flags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR};
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	bool ok;

	if (fd < 0) {
		err_add(err, "/dev/net/tun: %s; load module tun, or give the container the device",
			strerror(errno));
		return false;
	}
	strncpy(ifr.ifr_name, name, sizeof(ifr.ifr_name) - 1);
	ok = ioctl(fd, TUNSETIFF, &ifr) == 0 && ioctl(fd, TUNSETOWNER, (long)owner) == 0 &&
	     ioctl(fd, TUNSETPERSIST, 1L) == 0;
	if (!ok)
		err_add(err, "cannot create device %s: %s", name, strerror(errno));
	close(fd);
	return ok;
}

/* A device of ours that is in use has its owner already; another name's device is refused. */
static bool device_ensure(
	const struct device *d, uid_t owner, struct rtnl_link *link, struct err_list *err)
{
	int n = rtnl_link_get(d->name, link);

	if (n == 0 && !(link->is_tun && link->vnet_hdr)) {
		err_add(err, "device %s exists and is not ours; remove or rename it", d->name);
		return false;
	}
	if (n == 0 && link->persist && link->has_owner && link->owner == owner)
		return true;
	if (!tun_make(d->name, owner, err))
		return false;
	n = rtnl_link_get(d->name, link);
	if (n < 0)
		err_add(err, "cannot read device %s: %s", d->name, strerror(-n));
	return n == 0;
}

static bool device_configure(
	const struct device *d, const struct rtnl_link *link, bool host, struct err_list *err)
{
	const struct rtnl_conf conf = {
		.forwarding = d->wire_bound || !host,
		.accept_local = d->wire_bound && host,
		.rp_filter = RP_FILTER_LOOSE,
	};
	struct addr a = addr_from_v4(d->addr);
	int n = rtnl_link_configure(link->index, &conf);

	if (n == 0) {
		rtnl_link_no_autoconf(link->index); /* fails without IPv6, where it is not needed */
		n = rtnl_addr_add(link->index, &a);
	}
	if (n == 0)
		n = rtnl_link_up(link->index);
	if (n < 0)
		err_add(err, "cannot configure device %s: %s", d->name, strerror(-n));
	return n == 0;
}

bool device_up_all(const struct settings *s, struct err_list *err)
{
	struct rtnl_link link;
	uid_t owner;

	if (!owner_of(s, &owner, err))
		return false;
	for (size_t i = 0; i < DEVICES; i++)
		if (!device_ensure(&devices[i], owner, &link, err) ||
			!device_configure(&devices[i], &link, s->mode == MODE_HOST, err))
			return false;
	return true;
}

bool device_down_all(struct err_list *err)
{
	struct rtnl_link link;
	bool ok = true;

	for (size_t i = 0; i < DEVICES; i++) {
		int n = rtnl_link_get(devices[i].name, &link);

		if (n < 0 || !link.is_tun)
			continue;
		n = rtnl_link_delete(link.index);
		if (n < 0) {
			err_add(err, "cannot delete device %s: %s", devices[i].name, strerror(-n));
			ok = false;
		}
	}
	return ok;
}
