/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_deadline.c - the deadline heap against a plain search */
#include "unit/unit.h"

#include "gateway/flow/deadline.h"

#include <stdlib.h>

enum { FLOWS = 200, STEPS = 20000 };

static usec_t earliest(const struct flow *flows)
{
	usec_t min = USEC_NEVER;

	for (size_t i = 0; i < FLOWS; i++)
		min = usec_min(min, flows[i].deadline);
	return min;
}

static void heap_agrees_with_search(void **state)
{
	struct flow *flows = calloc(FLOWS, sizeof(*flows));
	struct deadlines d = {0};
	unsigned seed = 42;

	(void)state;
	for (size_t i = 0; i < FLOWS; i++)
		flows[i].deadline = USEC_NEVER;
	for (int step = 0; step < STEPS; step++) {
		struct flow *f = &flows[(unsigned)rand_r(&seed) % FLOWS];
		usec_t when = rand_r(&seed) % 4 == 0 ? USEC_NEVER : rand_r(&seed) % 1000;

		assert_true(deadlines_set(&d, f, when));
		assert_true(deadlines_next(&d) == earliest(flows));
	}
	deadlines_fini(&d);
	free(flows);
}

static void due_only_when_the_time_has_come(void **state)
{
	struct flow f = {.deadline = USEC_NEVER};
	struct deadlines d = {0};

	(void)state;
	assert_null(deadlines_due(&d, 5));
	deadlines_set(&d, &f, 10);
	assert_null(deadlines_due(&d, 9));
	assert_ptr_equal(deadlines_due(&d, 10), &f);
	deadlines_set(&d, &f, USEC_NEVER);
	assert_null(deadlines_due(&d, 10));
	deadlines_fini(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(heap_agrees_with_search),
		cmocka_unit_test(due_only_when_the_time_has_come),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
