/* SPDX-License-Identifier: GPL-3.0-or-later */
/* inside.h - the networks that an interface is connected to */
#ifndef ATTLS_NET_INSIDE_H
#define ATTLS_NET_INSIDE_H

#include "base/err.h"
#include "gateway/packet/addr.h"

/**
 * inside_networks() - of the addresses of @interface
 * @nets: owned, free(); NULL with *@count 0 if there is none
 * Return: false and @err if the addresses cannot be listed or there is no such interface.
 */
bool inside_networks(
	const char *interface, struct addr_range **nets, size_t *count, struct err_list *err);

#endif
