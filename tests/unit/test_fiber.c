/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_fiber.c - functions that stop in the middle and go on later */
#include "unit/unit.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fiber.h"

enum { STOPS = 3, MANY = 50 };

struct trip {
	int stops;
	char deep[8192]; /* what lies on the stack survives */
};

static void travel(void *arg)
{
	struct trip *t = arg;
	volatile char own[8192];

	memset((char *)own, 7, sizeof(own));
	for (int i = 0; i < STOPS; i++) {
		assert_true(fiber_inside());
		t->stops++;
		fiber_pause();
		assert_int_equal(own[sizeof(own) - 1], 7);
	}
}

/* AddressSanitizer knows of both stacks; it says only once that it does not. */
static void test_sanitizer_has_nothing_to_say(void **state)
{
	struct fibers all = {.limit = 1};
	struct trip t = {0};
	struct fiber *f;
	FILE *said = tmpfile();
	int before = dup(STDERR_FILENO);

	(void)state;
	assert_non_null(said);
	assert_true(dup2(fileno(said), STDERR_FILENO) >= 0);
	assert_true(fiber_run(&all, travel, &t, &f));
	while (!fiber_resume(f))
		;
	assert_true(dup2(before, STDERR_FILENO) >= 0);
	assert_int_equal(lseek(fileno(said), 0, SEEK_END), 0);
	close(before);
	fclose(said);
	fibers_fini(&all);
}

static void test_stops_and_goes_on(void **state)
{
	struct fibers all = {.limit = 1};
	struct trip t = {0};
	struct fiber *f;

	(void)state;
	assert_true(fiber_run(&all, travel, &t, &f));
	assert_non_null(f);
	for (int i = 1; i < STOPS; i++) {
		assert_int_equal(t.stops, i);
		assert_false(fiber_inside());
		assert_false(fiber_resume(f));
	}
	assert_true(fiber_resume(f));
	assert_int_equal(t.stops, STOPS);
	fibers_fini(&all);
}

static void test_many_take_turns(void **state)
{
	struct fibers all = {.limit = MANY};
	static struct trip t[MANY];
	struct fiber *f[MANY];

	(void)state;
	for (int i = 0; i < MANY; i++)
		assert_true(fiber_run(&all, travel, &t[i], &f[i]));
	for (int round = 0; round < STOPS; round++)
		for (int i = MANY - 1; i >= 0; i--)
			assert_int_equal(fiber_resume(f[i]), round == STOPS - 1);
	assert_int_equal(all.count, MANY);
	fibers_fini(&all);
}

static void run_through(void *arg)
{
	((struct trip *)arg)->stops = -1;
}

static void test_limit_and_reuse(void **state)
{
	struct fibers all = {.limit = 1};
	struct trip t = {0}, other = {0};
	struct fiber *f, *none;

	(void)state;
	assert_true(fiber_run(&all, travel, &t, &f));
	assert_false(fiber_run(&all, run_through, &other, &none));
	assert_int_equal(other.stops, 0);
	while (!fiber_resume(f))
		;
	assert_true(fiber_run(&all, run_through, &other, &none));
	assert_null(none);
	assert_int_equal(other.stops, -1);
	assert_int_equal(all.count, 1);
	fibers_fini(&all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sanitizer_has_nothing_to_say), /* the first to switch */
		cmocka_unit_test(test_stops_and_goes_on),
		cmocka_unit_test(test_many_take_turns),
		cmocka_unit_test(test_limit_and_reuse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
