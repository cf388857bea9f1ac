/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tables.h - read and change the packet filter by iptables-save and iptables-restore */
#ifndef ATTLS_NET_TABLES_H
#define ATTLS_NET_TABLES_H

#include "gateway/net/installed.h"
#include "gateway/net/plan.h"

/* What one family's three tables hold of ours. */
struct tables {
	struct installed table[PLAN_TABLES];
};

/**
 * tables_list() - chains ("-N CHAIN") and rules ("-A CHAIN ...") of @table, one a line
 * Return: owned, with free(), empty if this kernel has no such table; NULL and @err if iptables
 * cannot tell.
 */
char *tables_list(uint8_t family, const char *table, struct err_list *err);

/** tables_write() - give @text to iptables-restore, without flushing; @table: for the sentence */
bool tables_write(
	uint8_t family, const char *table, const char *text, size_t len, struct err_list *err);

/** tables_read() - of @family (4 or 6). Return: false and @err if iptables-save fails. */
bool tables_read(struct tables *t, uint8_t family, struct err_list *err);

void tables_free(struct tables *t);

/** tables_any() - whether anything of ours is there */
bool tables_any(const struct tables *t);

/** tables_rules() - rules inside our chains */
size_t tables_rules(const struct tables *t);

/**
 * tables_features() - try out what this kernel offers of @family
 * Needs and leaves no rule of ours; one throw-away chain exists for a moment.
 * @nat: whether rules are to follow NAT; if not, conntrack is not tried, since that switches it on
 */
void tables_features(uint8_t family, bool nat, struct plan_features *f);

/** tables_test() - have iptables-restore check the change from @have to @want, changing nothing */
bool tables_test(const struct tables *have, const struct plan *want, struct err_list *err);

/** tables_apply() - change @have to @want: guard first when installing, last when removing */
bool tables_apply(const struct tables *have, const struct plan *want, struct err_list *err);

#endif
