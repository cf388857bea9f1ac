/* SPDX-License-Identifier: GPL-3.0-or-later */
/* zone_rule.c - a zone's rule for every year, as in POSIX's TZ: CET-1CEST,M3.5.0,M10.5.0/3 */
#include "base/zone_rule.h"

#include <ctype.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { DAY = 24 * 3600, TIME_OF_CHANGE = 2 * 3600, HOURS_MAX = 167 };

/* ---- reading ---- */

/* Three letters or more, or anything in <>. */
static bool skip_name(const char **text)
{
	const char *p = *text;
	size_t len;

	if (*p == '<') {
		p = strchr(p, '>');
		if (!p)
			return false;
		*text = p + 1;
		return true;
	}
	for (len = 0; isalpha((unsigned char)p[len]);)
		len++;
	*text = p + len;
	return len >= 3;
}

static bool take_number(const char **text, int max, int *number)
{
	if (!isdigit((unsigned char)**text))
		return false;
	for (*number = 0; isdigit((unsigned char)**text); (*text)++) {
		*number = *number * 10 + **text - '0';
		if (*number > max)
			return false;
	}
	return true;
}

/* [+-]h[:mm[:ss]] */
static bool take_time(const char **text, int32_t *seconds)
{
	int sign = **text == '-' ? -1 : 1, part = 0;

	if (**text == '-' || **text == '+')
		(*text)++;
	if (!take_number(text, HOURS_MAX, &part))
		return false;
	*seconds = part * 3600;
	for (int unit = 60; unit && **text == ':'; unit /= 60) {
		(*text)++;
		if (!take_number(text, 59, &part))
			return false;
		*seconds += part * unit;
	}
	*seconds *= sign;
	return true;
}

static bool take_char(const char **text, char c)
{
	if (**text != c)
		return false;
	(*text)++;
	return true;
}

static bool take_day(const char **text, struct zone_day *d)
{
	bool good;

	*d = (struct zone_day){.kind = ZONE_DAY_ZERO, .time = TIME_OF_CHANGE};
	if (!take_char(text, ','))
		return false;
	if (take_char(text, 'M')) {
		d->kind = ZONE_DAY_MONTH;
		good = take_number(text, 12, &d->month) && d->month && take_char(text, '.') &&
		       take_number(text, 5, &d->week) && d->week && take_char(text, '.') &&
		       take_number(text, 6, &d->day);
	} else {
		if (take_char(text, 'J'))
			d->kind = ZONE_DAY_JULIAN;
		good = take_number(text, 365, &d->day) && (d->day || d->kind == ZONE_DAY_ZERO);
	}
	return good && (!take_char(text, '/') || take_time(text, &d->time));
}

bool zone_rule_parse(struct zone_rule *r, const char *text)
{
	*r = (struct zone_rule){0};
	if (!skip_name(&text) || !take_time(&text, &r->standard))
		return false;
	r->standard = -r->standard; /* POSIX counts westwards */
	r->summer = r->standard;
	if (!*text)
		return true;
	if (!skip_name(&text))
		return false;
	r->has_summer = true;
	r->summer = r->standard + 3600;
	if (*text && *text != ',') {
		if (!take_time(&text, &r->summer))
			return false;
		r->summer = -r->summer;
	}
	if (!*text)
		text = ",M3.2.0,M11.1.0";
	return take_day(&text, &r->start) && take_day(&text, &r->end) && !*text;
}

/* ---- asking ---- */

/* Midnight UTC of the first day of a month, 0 to 11; more months are of later years. */
static int64_t month_start(int year, int month)
{
	struct tm tm = {.tm_year = year - 1900, .tm_mon = month, .tm_mday = 1};

	return timegm(&tm);
}

static bool is_leap(int year)
{
	return month_start(year, 2) - month_start(year, 1) == 29 * DAY;
}

/* When the clocks change in @year, as seconds that count as UTC would. */
static int64_t day_at(const struct zone_day *d, int year)
{
	int64_t first, day;

	switch (d->kind) {
	case ZONE_DAY_ZERO: day = month_start(year, 0) + (int64_t)d->day * DAY; break;
	case ZONE_DAY_JULIAN:
		day = month_start(year, 0) +
		      (int64_t)(d->day - 1 + (is_leap(year) && d->day >= 60)) * DAY;
		break;
	default:
		first = month_start(year, d->month - 1);
		/* 1970-01-01 was a Thursday */
		day = first + ((d->day - (first / DAY % 7 + 4 + 7)) % 7 + 7) % 7 * DAY +
		      (int64_t)(d->week - 1) * 7 * DAY;
		if (day >= month_start(year, d->month))
			day -= 7 * DAY; /* week 5 is the last one */
	}
	return day + d->time;
}

static int year_of(const struct zone_rule *r, int64_t t)
{
	time_t local = t + r->standard;
	struct tm tm;

	return gmtime_r(&local, &tm) ? tm.tm_year + 1900 : 1970;
}

int32_t zone_rule_offset(const struct zone_rule *r, int64_t t)
{
	int year = year_of(r, t);
	int64_t start, end;
	bool summer;

	if (!r->has_summer)
		return r->standard;
	start = day_at(&r->start, year) - r->standard;
	end = day_at(&r->end, year) - r->summer;
	summer = start < end ? start <= t && t < end : !(end <= t && t < start);
	return summer ? r->summer : r->standard;
}

int64_t zone_rule_next(const struct zone_rule *r, int64_t t)
{
	int64_t next = INT64_MAX;
	int year = year_of(r, t);

	for (int y = year; r->has_summer && y <= year + 1; y++) {
		const int64_t changes[] = {
			day_at(&r->start, y) - r->standard, day_at(&r->end, y) - r->summer};

		for (size_t i = 0; i < 2; i++) {
			if (changes[i] > t && changes[i] < next)
				next = changes[i];
		}
	}
	return next;
}
