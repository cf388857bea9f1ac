/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_schedule.c - [time NAME]: which instants are in it, around midnight and summer time too */
#include "unit/rules_helper.h"

#include "base/rfc3339.h"
#include "rules/schedule.h"

#define RULE "[rule r]\ndirection = both\ntime = t\naction = a\n[action a]\ntls = off\n[time t]\n"

static struct policy *policy_with(const char *time)
{
	char text[1024];

	snprintf(text, sizeof(text), RULE "%s\n", time);
	return policy_good(text);
}

static int64_t instant(const char *text)
{
	int64_t t;

	assert_true(rfc3339_parse(text, &t));
	return t;
}

/* Whether the schedule that is written as @time holds at each instant. */
static void test_holds(void **state)
{
	static const struct {
		const char *time, *in, *out;
	} rows[] = {
		{"from = 2026-01-01T00:00:00+01:00", "2025-12-31T23:00:00Z",
			"2025-12-31T22:59:59Z"},
		{"to = 2026-01-01T00:00:00Z", "2025-12-31T23:59:59Z", "2026-01-01T00:00:00Z"},
		{"month = nov-feb\ntimezone = UTC", "2026-01-31T12:00:00Z", "2026-03-01T00:00:00Z"},
		{"month = 2, August\ntimezone = UTC", "2026-08-31T23:59:59Z",
			"2026-07-31T12:00:00Z"},
		{"weekday = sat-mon\ntimezone = UTC", "2026-03-29T12:00:00Z",
			"2026-03-31T12:00:00Z"},
		{"weekday = wednesday\ntimezone=UTC", "2026-04-01T00:00:00Z",
			"2026-03-31T23:59:59Z"},
		{"day_of_month = 1-7\ntimezone = UTC", "2026-03-07T12:00:00Z",
			"2026-03-08T12:00:00Z"},
		{"day_of_month = 5..6,9\ntimezone=UTC", "2026-03-09T12:00:00Z",
			"2026-03-07T12:00:00Z"},
		{"day_of_month = last\ntimezone = UTC", "2024-02-29T12:00:00Z",
			"2024-02-28T12:00:00Z"},
		{"day_of_month = last\ntimezone = UTC", "2026-02-28T12:00:00Z",
			"2026-01-28T12:00:00Z"},
		{"day_of_month = last-6..last\ntimezone = UTC", "2026-04-24T12:00:00Z",
			"2026-04-23T12:00:00Z"},
		{"day_of_month = last-30\ntimezone = UTC", "2026-03-01T12:00:00Z",
			"2026-04-01T12:00:00Z"},
		{"time_of_day = 08:00-18:00\ntimezone = UTC", "2026-03-29T08:00:00Z",
			"2026-03-29T18:00:00Z"},
		{"time_of_day = 08:00-09:00, 10:00-24:00\ntimezone = UTC", "2026-03-29T23:59:59Z",
			"2026-03-29T09:30:00Z"},
		{"time_of_day = 22:00-06:00\ntimezone = UTC", "2026-03-29T05:59:59Z",
			"2026-03-29T06:00:00Z"},
		/* a night belongs to the day on which it begins */
		{"weekday = fri\ntime_of_day = 22:00-06:00\ntimezone = UTC", "2026-03-28T05:00:00Z",
			"2026-03-27T05:00:00Z"},
		{"day_of_month = last\ntime_of_day = 22:00-06:00\ntimezone = UTC",
			"2026-04-01T05:00:00Z", "2026-03-31T05:00:00Z"},
		{"month = dec\ntime_of_day = 22:00-06:00\ntimezone = UTC", "2026-01-01T01:00:00Z",
			"2025-12-01T01:00:00Z"},
		{"time_of_day = 08:00-09:00\ntimezone = Asia/Kathmandu", "2026-03-29T02:15:00Z",
			"2026-03-29T08:30:00Z"},
		/* Berlin goes from 2 to 3 on 29 March, and from 3 back to 2 on 25 October */
		{"time_of_day = 02:30-03:30\ntimezone = Europe/Berlin", "2026-03-29T01:00:00Z",
			"2026-03-29T00:59:59Z"},
		{"time_of_day = 02:30-03:30\ntimezone = Europe/Berlin", "2026-03-29T01:29:59Z",
			"2026-03-29T01:30:00Z"},
		{"time_of_day = 02:00-02:30\ntimezone = Europe/Berlin", "2026-10-25T00:15:00Z",
			"2026-10-25T00:45:00Z"},
		{"time_of_day = 02:00-02:30\ntimezone = Europe/Berlin", "2026-10-25T01:15:00Z",
			"2026-10-25T01:45:00Z"},
		{"time_of_day = 01:30-04:00\ntimezone = Europe/Berlin", "2026-10-25T02:59:59Z",
			"2026-10-25T03:00:00Z"},
		/* New York goes from 1:59 to 3 on 8 March, Lord Howe by half an hour on 5 April */
		{"time_of_day = 03:00-03:01\ntimezone = America/New_York", "2026-03-08T07:00:59Z",
			"2026-03-08T06:59:59Z"},
		{"time_of_day = 01:30-01:45\ntimezone = Australia/Lord_Howe",
			"2026-04-04T14:30:00Z", "2026-04-04T14:45:00Z"},
		{"time_of_day = 01:30-01:45\ntimezone = Australia/Lord_Howe",
			"2026-04-04T15:00:00Z", "2026-04-04T15:15:00Z"},
		/* Cairo goes from midnight to 1 on 24 April 2026 */
		{"weekday = thu\ntime_of_day = 23:00-02:00\ntimezone = Africa/Cairo",
			"2026-04-23T22:59:59Z", "2026-04-23T23:00:00Z"},
		/* Apia had no 30 December 2011 */
		{"day_of_month = 31\nmonth = dec\ntimezone = Pacific/Apia", "2011-12-30T10:00:00Z",
			"2011-12-30T09:59:59Z"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct policy *p = policy_with(rows[i].time);

		if (!schedule_holds(p->schedules[0], instant(rows[i].in)) ||
			schedule_holds(p->schedules[0], instant(rows[i].out)))
			fail_msg("%s", rows[i].time);
		policy_put(p);
	}
}

/* The second hour of 2 to 3 that does not exist: 02:00-03:00 never comes on that day. */
static void test_missing_hour(void **state)
{
	struct policy *p = policy_with("time_of_day = 02:00-03:00\ntimezone = Europe/Berlin");
	int64_t day = instant("2026-03-28T23:00:00Z"); /* 23 hours long */

	(void)state;
	for (int64_t t = day; t < day + 23 * 3600; t += 60)
		assert_false(schedule_holds(p->schedules[0], t));
	assert_true(schedule_holds(p->schedules[0], day + 25 * 3600));
	policy_put(p);
}

/* Between two instants that schedule_next() names, nothing changes. */
static void test_next(void **state)
{
	static const char *const times[] = {
		"time_of_day = 08:00-18:00, 22:30-01:15\ntimezone = Europe/Berlin",
		"time_of_day = 22:30-01:15\nweekday = mon-fri\ntimezone = UTC",
		"time_of_day = 02:00-02:30\ntimezone = Australia/Lord_Howe",
		"day_of_month = last\ntimezone = America/New_York",
		"from = 2026-03-29T01:30:07Z\nto = 2026-04-05T12:00:01Z\ntimezone = Africa/Cairo",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		struct policy *p = policy_with(times[i]);
		const struct schedule *s = p->schedules[0];
		int64_t t = instant("2026-03-01T00:00:00Z"), end = instant("2026-11-30T00:00:00Z");
		int64_t next = t;

		for (bool holds = false; t < end && next < INT64_MAX; t += 60 - t % 60) {
			for (; t >= next; next = schedule_next(s, next)) {
				assert_true(schedule_next(s, next) > next);
				holds = schedule_holds(s, next);
			}
			assert_int_equal(schedule_holds(s, t), holds);
		}
		policy_put(p);
	}
}

/* Of several schedules one is enough; the active bit follows the time it is given. */
static void test_active(void **state)
{
	struct policy *p = policy_good(
		"[rule a]\npriority=2\ndirection=both\ntime=day,night\naction=off\n"
		"[rule b]\ndirection=both\nremote_port=2\naction=off\n[action off]\ntls=off\n"
		"[time day]\ntime_of_day=08:00-18:00\ntimezone=UTC\n"
		"[time night]\ntime_of_day=22:00-02:00\ntimezone=UTC\n");
	static const struct {
		const char *at, *rule, *next;
	} rows[] = {
		{"2026-03-29T12:00:00Z", "a", "2026-03-29T18:00:00Z"},
		{"2026-03-29T18:00:00Z", "b", "2026-03-29T22:00:00Z"},
		{"2026-03-29T23:00:00Z", "a", "2026-03-30T00:00:00Z"},
		{"2026-03-30T02:00:00Z", "b", "2026-03-30T08:00:00Z"},
	};
	struct query q = query_of("10.0.0.1:1", "10.0.0.2:2", DIRECTION_OUTBOUND);
	const struct rule *rule;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(policy_activate(p, instant(rows[i].at)), instant(rows[i].next));
		q.when = QUERY_NOW;
		assert_int_equal(policy_match(p, &q, &rule), OUTCOME_RULE);
		assert_string_equal(rule->name, rows[i].rule);
	}
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		q.when = QUERY_AT;
		q.at = instant(rows[i].at);
		assert_int_equal(policy_match(p, &q, &rule), OUTCOME_RULE);
		assert_string_equal(rule->name, rows[i].rule);
	}
	policy_put(p);
}

