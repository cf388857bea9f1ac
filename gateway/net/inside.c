/* SPDX-License-Identifier: GPL-3.0-or-later */
/* inside.c - the networks that interfaces are connected to */
#include "gateway/net/inside.h"

#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

static unsigned mask_bits(const uint8_t *mask, size_t len)
{
	unsigned bits = 0;

	for (size_t i = 0; i < len; i++)
		bits += (unsigned)__builtin_popcount(mask[i]);
	return bits;
}

static bool network_of(const struct ifaddrs *ifa, struct addr_range *net)
{
	struct addr a;

	if (!ifa->ifa_addr || !ifa->ifa_netmask)
		return false;
	if (ifa->ifa_addr->sa_family == AF_INET) {
		const struct sockaddr_in *in = (const void *)ifa->ifa_addr;
		const struct sockaddr_in *mask = (const void *)ifa->ifa_netmask;

		a = addr_from_v4((const uint8_t *)&in->sin_addr);
		return addr_prefix(&a, mask_bits((const uint8_t *)&mask->sin_addr, 4), net);
	}
	if (ifa->ifa_addr->sa_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const void *)ifa->ifa_addr;
		const struct sockaddr_in6 *mask = (const void *)ifa->ifa_netmask;

		a = addr_from_v6(in6->sin6_addr.s6_addr);
		return addr_prefix(&a, mask_bits(mask->sin6_addr.s6_addr, 16), net);
	}
	return false;
}

/* An address with prefix length 0 says nothing about where its network is. */
static bool is_all(const struct addr_range *net)
{
	struct addr_range all;

	return addr_prefix(&net->from, 0, &all) && addr_compare(&all.to, &net->to) == 0 &&
	       addr_compare(&all.from, &net->from) == 0;
}

static bool are_there(char *const *interfaces, struct err_list *err)
{
	bool all = true;

	for (; *interfaces; interfaces++) {
		if (if_nametoindex(*interfaces) != 0)
			continue;
		err_add(err, "interface %s (inside): %s", *interfaces, strerror(errno));
		all = false;
	}
	return all;
}

static bool is_among(const char *name, char *const *interfaces)
{
	while (*interfaces && strcmp(*interfaces, name) != 0)
		interfaces++;
	return *interfaces;
}

bool inside_networks(
	char *const *interfaces, struct addr_range **nets, size_t *count, struct err_list *err)
{
	struct ifaddrs *all;

	*nets = NULL;
	*count = 0;
	if (!are_there(interfaces, err))
		return false;
	if (getifaddrs(&all) < 0) {
		err_add(err, "addresses of the interfaces inside: %s", strerror(errno));
		return false;
	}
	for (const struct ifaddrs *ifa = all; ifa; ifa = ifa->ifa_next) {
		struct addr_range net, *more;

		if (!is_among(ifa->ifa_name, interfaces) || !network_of(ifa, &net) || is_all(&net))
			continue;
		more = reallocarray(*nets, *count + 1, sizeof(**nets));
		if (!more)
			abort();
		*nets = more;
		more[(*count)++] = net;
	}
	freeifaddrs(all);
	return true;
}
