/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_ring.c - base/ring: order, growth with bytes beyond the tail, limits, budget, trimming */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/ring.h"

static uint8_t byte_at(size_t pos)
{
	return (uint8_t)(pos * 31 + pos / 251);
}

static void fill(uint8_t *buf, size_t pos, size_t n)
{
	for (size_t i = 0; i < n; i++)
		buf[i] = byte_at(pos + i);
}

static void assert_bytes(const struct ring *r, size_t pos)
{
	struct span s[2];

	ring_slice(r, 0, ring_len(r), s);
	for (int k = 0; k < 2; k++)
		for (size_t i = 0; i < s[k].len; i++)
			assert_int_equal(s[k].ptr[i], byte_at(pos++));
}

static void test_empty_ring_has_no_storage(void **state)
{
	struct ring r;

	(void)state;
	ring_init(&r, 5000, NULL);
	assert_int_equal(r.limit, 8192);
	assert_int_equal(r.size, 0);
	assert_int_equal(ring_peek(&r, 0).len, 0);
	ring_fini(&r);
}

static void test_bytes_keep_their_order_across_wraps_and_growth(void **state)
{
	uint8_t buf[3000];
	size_t in = 0, out = 0;
	struct ring r;

	(void)state;
	ring_init(&r, 1 << 16, NULL);
	for (int i = 0; i < 2000; i++) {
		size_t n = (size_t)(i * 37 % 3000);

		fill(buf, in, n);
		if (ring_push(&r, span_of(buf, n)))
			in += n;
		assert_bytes(&r, out);
		n = ring_len(&r) < 1400 ? ring_len(&r) : 1400;
		ring_consume(&r, n);
		out += n;
	}
	assert_true(in > r.limit);
	assert_int_equal(in - out, ring_len(&r));
	ring_fini(&r);
}

static void test_bytes_beyond_the_tail_survive_growth(void **state)
{
	uint8_t buf[4096];
	struct ring r;

	(void)state;
	ring_init(&r, 1 << 16, NULL);
	fill(buf, 0, 1000);
	assert_true(ring_push(&r, span_of(buf, 1000)));
	fill(buf, 3000, 500);
	assert_true(ring_write_at(&r, 2000, span_of(buf, 500)));
	assert_int_equal(r.size, 4096);
	assert_int_equal(ring_len(&r), 1000);
	fill(buf, 3500, 4000);
	assert_true(ring_write_at(&r, 2500, span_of(buf, 4000)));
	assert_int_equal(r.size, 8192);
	fill(buf, 1000, 2000);
	assert_true(ring_write_at(&r, 0, span_of(buf, 2000)));
	ring_extend(&r, 6500);
	assert_bytes(&r, 0);
	ring_fini(&r);
}

static void test_limit_is_kept_and_push_is_all_or_nothing(void **state)
{
	uint8_t buf[4097] = {0};
	struct ring r;

	(void)state;
	ring_init(&r, 4096, NULL);
	assert_false(ring_push(&r, span_of(buf, 4097)));
	assert_int_equal(ring_len(&r), 0);
	assert_true(ring_push(&r, span_of(buf, 4096)));
	assert_int_equal(ring_room(&r), 0);
	assert_false(ring_push(&r, span_of(buf, 1)));
	ring_fini(&r);
}

static void test_budget_is_shared_and_returned(void **state)
{
	struct budget b = {.limit = 3 * 4096};
	uint8_t buf[4096] = {0};
	struct ring r[2];

	(void)state;
	ring_init(&r[0], 1 << 20, &b);
	ring_init(&r[1], 1 << 20, &b);
	assert_true(ring_push(&r[0], span_of(buf, 4096)));
	assert_true(ring_push(&r[0], span_of(buf, 1)));
	assert_int_equal(b.used, 8192);
	assert_true(ring_push(&r[1], span_of(buf, 1)));
	assert_false(ring_push(&r[1], span_of(buf, 4096)));
	ring_consume(&r[0], 4097);
	ring_trim(&r[0]);
	assert_int_equal(b.used, 4096);
	assert_true(ring_push(&r[1], span_of(buf, 4096)));
	ring_fini(&r[0]);
	ring_fini(&r[1]);
	assert_int_equal(b.used, 0);
}

