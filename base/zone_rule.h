/* SPDX-License-Identifier: GPL-3.0-or-later */
/* zone_rule.h - a zone's rule for every year, as in POSIX's TZ: CET-1CEST,M3.5.0,M10.5.0/3 */
#ifndef ATTLS_BASE_ZONE_RULE_H
#define ATTLS_BASE_ZONE_RULE_H

#include <stdbool.h>
#include <stdint.h>

/* The day of a year on which the clocks change. */
struct zone_day {
	enum { ZONE_DAY_JULIAN, ZONE_DAY_ZERO, ZONE_DAY_MONTH } kind;
	int month, week, day; /* MONTH: Mm.w.d; JULIAN: 1 to 365, no leap day; ZERO: 0 to 365 */
	int32_t time;         /* seconds after midnight, by the clock before the change */
};

struct zone_rule {
	int32_t standard; /* seconds ahead of UTC */
	int32_t summer;   /* likewise; the same without summer time */
	bool has_summer;
	struct zone_day start, end;
};

/** zone_rule_parse() - false if @text is none */
bool zone_rule_parse(struct zone_rule *r, const char *text);

/** zone_rule_offset() - seconds ahead of UTC at @t, seconds since the epoch */
int32_t zone_rule_offset(const struct zone_rule *r, int64_t t);

/** zone_rule_next() - the first change after @t; INT64_MAX without summer time */
int64_t zone_rule_next(const struct zone_rule *r, int64_t t);

#endif
