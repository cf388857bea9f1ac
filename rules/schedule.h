/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * schedule.h - [time NAME]: when a rule is active, by calendar and clock (AT-TLS IpTimeCondition)
 *
 * What counts is what the clock on the wall shows in the schedule's zone: an hour that summer time
 * leaves out never comes, one that it repeats comes twice.
 */
#ifndef ATTLS_RULES_SCHEDULE_H
#define ATTLS_RULES_SCHEDULE_H

#include "base/zone.h"
#include "rules/visit.h"

/* Minutes of a day, @from up to and not with @to. Where @to is not later, it is of the next day. */
struct daytime {
	int from;
	int to;
};

struct schedule {
	char *name;
	const struct ini_section *written; /* where, for people */
	int64_t from, to;       /* seconds since the epoch: from the one on, up to the other */
	unsigned months;        /* bit 0: January */
	unsigned days;          /* of the month; bit 0: the first */
	unsigned days_from_end; /* bit 0: the last */
	unsigned weekdays;      /* bit 0: Sunday */
	struct daytime *daytimes;
	size_t daytime_count; /* 0: all day */
	char *timezone;       /* as written */
	struct zone *zone;
};

enum {
	SCHEDULE_MONTHS = (1u << 12) - 1,
	SCHEDULE_DAYS = (1u << 31) - 1,
	SCHEDULE_WEEKDAYS = (1u << 7) - 1,
};

void schedule_free(struct schedule *s);

/** schedule_holds() - whether @t, seconds since the epoch, is in it */
bool schedule_holds(const struct schedule *s, int64_t t);

/** schedule_next() - an instant after @t up to which nothing changes; INT64_MAX: for ever */
int64_t schedule_next(const struct schedule *s, int64_t t);

/** schedule_visit() - as a [time] section */
void schedule_visit(const struct schedule *s, struct visitor *v);

#endif