static void test_space_is_contiguous_and_becomes_content(void **state)
{
	uint8_t buf[3000];
	size_t len, pos = 3000;
	struct ring r;

	(void)state;
	ring_init(&r, 4096, NULL);
	fill(buf, 0, 3000);
	assert_true(ring_push(&r, span_of(buf, 3000)));
	ring_consume(&r, 2000);
	while (ring_room(&r)) {
		uint8_t *p = ring_space(&r, ring_room(&r), &len);

		assert_non_null(p);
		fill(p, pos, len);
		ring_extend(&r, len);
		pos += len;
	}
	assert_int_equal(pos, 2000 + 4096);
	assert_bytes(&r, 2000);
	assert_null(ring_space(&r, 1, &len));
	assert_int_equal(len, 0);
	ring_fini(&r);
}

static void test_trim_keeps_what_is_inside(void **state)
{
	struct ring r;

	(void)state;
	ring_init(&r, 4096, NULL);
	assert_true(ring_push(&r, span_of("x", 1)));
	ring_trim(&r);
	assert_int_equal(r.size, 4096);
	ring_consume(&r, 1);
	ring_trim(&r);
	assert_int_equal(r.size, 0);
	assert_true(ring_push(&r, span_of("y", 1)));
	assert_int_equal(ring_peek(&r, 0).ptr[0], 'y');
	ring_fini(&r);
}

/* What is left of a large ring moves into a small one, in order, also across the wrap. */
static void test_trim_moves_what_is_left(void **state)
{
	static uint8_t bytes[60000];
	struct budget budget = {.limit = 1 << 20};
	struct ring r;
	struct span s[2];

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 7 + i / 256);
	ring_init(&r, 1 << 16, &budget);
	assert_true(ring_push(&r, span_of(bytes, 50000)));
	ring_consume(&r, 50000);
	assert_true(ring_push(&r, span_of(bytes, 60000)));
	ring_trim(&r);
	assert_int_equal(budget.used, 1 << 16);
	ring_consume(&r, 55000);
	ring_trim(&r);
	assert_int_equal(budget.used, 16384);
	ring_slice(&r, 0, 5000, s);
	assert_memory_equal(s[0].ptr, bytes + 55000, s[0].len);
	assert_memory_equal(s[1].ptr, bytes + 55000 + s[0].len, s[1].len);
	ring_fini(&r);
}

static void test_bound_limits_the_room(void **state)
{
	struct ring r;

	(void)state;
	ring_init(&r, 1 << 16, NULL);
	ring_set_bound(&r, 5000);
	assert_true(ring_push(&r, span_of("0123456789", 10)));
	assert_int_equal(ring_room(&r), 4990);
	ring_set_bound(&r, 5);
	assert_int_equal(ring_room(&r), 0);
	ring_set_bound(&r, SIZE_MAX);
	assert_int_equal(ring_room(&r), (1 << 16) - 10);
	ring_fini(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty_ring_has_no_storage),
		cmocka_unit_test(test_bytes_keep_their_order_across_wraps_and_growth),
		cmocka_unit_test(test_bytes_beyond_the_tail_survive_growth),
		cmocka_unit_test(test_limit_is_kept_and_push_is_all_or_nothing),
		cmocka_unit_test(test_budget_is_shared_and_returned),
		cmocka_unit_test(test_space_is_contiguous_and_becomes_content),
		cmocka_unit_test(test_trim_keeps_what_is_inside),
		cmocka_unit_test(test_trim_moves_what_is_left),
		cmocka_unit_test(test_bound_limits_the_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
