/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rfc3339.c - instants as text: 2026-03-29T01:30:00+01:00 */
#include "base/rfc3339.h"

#include <stddef.h>
#include <string.h>
#include <time.h>

/* Two digits at @p, from @min to @max; -1 if they are not. */
static int two_digits(const char *p, int min, int max)
{
	int n;

	if (p[0] < '0' || p[0] > '9' || p[1] < '0' || p[1] > '9')
		return -1;
	n = (p[0] - '0') * 10 + p[1] - '0';
	return n < min || n > max ? -1 : n;
}

/* "Z", "+hh:mm" or "-hh:mm" and the end, as seconds ahead of UTC. */
static bool offset_parse(const char *p, int *seconds)
{
	int hours, minutes;

	*seconds = 0;
	if (*p == 'Z' || *p == 'z')
		return !p[1];
	if ((*p != '+' && *p != '-') || strlen(p) != 6 || p[3] != ':')
		return false;
	hours = two_digits(p + 1, 0, 23);
	minutes = two_digits(p + 4, 0, 59);
	*seconds = (hours * 3600 + minutes * 60) * (*p == '-' ? -1 : 1);
	return hours >= 0 && minutes >= 0;
}

bool rfc3339_parse(const char *text, int64_t *t)
{
	static const char shape[] = "0000-00-00T00:00:00";
	int century, year, day, second, offset;
	struct tm tm = {0};

	if (strlen(text) < sizeof(shape))
		return false;
	for (size_t i = 0; shape[i]; i++) {
		bool blank = shape[i] == 'T' && (text[i] == 't' || text[i] == ' ');

		if (shape[i] != '0' && text[i] != shape[i] && !blank)
			return false;
	}
	century = two_digits(text, 0, 99);
	year = two_digits(text + 2, 0, 99);
	tm.tm_mon = two_digits(text + 5, 1, 12) - 1;
	tm.tm_mday = two_digits(text + 8, 1, 31);
	tm.tm_hour = two_digits(text + 11, 0, 23);
	tm.tm_min = two_digits(text + 14, 0, 59);
	tm.tm_sec = second = two_digits(text + 17, 0, 60);
	if (century < 0 || year < 0 || tm.tm_mon < 0 || tm.tm_mday < 0 || tm.tm_hour < 0 ||
		tm.tm_min < 0 || second < 0)
		return false;
	tm.tm_year = century * 100 + year - 1900;
	text += sizeof(shape) - 1;
	if (*text == '.')
		text += 1 + strspn(text + 1, "0123456789");
	if (!offset_parse(text, &offset))
		return false;
	day = tm.tm_mday;
	tm.tm_sec = 0; /* a leap second, which the epoch does not count, is no other day */
	*t = (int64_t)timegm(&tm);
	if (tm.tm_mday != day)
		return false; /* the 30th of February */
	*t += second - offset;
	return true;
}

const char *rfc3339_format(int64_t t, char *buf)
{
	time_t seconds = (time_t)t;
	struct tm tm;

	if (!gmtime_r(&seconds, &tm) || !strftime(buf, RFC3339_TEXT, "%Y-%m-%dT%H:%M:%SZ", &tm))
		*buf = '\0';
	return buf;
}
