/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_rtt.c - RFC 6298 by numbers, backoff, the minimum's window */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "gateway/tcp/rtt.h"

static void test_first_and_later_samples(void **state)
{
	struct rtt r;

	(void)state;
	rtt_init(&r, false);
	assert_int_equal(rtt_rto(&r), 1000000);
	rtt_sample(&r, 800000);
	assert_int_equal(r.srtt, 800000);
	assert_int_equal(r.var, 400000);
	assert_int_equal(rtt_rto(&r), 2400000);
	rtt_sample(&r, 400000);
	/* var = 3/4 * 400000 + 1/4 * |800000 - 400000|, srtt = 7/8 * 800000 + 1/8 * 400000 */
	assert_int_equal(r.var, 400000);
	assert_int_equal(r.srtt, 750000);
}

static void test_floor_depends_on_where_the_peer_is(void **state)
{
	struct rtt wire, near;

	(void)state;
	rtt_init(&wire, false);
	rtt_init(&near, true);
	for (int i = 0; i < 100; i++) {
		rtt_sample(&wire, 100);
		rtt_sample(&near, 100);
	}
	assert_in_range(rtt_rto(&wire), 200000, 200200);
	assert_in_range(rtt_rto(&near), 20000, 20200);
}

static void test_backoff_doubles_up_to_the_maximum(void **state)
{
	usec_t want = 1000000;
	struct rtt r;

	(void)state;
	rtt_init(&r, false);
	for (int i = 0; i < 40; i++) {
		assert_int_equal(rtt_rto(&r), want > 120000000 ? 120000000 : want);
		rtt_back_off(&r);
		if (want < 120000000)
			want *= 2;
	}
	rtt_sample(&r, 1000000);
	assert_int_equal(rtt_rto(&r), 3000000);
}

static void test_minimum_is_forgotten_after_its_window(void **state)
{
	struct rtt r;

	(void)state;
	rtt_init(&r, false);
	rtt_note_min(&r, 500, 0);
	rtt_note_min(&r, 900, RTT_MIN_WINDOW - 1);
	assert_int_equal(r.min, 500);
	rtt_note_min(&r, 900, RTT_MIN_WINDOW);
	assert_int_equal(r.min, 900);
	rtt_note_min(&r, 0, RTT_MIN_WINDOW);
	assert_int_equal(r.min, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_first_and_later_samples),
		cmocka_unit_test(test_floor_depends_on_where_the_peer_is),
		cmocka_unit_test(test_backoff_doubles_up_to_the_maximum),
		cmocka_unit_test(test_minimum_is_forgotten_after_its_window),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
