/* SPDX-License-Identifier: GPL-3.0-or-later */
/* inside.h - the networks that interfaces are connected to */
#ifndef ATTLS_NET_INSIDE_H
#define ATTLS_NET_INSIDE_H

#include "base/err.h"
#include "gateway/packet/addr.h"

/**
 * inside_networks() - of the addresses of @interfaces, NULL-terminated
 * @nets: owned, free(); NULL with *@count 0 if there is none
 * Return: false and @err if the addresses cannot be listed or an interface is not
 *   there.
 */
bool inside_networks(
	char *const *interfaces, struct addr_range **nets, size_t *count, struct err_list *err);

#endif
