/* SPDX-License-Identifier: GPL-3.0-or-later */
/* schedule.c - [time NAME]: when a rule is active, by calendar and clock */
#include "rules/schedule.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MINUTE = 60, DAY = 24 * 3600 };

void schedule_free(struct schedule *s)
{
	if (!s)
		return;
	zone_free(s->zone);
	free(s->daytimes);
	free(s->timezone);
	free(s->name);
	free(s);
}

/* What the clock shows at @t, as seconds that count as UTC would. */
static int64_t wall_clock(const struct schedule *s, int64_t t)
{
	return t + zone_offset(s->zone, t);
}

static int days_in_month(const struct tm *day)
{
	struct tm next = {.tm_year = day->tm_year, .tm_mon = day->tm_mon + 1, .tm_mday = 0};

	timegm(&next); /* the day before the first of the next month */
	return next.tm_mday;
}

/* Whether the day that @wall is in is one of those. */
static bool day_holds(const struct schedule *s, int64_t wall)
{
	time_t seconds = (time_t)wall;
	struct tm day;

	if (!gmtime_r(&seconds, &day))
		return false;
	return s->months >> day.tm_mon & 1 && s->weekdays >> day.tm_wday & 1 &&
	       (s->days >> (day.tm_mday - 1) & 1 ||
		       s->days_from_end >> (days_in_month(&day) - day.tm_mday) & 1);
}

static int64_t midnight(int64_t wall)
{
	return wall - (wall % DAY + DAY) % DAY;
}

bool schedule_holds(const struct schedule *s, int64_t t)
{
	int64_t wall = wall_clock(s, t), today = midnight(wall);
	int minute = (int)((wall - today) / MINUTE);

	if (t < s->from || t >= s->to)
		return false;
	if (!s->daytime_count)
		return day_holds(s, today);
	for (size_t i = 0; i < s->daytime_count; i++) {
		const struct daytime *d = &s->daytimes[i];
		bool over_midnight = d->to <= d->from;

		if (minute >= d->from && (over_midnight || minute < d->to) && day_holds(s, today))
			return true;
		/* after midnight it is still the day on which it began */
		if (over_midnight && minute < d->to && day_holds(s, today - DAY))
			return true;
	}
	return false;
}

/* The next time that the clock shows an edge of a daytime, or midnight. */
static int64_t next_edge(const struct schedule *s, int64_t t)
{
	int64_t wall = wall_clock(s, t), today = midnight(wall);
	int64_t next = today + DAY;

	for (size_t i = 0; i < s->daytime_count; i++) {
		const int edges[] = {s->daytimes[i].from, s->daytimes[i].to};

		for (size_t j = 0; j < 2; j++) {
			int64_t edge = today + (int64_t)edges[j] * MINUTE;

			if (edge > wall && edge < next)
				next = edge;
		}
	}
	return t + next - wall;
}

int64_t schedule_next(const struct schedule *s, int64_t t)
{
	const int64_t changes[] = {s->from, s->to, zone_next(s->zone, t)};
	int64_t next = next_edge(s, t);

	if (t >= s->to)
		return INT64_MAX;
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		if (changes[i] > t && changes[i] < next)
			next = changes[i];
	}
	return next;
}
