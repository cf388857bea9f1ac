/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_zone.c - time zones against the C library's, and instants as text */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "base/rfc3339.h"
#include "base/zone.h"

enum { STEP = 13 * 3600 + 977 };

/* Some of each kind: half hours, southern, none, Ramadan, a day left out, rules of old. */
static const char *const zones[] = {"UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata",
	"Australia/Lord_Howe", "America/Sao_Paulo", "Africa/Casablanca", "Asia/Kathmandu",
	"Pacific/Apia", "Pacific/Chatham", "America/St_Johns", "Europe/Dublin", "Asia/Tehran",
	"Africa/Cairo", "America/Nuuk", "Antarctica/Troll"};

static int32_t library_offset(int64_t t)
{
	time_t seconds = (time_t)t;
	struct tm tm;

	assert_non_null(localtime_r(&seconds, &tm));
	return (int32_t)tm.tm_gmtoff;
}

static void zone_agrees(const char *name)
{
	struct zone *z = zone_load(name);
	int64_t from = -2208988800, to = 4102444800; /* 1900 to 2100 */

	assert_non_null(z);
	setenv("TZ", name, 1);
	tzset();
	for (int64_t t = from; t < to; t += STEP)
		assert_int_equal(zone_offset(z, t), library_offset(t));
	/* on both sides of each change, and nowhere else */
	for (int64_t t = from; (t = zone_next(z, t)) < to;) {
		assert_int_equal(zone_offset(z, t - 1), library_offset(t - 1));
		assert_int_equal(zone_offset(z, t), library_offset(t));
	}
	zone_free(z);
}

static void test_library(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(zones) / sizeof(zones[0]); i++)
		zone_agrees(zones[i]);
}

/* POSIX rules, of all three kinds of day. */
static void test_rules(void **state)
{
	static const char *const rules[] = {"CET-1CEST,M3.5.0,M10.5.0/3", "EST5EDT", "<-03>3",
		"NZST-12NZDT,M9.5.0,M4.1.0/3", "A3B,J60/0,J300", "A3B,59,300/-1:30:15",
		"IST-2IDT,M3.4.4/26,M10.5.0", "ABC-9:30:10"};

	(void)state;
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		struct zone *z;

		setenv("TZ", rules[i], 1);
		tzset();
		z = zone_load("local");
		assert_non_null(z);
		for (int64_t t = 0; t < 2000000000; t += STEP)
			assert_int_equal(zone_offset(z, t), library_offset(t));
		zone_free(z);
	}
}

static void test_local(void **state)
{
	struct zone *z;

	(void)state;
	setenv("TZ", ":Asia/Kolkata", 1);
	z = zone_load("local");
	assert_int_equal(zone_offset(z, 0), 19800);
	zone_free(z);
	setenv("TZ", "nonsense", 1);
	z = zone_load("local");
	assert_int_equal(zone_offset(z, 0), 0);
	assert_int_equal(zone_next(z, 0), INT64_MAX);
	zone_free(z);
	unsetenv("TZ");
	z = zone_load("local");
	assert_non_null(z);
	zone_free(z);
}

static void test_refused(void **state)
{
	static const char *const names[] = {
		"", "Europe", "Europe/Nowhere", "../../etc/passwd", "/etc/localtime", "zone.tab"};
	static const uint8_t bytes[44] = {'T', 'Z', 'i', 'f', '2', [35] = 1, [39] = 1};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_null(zone_load(names[i]));
	for (size_t len = 0; len <= sizeof(bytes); len++)
		assert_null(zone_parse(bytes, len));
}

static void test_instants(void **state)
{
	static const struct {
		const char *text;
		int64_t t;
	} rows[] = {
		{"1970-01-01T00:00:00Z", 0},
		{"2026-03-29T01:30:00+01:00", 1774744200},
		{"2026-03-29t00:30:00.250z", 1774744200},
		{"2026-03-28 20:30:00-04:00", 1774744200},
		{"2024-02-29T00:00:00Z", 1709164800},
		{"2016-12-31T23:59:60Z", 1483228800},
		{"0001-01-01T00:00:00Z", -62135596800},
	};
	static const char *const bad[] = {"", "2026-03-29", "2026-03-29T01:30:00",
		"2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z",
		"2026-01-32T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z",
		"2026-01-01T00:00:61Z", "2026-01-01T00:00:00Zx", "2026-01-01T00:00:00+1:00",
		"2026-01-01T00:00:00+24:00", "2026-01-01T00:00:00+01:60", "26-01-01T00:00:00Z",
		"2026-01-01T00-00:00Z", "x026-01-01T00:00:00Z"};
	char text[RFC3339_TEXT];
	int64_t t;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_true(rfc3339_parse(rows[i].text, &t));
		assert_int_equal(t, rows[i].t);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(rfc3339_parse(bad[i], &t));
	assert_string_equal(rfc3339_format(1774744200, text), "2026-03-29T00:30:00Z");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_library),
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_local),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_instants),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
