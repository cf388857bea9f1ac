/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_ranges.c - base/ranges against a bitmap, and its edges */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/ranges.h"

enum { SPACE = 300 };

/* The set must equal the bitmap and be sorted, disjoint and never touching. */
static void assert_equals(const struct ranges *r, const bool *bits)
{
	bool seen[SPACE] = {false};

	for (unsigned i = 0; i < r->count; i++) {
		assert_true(r->items[i].from < r->items[i].to);
		assert_true(i == 0 || r->items[i - 1].to < r->items[i].from);
		for (uint64_t n = r->items[i].from; n < r->items[i].to; n++)
			seen[n] = true;
	}
	assert_memory_equal(seen, bits, sizeof(seen));
	assert_true(r->count <= r->limit);
}

static void assert_queries(const struct ranges *r, const bool *bits, uint64_t from, uint64_t to)
{
	struct range over = ranges_overlap(r, from, to), gap = ranges_gap(r, from, to);
	uint64_t a = from, b = from;

	assert_int_equal(ranges_find(r, from) != NULL, bits[from]);
	while (a < to && !bits[a])
		a++;
	assert_int_equal(range_empty(over), a == to);
	if (a < to)
		assert_int_equal(over.from, a);
	while (b < to && bits[b])
		b++;
	assert_int_equal(range_empty(gap), b == to);
	if (b < to)
		assert_int_equal(gap.from, b);
	for (uint64_t n = over.from; n < over.to; n++)
		assert_true(bits[n]);
	for (uint64_t n = gap.from; n < gap.to; n++)
		assert_false(bits[n]);
	assert_true(over.to <= to && gap.to <= to);
	assert_true(range_empty(over) || over.to == to || !bits[over.to]);
	assert_true(range_empty(gap) || gap.to == to || bits[gap.to]);
}

static void test_random_operations_match_a_bitmap(void **state)
{
	bool bits[SPACE] = {false};
	struct ranges r;

	(void)state;
	srandom(1);
	ranges_init(&r, 20);
	for (int i = 0; i < 50000; i++) {
		uint64_t from = (uint64_t)random() % (SPACE - 1);
		uint64_t to = from + 1 + (uint64_t)random() % 12;

		if (to > SPACE)
			to = SPACE;
		if (random() % 50 == 0) {
			ranges_cut(&r, from);
			for (uint64_t n = 0; n < from; n++)
				bits[n] = false;
		} else if (ranges_add(&r, from, to)) {
			for (uint64_t n = from; n < to; n++)
				bits[n] = true;
		}
		assert_equals(&r, bits);
		assert_queries(&r, bits, from, to);
	}
	ranges_fini(&r);
}

static void test_limit_refuses_a_new_interval_but_not_a_merge(void **state)
{
	struct ranges r;

	(void)state;
	ranges_init(&r, 2);
	assert_true(ranges_add(&r, 10, 20));
	assert_true(ranges_add(&r, 30, 40));
	assert_false(ranges_add(&r, 50, 60));
	assert_int_equal(r.count, 2);
	assert_true(ranges_add(&r, 40, 45));
	assert_true(ranges_add(&r, 20, 30));
	assert_int_equal(r.count, 1);
	assert_int_equal(ranges_first(&r)->from, 10);
	assert_int_equal(ranges_last(&r)->to, 45);
	ranges_fini(&r);
}

static void test_empty_set_has_no_storage(void **state)
{
	struct ranges r;

	(void)state;
	ranges_init(&r, 8);
	assert_null(ranges_first(&r));
	assert_null(ranges_last(&r));
	assert_true(ranges_add(&r, 5, 5));
	assert_int_equal(r.count, 0);
	assert_true(ranges_add(&r, 5, 6));
	assert_non_null(r.items);
	ranges_cut(&r, 6);
	assert_null(r.items);
	ranges_fini(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_operations_match_a_bitmap),
		cmocka_unit_test(test_limit_refuses_a_new_interval_but_not_a_merge),
		cmocka_unit_test(test_empty_set_has_no_storage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
