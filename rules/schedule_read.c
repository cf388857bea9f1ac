/* SPDX-License-Identifier: GPL-3.0-or-later */
/* schedule_read.c - [time NAME] from and to text */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/rfc3339.h"
#include "rules/loader.h"
#include "rules/schedule.h"

enum { DAYS_IN_MONTH = 31, DAY_MINUTES = 24 * 60, WORD_MIN = 3 };

/* Words that count around: after the last comes the first. */
struct cycle {
	const char *const *words;
	int count;
	int base; /* the number that may stand for the first word; 0: none */
	const char *what;
};

static const char *const month_words[] = {"january", "february", "march", "april", "may", "june",
	"july", "august", "september", "october", "november", "december", NULL};
static const char *const weekday_words[] = {
	"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", NULL};

static const struct cycle months = {month_words, 12, 1, "month (jan to dec, or 1 to 12)"};
static const struct cycle weekdays = {weekday_words, 7, 0, "day of the week (sun to sat)"};

static struct schedule *schedule_of(struct reader *r)
{
	return ((struct object *)r->object)->u.schedule;
}

/* The place of the @len characters at @text: a word or its beginning, or a number. -1: none. */
static int cycle_find(const struct cycle *c, const char *text, size_t len)
{
	int number = 0;

	for (int i = 0; len >= WORD_MIN && i < c->count; i++) {
		if (strncasecmp(c->words[i], text, len) == 0)
			return i;
	}
	if (!c->base || len < 1 || len > 2 || strspn(text, "0123456789") < len)
		return -1;
	for (size_t i = 0; i < len; i++)
		number = number * 10 + text[i] - '0';
	number -= c->base;
	return number < c->count ? number : -1;
}

static void cycle_read(
	struct reader *r, const char *key, const char *value, const struct cycle *c, unsigned *mask)
{
	struct reader_list list;

	*mask = 0;
	if (!reader_list(r, key, value, &list))
		return;
	for (size_t i = 0; i < list.count; i++) {
		const char *item = list.items[i], *dash = strchr(item, '-');
		int from = cycle_find(c, item, dash ? (size_t)(dash - item) : strlen(item));
		int to = dash ? cycle_find(c, dash + 1, strlen(dash + 1)) : from;

		if (from < 0 || to < 0) {
			ini_error(r->err, r->section, key, "\"%s\" is no %s, nor a range of them",
				item, c->what);
			continue;
		}
		*mask |= 1u << to;
		for (; from != to; from = (from + 1) % c->count)
			*mask |= 1u << from;
	}
	reader_list_free(&list);
}

static void read_month(struct reader *r, const char *key, const char *value)
{
	cycle_read(r, key, value, &months, &schedule_of(r)->months);
}

static void read_weekday(struct reader *r, const char *key, const char *value)
{
	cycle_read(r, key, value, &weekdays, &schedule_of(r)->weekdays);
}

/* "1" to "31", or "last" and "last-1" to "last-30". Return: false if it is neither. */
static bool day_parse(const char *text, size_t len, int *day, bool *from_end)
{
	char *end;

	*from_end = len >= 4 && strncasecmp(text, "last", 4) == 0;
	*day = 0;
	if (*from_end && len == 4)
		return true;
	if (*from_end && text[4] != '-')
		return false;
	text += *from_end ? 5 : 0;
	len -= *from_end ? 5 : 0;
	if (len < 1 || len > 2 || strspn(text, "0123456789") < len)
		return false;
	*day = (int)strtol(text, &end, 10) - !*from_end;
	return *day >= 0 && *day < DAYS_IN_MONTH && (!*from_end || *day > 0);
}

/* Where the two ends of "A..B", or of "N-M", are parted; NULL in a single day. */
static const char *days_part(const char *item, size_t *len)
{
	const char *dots = strstr(item, "..");

	*len = 2;
	if (dots || strncasecmp(item, "last", 4) == 0)
		return dots;
	*len = 1;
	return strchr(item, '-');
}

