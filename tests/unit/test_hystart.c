/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_hystart.c - when HyStart++ slows growth down, ends slow start, or goes on after all */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "gateway/tcp/hystart.h"

enum { SAMPLES = 8, FLIGHT = 10000 };

/* A round with @n ACKs that all took @rtt. Return: the divisor after the last. */
static unsigned play_round(struct hystart *h, uint64_t *una, unsigned n, usec_t rtt)
{
	unsigned divisor = 1;

	for (unsigned i = 0; i < n; i++) {
		*una += FLIGHT / n;
		divisor = hystart_ack(h, *una, *una + FLIGHT, rtt);
	}
	return divisor;
}

static void test_steady_delay_never_ends_slow_start(void **state)
{
	struct hystart h;
	uint64_t una = 1;

	(void)state;
	hystart_init(&h);
	for (int i = 0; i < 50; i++)
		assert_int_equal(play_round(&h, &una, SAMPLES + 2, 20 * USEC_MSEC), 1);
}

static void test_grown_delay_slows_down_and_then_ends(void **state)
{
	struct hystart h;
	uint64_t una = 1;

	(void)state;
	hystart_init(&h);
	assert_int_equal(play_round(&h, &una, 10, 20 * USEC_MSEC), 1);
	assert_int_equal(play_round(&h, &una, 10, 20 * USEC_MSEC), 1);
	/* 4 ms more than the round before, since an eighth would be less */
	assert_int_equal(play_round(&h, &una, 10, 24 * USEC_MSEC), 4);
	for (int i = 0; i < 4; i++)
		assert_int_equal(play_round(&h, &una, 10, 25 * USEC_MSEC), 4);
	assert_int_equal(play_round(&h, &una, 10, 25 * USEC_MSEC), 0);
}

static void test_delay_that_goes_away_was_not_the_queue(void **state)
{
	struct hystart h;
	uint64_t una = 1;

	(void)state;
	hystart_init(&h);
	play_round(&h, &una, 10, 100 * USEC_MSEC);
	play_round(&h, &una, 10, 100 * USEC_MSEC);
	assert_int_equal(play_round(&h, &una, 10, 113 * USEC_MSEC), 4);
	assert_int_equal(play_round(&h, &una, 10, 101 * USEC_MSEC), 1);
}

static void test_few_samples_decide_nothing(void **state)
{
	struct hystart h;
	uint64_t una = 1;

	(void)state;
	hystart_init(&h);
	play_round(&h, &una, 5, 20 * USEC_MSEC);
	assert_int_equal(play_round(&h, &una, 5, 200 * USEC_MSEC), 1);
	/* and an ACK without a sample is none */
	assert_int_equal(play_round(&h, &una, 20, 0), 1);
}

static void test_little_growth_of_a_long_delay_is_noise(void **state)
{
	struct hystart h;
	uint64_t una = 1;

	(void)state;
	hystart_init(&h);
	play_round(&h, &una, 10, 200 * USEC_MSEC);
	/* an eighth would be 25 ms, but 16 are enough */
	assert_int_equal(play_round(&h, &una, 10, 215 * USEC_MSEC), 1);
	assert_int_equal(play_round(&h, &una, 10, 231 * USEC_MSEC), 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_steady_delay_never_ends_slow_start),
		cmocka_unit_test(test_grown_delay_slows_down_and_then_ends),
		cmocka_unit_test(test_delay_that_goes_away_was_not_the_queue),
		cmocka_unit_test(test_few_samples_decide_nothing),
		cmocka_unit_test(test_little_growth_of_a_long_delay_is_noise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
