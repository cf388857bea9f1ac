/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_cc.c - slow start, CUBIC's shape, PRR, time-outs, the window towards a near peer */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "gateway/tcp/cc.h"

enum { MSS = 1000 };
#define RTT (100 * USEC_MSEC)

/* One round trip with the window in full use, one ACK per two segments. Returns the new time. */
static usec_t round_trip(struct cc *c, usec_t now)
{
	uint64_t left = c->cubic.cwnd;

	while (left >= 2 * MSS) {
		struct cc_ack a = {.delivered = 2 * MSS,
			.pipe = left,
			.progress = true,
			.limited = true,
			.srtt = RTT};

		cc_grow(c, &a, now);
		left -= 2 * MSS;
		now += RTT * 2 * MSS / c->cubic.cwnd;
	}
	return now;
}

static void test_initial_window(void **state)
{
	struct cc c;

	(void)state;
	cc_init(&c, 1448, false);
	assert_int_equal(c.cubic.cwnd, 14480);
	cc_init(&c, 8948, false);
	assert_int_equal(c.cubic.cwnd, 17896);
	cc_init(&c, 1448, true);
	assert_int_equal(c.cubic.cwnd, CC_NEAR_WINDOW);
}

static void test_slow_start_doubles_and_only_if_the_window_is_used(void **state)
{
	struct cc_ack idle = {.delivered = 2 * MSS, .limited = false};
	struct cc c;

	(void)state;
	cc_init(&c, MSS, false);
	round_trip(&c, 1);
	assert_int_equal(c.cubic.cwnd, 20 * MSS);
	cc_grow(&c, &idle, 1);
	assert_int_equal(c.cubic.cwnd, 20 * MSS);
}

static void test_cubic_returns_to_the_old_window_and_goes_beyond(void **state)
{
	usec_t now = USEC_SEC;
	struct cc c;
	uint32_t before;

	(void)state;
	cc_init(&c, MSS, false);
	for (int i = 0; i < 4; i++)
		now = round_trip(&c, now);
	assert_int_equal(c.cubic.cwnd, 160 * MSS);
	cc_reduce(&c, c.cubic.cwnd);
	cc_recovered(&c);
	assert_int_equal(c.cubic.cwnd, 112 * MSS);
	/* K = cbrt(48 / 0.4) = 4.9 s: nearly flat around the old window, never a jump */
	for (usec_t until = now + 5 * USEC_SEC; now < until;) {
		before = c.cubic.cwnd;
		now = round_trip(&c, now);
		assert_true(c.cubic.cwnd >= before && c.cubic.cwnd < before + before / 10);
	}
	assert_in_range(c.cubic.cwnd, 158 * MSS, 166 * MSS);
	for (usec_t until = now + 8 * USEC_SEC; now < until;)
		now = round_trip(&c, now);
	assert_in_range(c.cubic.cwnd, 240 * MSS, 420 * MSS);
}

static void test_small_windows_grow_at_least_like_reno(void **state)
{
	usec_t now = USEC_SEC;
	struct cc c;

	(void)state;
	cc_init(&c, MSS, false);
	cc_reduce(&c, c.cubic.cwnd);
	cc_recovered(&c);
	assert_int_equal(c.cubic.cwnd, 7 * MSS);
	for (int i = 0; i < 20; i++)
		now = round_trip(&c, now);
	/* alpha 0.53 segments per round trip until the old window is reached */
	assert_true(c.cubic.cwnd >= 12 * MSS);
}

static void test_idle_time_is_not_growth(void **state)
{
	struct cc_ack idle = {.delivered = MSS, .limited = false};
	struct cc_ack busy = {.delivered = MSS, .limited = true, .srtt = RTT};
	struct cc c;

	(void)state;
	cc_init(&c, MSS, false);
	c.cubic.cwnd = 100 * MSS;
	cc_reduce(&c, c.cubic.cwnd);
	cc_recovered(&c);
	cc_grow(&c, &busy, USEC_SEC);
	for (usec_t now = USEC_SEC; now < 100 * USEC_SEC; now += USEC_SEC / 10)
		cc_grow(&c, &idle, now);
	cc_grow(&c, &busy, 100 * USEC_SEC);
	assert_true(c.cubic.cwnd < 72 * MSS);
}

static void test_prr_sends_in_proportion_and_ends_at_the_threshold(void **state)
{
	uint64_t pipe = 100 * MSS, sent = 0;
	struct cc c;

	(void)state;
	cc_init(&c, MSS, false);
	c.cubic.cwnd = 100 * MSS;
	cc_reduce(&c, pipe);
	assert_int_equal(c.cubic.ssthresh, 70 * MSS);
	/* one segment lost, the 99 others arrive one by one */
	pipe -= MSS;
	for (int i = 0; i < 99; i++) {
		struct cc_ack a = {.delivered = MSS, .pipe = pipe - MSS};

		pipe -= MSS;
		cc_recover(&c, &a);
		if (c.cubic.cwnd >= a.pipe + MSS) {
			cc_sent(&c, MSS);
			pipe += MSS;
			sent++;
		}
	}
	assert_in_range(sent, 68, 71);
	assert_in_range(pipe, 68 * MSS, 70 * MSS);
	cc_recovered(&c);
	assert_int_equal(c.cubic.cwnd, 70 * MSS);
}