static bool days_parse(const char *item, struct schedule *s)
{
	size_t gap;
	const char *part = days_part(item, &gap), *second = part ? part + gap : item;
	int from, to;
	bool from_end, to_end;
	unsigned *mask;

	if (!day_parse(item, part ? (size_t)(part - item) : strlen(item), &from, &from_end) ||
		!day_parse(second, strlen(second), &to, &to_end) || from_end != to_end)
		return false;
	if (from_end ? from < to : from > to)
		return false;
	mask = from_end ? &s->days_from_end : &s->days;
	for (int day = from_end ? to : from; day <= (from_end ? from : to); day++)
		*mask |= 1u << day;
	return true;
}

static void read_day_of_month(struct reader *r, const char *key, const char *value)
{
	struct schedule *s = schedule_of(r);
	struct reader_list list;

	s->days = 0;
	if (!reader_list(r, key, value, &list))
		return;
	for (size_t i = 0; i < list.count; i++) {
		if (!days_parse(list.items[i], s))
			ini_error(r->err, r->section, key,
				"\"%s\" is no day: write 1 to 31, last, last-N for N days before, "
				"or a range such as 1-7 or last-6..last",
				list.items[i]);
	}
	reader_list_free(&list);
}

/* "HH:MM" up to @end; -1 if it is none. */
static int minute_parse(const char *text, const char *end)
{
	int hour, minute;

	if (end - text != 5 || text[2] != ':' || !isdigit((unsigned char)text[0]) ||
		!isdigit((unsigned char)text[1]) || !isdigit((unsigned char)text[3]) ||
		!isdigit((unsigned char)text[4]))
		return -1;
	hour = (text[0] - '0') * 10 + text[1] - '0';
	minute = (text[3] - '0') * 10 + text[4] - '0';
	return minute > 59 || hour * 60 + minute > DAY_MINUTES ? -1 : hour * 60 + minute;
}

static void daytime_add(struct reader *r, const char *key, const char *item)
{
	struct schedule *s = schedule_of(r);
	const char *dash = strchr(item, '-');
	struct daytime d = {-1, -1};

	if (dash)
		d = (struct daytime){minute_parse(item, dash),
			minute_parse(dash + 1, dash + 1 + strlen(dash + 1))};
	if (d.from < 0 || d.to < 0 || d.from == DAY_MINUTES)
		ini_error(r->err, r->section, key,
			"\"%s\" is no time of day: write HH:MM-HH:MM, up to 24:00", item);
	else if (d.from == d.to)
		ini_error(r->err, r->section, key,
			"\"%s\" begins where it ends; the whole day is 00:00-24:00", item);
	else {
		s->daytimes = reader_append(s->daytimes, s->daytime_count, sizeof(d));
		s->daytimes[s->daytime_count++] = d;
	}
}

static void read_time_of_day(struct reader *r, const char *key, const char *value)
{
	struct reader_list list;

	if (!reader_list(r, key, value, &list))
		return;
	for (size_t i = 0; i < list.count; i++)
		daytime_add(r, key, list.items[i]);
	reader_list_free(&list);
}

static void read_instant(struct reader *r, const char *key, const char *value)
{
	struct schedule *s = schedule_of(r);

	if (!rfc3339_parse(value, strcmp(key, "from") == 0 ? &s->from : &s->to))
		ini_error(r->err, r->section, key,
			"\"%s\" is no instant: write 2026-01-31T18:00:00Z, or +01:00 in place of Z",
			value);
}

static void read_timezone(struct reader *r, const char *key, const char *value)
{
	static const char *const words[] = {"local", "UTC", NULL};
	struct schedule *s = schedule_of(r);

	for (size_t i = 0; words[i]; i++) {
		if (strcasecmp(words[i], value) == 0)
			value = words[i];
	}
	free(s->timezone);
	s->timezone = reader_strdup(value);
	s->zone = zone_load(value);
	if (!s->zone)
		ini_error(r->err, r->section, key,
			"there is no time zone \"%s\": write local, UTC, or a name such as "
			"Europe/Berlin, of those in /usr/share/zoneinfo",
			value);
}

