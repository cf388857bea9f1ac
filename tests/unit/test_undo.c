/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_undo.c - which reports prove that an episode of recovery was needless */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "gateway/tcp/undo.h"

static bool dsack(struct undo *u, uint64_t from, uint64_t to)
{
	return undo_dsack(u, (struct range){from, to});
}

static void test_all_that_was_sent_again_must_be_reported(void **state)
{
	struct undo u = {0};

	(void)state;
	undo_begin(&u);
	undo_resent(&u, 1000, 3000, 0);
	undo_resent(&u, 5000, 6000, 0);
	assert_false(dsack(&u, 5000, 6000));
	assert_false(dsack(&u, 1000, 2000));
	assert_false(dsack(&u, 7000, 8000)); /* doubled by the network */
	assert_true(dsack(&u, 2000, 3000));
	undo_end(&u);
}

static void test_nothing_sent_again_is_nothing_to_undo(void **state)
{
	struct undo u = {0};

	(void)state;
	assert_false(dsack(&u, 1000, 2000));
	undo_begin(&u);
	assert_false(dsack(&u, 1000, 2000));
	undo_resent(&u, 1000, 2000, 0);
	undo_begin(&u); /* the next episode: what was before is history */
	assert_false(dsack(&u, 1000, 2000));
	undo_end(&u);
}

static void test_sent_twice_is_not_told_apart(void **state)
{
	struct undo u = {0};

	(void)state;
	undo_begin(&u);
	undo_resent(&u, 1000, 2000, 0);
	undo_resent(&u, 1500, 2000, 0);
	assert_false(dsack(&u, 1000, 2000));
	undo_end(&u);
}

static void test_pieces_are_bounded(void **state)
{
	struct undo u = {0};

	(void)state;
	undo_begin(&u);
	for (uint64_t i = 0; i <= UNDO_RANGES; i++)
		undo_resent(&u, 2000 * i, 2000 * i + 1000, 0);
	for (uint64_t i = 0; i <= UNDO_RANGES; i++)
		assert_false(dsack(&u, 2000 * i, 2000 * i + 1000));
	assert_true(u.again.count <= UNDO_RANGES && u.needless.count <= UNDO_RANGES);
	undo_end(&u);
}

static void test_older_timestamp_tells_once(void **state)
{
	struct undo u = {0};

	(void)state;
	undo_begin(&u);
	undo_resent(&u, 1000, 2000, 10);                    /* 10 is later than 0xfffffff0 */
	assert_false(undo_ack(&u, 1000, true, 0xfffffff0)); /* not yet acknowledged */
	assert_true(undo_ack(&u, 2000, true, 0xfffffff0));
	assert_false(undo_ack(&u, 3000, true, 0xfffffff0));
	undo_end(&u);
}

static void test_same_or_no_timestamp_tells_nothing(void **state)
{
	struct undo u = {0};

	(void)state;
	undo_begin(&u);
	undo_resent(&u, 1000, 2000, 10);
	assert_false(undo_ack(&u, 2000, true, 10));
	assert_false(undo_ack(&u, 3000, true, 9)); /* the first one decides */
	undo_begin(&u);
	undo_resent(&u, 1000, 2000, 10);
	assert_false(undo_ack(&u, 2000, false, 0));
	undo_end(&u);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_that_was_sent_again_must_be_reported),
		cmocka_unit_test(test_nothing_sent_again_is_nothing_to_undo),
		cmocka_unit_test(test_sent_twice_is_not_told_apart),
		cmocka_unit_test(test_pieces_are_bounded),
		cmocka_unit_test(test_older_timestamp_tells_once),
		cmocka_unit_test(test_same_or_no_timestamp_tells_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