static void test_timeout_begins_anew_and_cuts_once(void **state)
{
	struct cc c;

	(void)state;
	cc_init(&c, MSS, false);
	c.cubic.cwnd = 100 * MSS;
	cc_timeout(&c, 100 * MSS, true);
	assert_int_equal(c.cubic.cwnd, MSS);
	assert_int_equal(c.cubic.ssthresh, 70 * MSS);
	cc_timeout(&c, MSS, false);
	assert_int_equal(c.cubic.ssthresh, 70 * MSS);
}

static void test_near_window_shrinks_a_little_and_comes_back(void **state)
{
	usec_t now = 1;
	struct cc c;

	(void)state;
	cc_init(&c, MSS, true);
	cc_timeout(&c, CC_NEAR_WINDOW, true);
	assert_int_equal(c.cubic.cwnd, CC_NEAR_LOSS);
	for (int i = 0; i < 5; i++)
		now = round_trip(&c, now);
	assert_int_equal(c.cubic.cwnd, CC_NEAR_WINDOW);
}

static void test_restart_after_idle(void **state)
{
	struct cc c;

	(void)state;
	cc_init(&c, MSS, false);
	c.cubic.cwnd = 100 * MSS;
	cc_restart(&c);
	assert_int_equal(c.cubic.cwnd, 10 * MSS);
	c.cubic.cwnd = 3 * MSS;
	cc_restart(&c);
	assert_int_equal(c.cubic.cwnd, 3 * MSS);
}

static void test_undo_restores_all_but_not_less_than_now(void **state)
{
	struct cubic before;
	struct cc c;

	(void)state;
	cc_init(&c, MSS, false);
	c.cubic.cwnd = c.cubic.ssthresh = 100 * MSS;
	c.cubic.w_max = 120 * MSS;
	round_trip(&c, USEC_SEC);
	before = c.cubic;
	assert_true(before.k > 0);
	cc_timeout(&c, 100 * MSS, true);
	cc_timeout(&c, MSS, false);
	cc_undo(&c);
	assert_memory_equal(&c.cubic, &before, sizeof(before));
	/* it comes too late to be of use */
	cc_reduce(&c, 100 * MSS);
	c.cubic.cwnd = 200 * MSS;
	cc_undo(&c);
	assert_int_equal(c.cubic.cwnd, 200 * MSS);
	assert_true(c.cubic.ssthresh < 100 * MSS);
}

static void test_stage_after_a_timeout_begins_flat(void **state)
{
	usec_t now = USEC_SEC;
	struct cc c;

	(void)state;
	cc_init(&c, MSS, false);
	c.cubic.cwnd = 100 * MSS;
	cc_timeout(&c, 100 * MSS, true);
	c.cubic.cwnd = c.cubic.ssthresh;
	round_trip(&c, now);
	assert_true(c.cubic.k == 0);
	assert_true(c.cubic.w_max == 70 * MSS);
}

static void test_slow_start_stops_at_the_threshold(void **state)
{
	struct cc_ack a = {.delivered = 44 * MSS, .limited = true, .srtt = RTT};
	struct cc c;

	(void)state;
	cc_init(&c, MSS, false);
	c.cubic.cwnd = 60 * MSS;
	c.cubic.ssthresh = 70 * MSS;
	cc_grow(&c, &a, USEC_SEC);
	assert_in_range(c.cubic.cwnd, 70 * MSS, 71 * MSS);
}

static void test_first_slow_start_ends_when_the_delay_has_grown(void **state)
{
	uint64_t una = 1;
	usec_t rtt = RTT;
	struct cc c;

	(void)state;
	cc_init(&c, MSS, false);
	for (int round = 0; round<12; round++, rtt += round> 2 ? RTT / 5 : 0) {
		uint32_t flight = c.cubic.cwnd;

		for (uint64_t n = 0; n < flight; n += MSS) {
			struct cc_ack a = {.delivered = MSS,
				.limited = true,
				.srtt = rtt,
				.rtt = rtt,
				.una = una + MSS,
				.nxt = una + MSS + c.cubic.cwnd};

			una += MSS;
			cc_grow(&c, &a, USEC_SEC + round * RTT);
		}
	}
	assert_in_range(c.cubic.ssthresh, 80 * MSS, 400 * MSS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_initial_window),
		cmocka_unit_test(test_slow_start_doubles_and_only_if_the_window_is_used),
		cmocka_unit_test(test_cubic_returns_to_the_old_window_and_goes_beyond),
		cmocka_unit_test(test_small_windows_grow_at_least_like_reno),
		cmocka_unit_test(test_idle_time_is_not_growth),
		cmocka_unit_test(test_prr_sends_in_proportion_and_ends_at_the_threshold),
		cmocka_unit_test(test_timeout_begins_anew_and_cuts_once),
		cmocka_unit_test(test_near_window_shrinks_a_little_and_comes_back),
		cmocka_unit_test(test_restart_after_idle),
		cmocka_unit_test(test_undo_restores_all_but_not_less_than_now),
		cmocka_unit_test(test_stage_after_a_timeout_begins_flat),
		cmocka_unit_test(test_slow_start_stops_at_the_threshold),
		cmocka_unit_test(test_first_slow_start_ends_when_the_delay_has_grown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