static void schedule_complete(struct reader *r, struct schedule *s)
{
	if (!s->timezone)
		read_timezone(r, "timezone", "local");
	if (s->from == INT64_MIN && s->to == INT64_MAX && !s->daytime_count &&
		s->months == SCHEDULE_MONTHS && s->days == SCHEDULE_DAYS &&
		s->weekdays == SCHEDULE_WEEKDAYS)
		ini_error(r->err, r->section, NULL,
			"needs one of from, to, month, day_of_month, weekday, time_of_day, or it "
			"holds always");
	if (s->from >= s->to)
		ini_error(r->err, r->section, "to", "is not after from: this never holds");
}

void schedule_read(struct reader *r)
{
	static const struct reader_key keys[] = {
		{"from", read_instant},
		{"to", read_instant},
		{"month", read_month},
		{"day_of_month", read_day_of_month},
		{"weekday", read_weekday},
		{"time_of_day", read_time_of_day},
		{"timezone", read_timezone},
	};
	struct schedule *s = reader_alloc(NULL, sizeof(*s));
	size_t before = r->err->said;

	*s = (struct schedule){
		.name = reader_strdup(r->section->name),
		.written = r->section,
		.from = INT64_MIN,
		.to = INT64_MAX,
		.months = SCHEDULE_MONTHS,
		.days = SCHEDULE_DAYS,
		.weekdays = SCHEDULE_WEEKDAYS,
	};
	((struct object *)r->object)->u.schedule = s;
	reader_keys(r, keys, sizeof(keys) / sizeof(keys[0]));
	if (r->err->said == before)
		schedule_complete(r, s);
}

/* ---- as text ---- */

/* The words whose bits are in @mask, unless all of @all are. */
static void visit_words(
	struct visitor *v, const char *key, unsigned mask, unsigned all, const char *const *words)
{
	const char *separator = "";
	FILE *out;

	if (mask == all)
		return;
	out = visit_begin(v, key);
	for (int i = 0; words[i]; i++) {
		if (mask >> i & 1) {
			fprintf(out, "%s%.*s", separator, WORD_MIN, words[i]);
			separator = ", ";
		}
	}
	visit_end(v);
}

static void visit_days(struct visitor *v, const struct schedule *s)
{
	const char *separator = "";
	FILE *out;

	if (s->days == SCHEDULE_DAYS)
		return;
	out = visit_begin(v, "day_of_month");
	for (int i = 0; i < DAYS_IN_MONTH; i++) {
		if (s->days >> i & 1) {
			fprintf(out, "%s%d", separator, i + 1);
			separator = ", ";
		}
	}
	for (int i = 0; i < DAYS_IN_MONTH; i++) {
		if (s->days_from_end >> i & 1) {
			fprintf(out, i ? "%slast-%d" : "%slast", separator, i);
			separator = ", ";
		}
	}
	visit_end(v);
}

static void visit_daytimes(struct visitor *v, const struct schedule *s)
{
	FILE *out;

	if (!s->daytime_count)
		return;
	out = visit_begin(v, "time_of_day");
	for (size_t i = 0; i < s->daytime_count; i++) {
		const struct daytime *d = &s->daytimes[i];

		fprintf(out, "%s%02d:%02d-%02d:%02d", i ? ", " : "", d->from / 60, d->from % 60,
			d->to / 60, d->to % 60);
	}
	visit_end(v);
}

static void visit_instant(struct visitor *v, const char *key, int64_t t)
{
	char text[RFC3339_TEXT];

	if (t != INT64_MIN && t != INT64_MAX)
		v->value(v, key, rfc3339_format(t, text));
}

void schedule_visit(const struct schedule *s, struct visitor *v)
{
	v->section(v, "time", s->name, s->written);
	visit_instant(v, "from", s->from);
	visit_instant(v, "to", s->to);
	visit_words(v, "month", s->months, SCHEDULE_MONTHS, month_words);
	visit_days(v, s);
	visit_words(v, "weekday", s->weekdays, SCHEDULE_WEEKDAYS, weekday_words);
	visit_daytimes(v, s);
	v->value(v, "timezone", s->timezone);
}