/* What was mapped at a time that nobody remembers is not passed by a schedule's leave. */
static void test_midstream(void **state)
{
	struct policy *p =
		policy_good("[rule a]\ndirection=both\ntime=t\naction=tls\n"
			    "[action tls]\ntls=reject\n[time t]\nto=2000-01-01T00:00:00Z\n");
	struct query q = query_of("10.0.0.1:1", "10.0.0.2:2", DIRECTION_BOTH);
	const struct rule *rule;

	(void)state;
	assert_int_equal(policy_match(p, &q, &rule), OUTCOME_UNMATCHED);
	assert_true(policy_may_protect(p, &q));
	policy_put(p);
}

static void test_refused(void **state)
{
	static const char days[] = "is no day: write 1 to 31, last, last-N for N days before, or a "
				   "range such as 1-7 or last-6..last";
	const char *const rows[][2] = {
		{"from = 2026-01-01",
			"\"2026-01-01\" is no instant: write 2026-01-31T18:00:00Z, or "
			"+01:00 in place of Z"},
		{"to = never", "\"never\" is no instant: write 2026-01-31T18:00:00Z, or +01:00 in "
			       "place of Z"},
		{"month = 13", "\"13\" is no month (jan to dec, or 1 to 12), nor a range of them"},
		{"month = ju", "\"ju\" is no month (jan to dec, or 1 to 12), nor a range of them"},
		{"month = 0-2",
			"\"0-2\" is no month (jan to dec, or 1 to 12), nor a range of them"},
		{"weekday = 1", "\"1\" is no day of the week (sun to sat), nor a range of them"},
		{"weekday = mon-",
			"\"mon-\" is no day of the week (sun to sat), nor a range of them"},
		{"time_of_day = 8-18",
			"\"8-18\" is no time of day: write HH:MM-HH:MM, up to 24:00"},
		{"time_of_day = 08:00",
			"\"08:00\" is no time of day: write HH:MM-HH:MM, up to 24:00"},
		{"time_of_day = 08:00-24:01",
			"\"08:00-24:01\" is no time of day: write HH:MM-HH:MM, up to 24:00"},
		{"time_of_day = 24:00-06:00",
			"\"24:00-06:00\" is no time of day: write HH:MM-HH:MM, up to 24:00"},
		{"time_of_day = 08:00-08:00",
			"\"08:00-08:00\" begins where it ends; the whole day is 00:00-24:00"},
		{"timezone = Mars",
			"there is no time zone \"Mars\": write local, UTC, or a name such "
			"as Europe/Berlin, of those in /usr/share/zoneinfo"},
	};
	static const char *const bad_days[] = {
		"0", "32", "7-1", "last-31", "last..last-1", "1..last", "last-0", "-1", "lastly"};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[512], sentence[512];

		snprintf(text, sizeof(text), RULE "%s\n", rows[i][0]);
		snprintf(sentence, sizeof(sentence), "8: [time t] %.*s: %s",
			(int)strcspn(rows[i][0], " "), rows[i][0], rows[i][1]);
		policy_refused(text, sentence);
	}
	for (size_t i = 0; i < sizeof(bad_days) / sizeof(bad_days[0]); i++) {
		char text[512], sentence[512];

		snprintf(text, sizeof(text), RULE "day_of_month = %s\n", bad_days[i]);
		snprintf(sentence, sizeof(sentence), "8: [time t] day_of_month: \"%s\" %s",
			bad_days[i], days);
		policy_refused(text, sentence);
	}
	policy_refused(RULE "timezone = UTC\n",
		"7: [time t]: needs one of from, to, month, day_of_month, weekday, time_of_day, or "
		"it holds always");
	policy_refused(RULE "from = 2026-01-02T00:00:00Z\nto = 2026-01-01T00:00:00Z\n",
		"9: [time t] to: is not after from: this never holds");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_holds),
		cmocka_unit_test(test_missing_hour),
		cmocka_unit_test(test_next),
		cmocka_unit_test(test_active),
		cmocka_unit_test(test_midstream),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
