/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * set.h - sets of addresses, ports and users as sorted ranges without overlap
 *
 * Sets are filled with _add(), then brought into order with _sort(), and only then asked.
 */
#ifndef ATTLS_RULES_SET_H
#define ATTLS_RULES_SET_H

#include "rules/policy.h"

struct addr_set {
	struct addr_range *items;
	size_t count;
};

struct port_set {
	struct port_range *items;
	size_t count;
};

struct uid_set {
	struct uid_range *items;
	size_t count;
};

void addr_set_add(struct addr_set *s, struct addr_range r);
void port_set_add(struct port_set *s, struct port_range r);
void uid_set_add(struct uid_set *s, struct uid_range r);

/** addr_set_sort() - order, and join what overlaps */
void addr_set_sort(struct addr_set *s);

/** port_set_sort() - order, and join what overlaps or touches; likewise uid_set_sort() */
void port_set_sort(struct port_set *s);
void uid_set_sort(struct uid_set *s);

/** addr_ranges_hold() - whether one of @count sorted ranges holds @a */
bool addr_ranges_hold(const struct addr_range *items, size_t count, const struct addr *a);
bool port_ranges_hold(const struct port_range *items, size_t count, uint16_t port);
bool uid_ranges_hold(const struct uid_range *items, size_t count, uid_t uid);

#endif
