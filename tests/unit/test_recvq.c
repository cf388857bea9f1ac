/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_recvq.c - reassembly against a byte array, SACK and DSACK blocks, FIN, memory refusal */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "gateway/tcp/recvq.h"

enum { FIRST = 1000, LEN = 60000 };

static uint8_t stream[LEN];

static enum recvq_result put(struct recvq *q, uint64_t from, uint64_t to)
{
	return recvq_insert(q, FIRST + from, span_of(stream + from, to - from));
}

static int fill_stream(void **state)
{
	(void)state;
	srandom(2);
	for (int i = 0; i < LEN; i++)
		stream[i] = (uint8_t)random();
	return 0;
}

/* Read everything in order; returns the new count of bytes read. */
static uint64_t drain(struct recvq *q, uint64_t done)
{
	struct span s;

	while ((s = recvq_peek(q)).len) {
		assert_memory_equal(s.ptr, stream + done, s.len);
		done += s.len;
		recvq_consume(q, s.len);
	}
	return done;
}

static void test_random_pieces_come_out_in_order(void **state)
{
	(void)state;
	for (unsigned seed = 1; seed < 60; seed++) {
		struct recvq q;
		uint64_t done = 0;

		srandom(seed);
		recvq_init(&q, FIRST, 32768, NULL);
		while (done < LEN) {
			uint64_t base = q.nxt - FIRST;
			uint64_t room = 32768 - ring_len(&q.ring);
			uint64_t from = base + (uint64_t)random() % 20000;
			uint64_t to = from + 1 + (uint64_t)random() % 3000;

			from -= from > 2000 ? 2000 : from;
			if (to > base + room)
				to = base + room;
			if (to > LEN)
				to = LEN;
			if (random() % 10 == 0)
				from = base;
			if (from < to)
				put(&q, from, to);
			assert_true(q.ooo.count <= RECVQ_RANGES);
			if (random() % 3 == 0)
				done = drain(&q, done);
		}
		assert_int_equal(q.ooo.count, 0);
		recvq_fini(&q);
	}
}

static void test_first_copy_wins(void **state)
{
	uint8_t other[20];
	struct recvq q;

	(void)state;
	memset(other, 0xee, sizeof(other));
	recvq_init(&q, FIRST, 8192, NULL);
	assert_int_equal(put(&q, 10, 20), RECVQ_STORED);
	/* a later copy with other bytes fills only what was missing */
	assert_int_equal(recvq_insert(&q, FIRST, span_of(other, 20)), RECVQ_FILLED);
	assert_memory_equal(ring_peek(&q.ring, 0).ptr, other, 10);
	assert_memory_equal(ring_peek(&q.ring, 10).ptr, stream + 10, 10);
	recvq_fini(&q);
}

static void test_blocks_are_newest_first(void **state)
{
	struct sack_block b[SEGMENT_SACKS];
	struct recvq q;

	(void)state;
	recvq_init(&q, FIRST, 65536, NULL);
	for (uint64_t i = 1; i <= 5; i++)
		assert_int_equal(put(&q, 100 * i, 100 * i + 50), RECVQ_STORED);
	assert_int_equal(recvq_sacks(&q, b, 3), 3);
	assert_int_equal(b[0].from, FIRST + 500);
	assert_int_equal(b[1].from, FIRST + 400);
	assert_int_equal(b[2].from, FIRST + 300);
	/* an old block grows: it is the newest now, and reported once */
	assert_int_equal(put(&q, 350, 380), RECVQ_STORED);
	assert_int_equal(recvq_sacks(&q, b, 4), 4);
	assert_int_equal(b[0].from, FIRST + 300);
	assert_int_equal(b[0].to, FIRST + 380);
	assert_int_equal(b[1].from, FIRST + 500);
	assert_int_equal(b[2].from, FIRST + 400);
	assert_int_equal(b[3].from, FIRST + 200);
	/* what is in order is no block any more */
	assert_int_equal(put(&q, 0, 100), RECVQ_FILLED);
	assert_int_equal(put(&q, 150, 200), RECVQ_FILLED);
	assert_int_equal(recvq_sacks(&q, b, 4), 3);
	recvq_fini(&q);
}

static void test_duplicates_are_reported_once_and_first(void **state)
{
	struct sack_block b[SEGMENT_SACKS];
	struct recvq q;

	(void)state;
	recvq_init(&q, FIRST, 65536, NULL);
	assert_int_equal(put(&q, 0, 100), RECVQ_ADVANCED);
	assert_int_equal(put(&q, 200, 300), RECVQ_STORED);
	assert_int_equal(put(&q, 50, 100), RECVQ_OLD);
	assert_int_equal(recvq_sacks(&q, b, 4), 2);
	assert_int_equal(b[0].from, FIRST + 50);
	assert_int_equal(b[0].to, FIRST + 100);
	assert_int_equal(b[1].from, FIRST + 200);
	q.dsack = (struct range){0};
	/* a duplicate out of order: the second block contains the first (RFC 2883 4.2) */
	assert_int_equal(put(&q, 220, 260), RECVQ_OLD);
	assert_int_equal(recvq_sacks(&q, b, 4), 2);
	assert_int_equal(b[0].from, FIRST + 220);
	assert_int_equal(b[0].to, FIRST + 260);
	assert_int_equal(b[1].from, FIRST + 200);
	recvq_fini(&q);
}

static void test_fin_counts_when_it_is_reached(void **state)
{
	struct sack_block b[SEGMENT_SACKS];
	struct recvq q;

	(void)state;
	recvq_init(&q, FIRST, 65536, NULL);
	assert_int_equal(put(&q, 50, 100), RECVQ_STORED);
	assert_false(recvq_finish(&q, FIRST + 80));
	assert_true(recvq_finish(&q, FIRST + 100));
	assert_false(recvq_finish(&q, FIRST + 120));
	assert_false(recvq_fin_reached(&q));
	assert_int_equal(recvq_sacks(&q, b, 4), 1);
	assert_int_equal(b[0].to, FIRST + 101);
	/* data beyond the FIN is nobody's */
	assert_int_equal(put(&q, 100, 150), RECVQ_OLD);
	assert_int_equal(put(&q, 0, 60), RECVQ_FILLED);
	assert_true(recvq_fin_reached(&q));
	assert_int_equal(recvq_ack(&q), FIRST + 101);
	recvq_fini(&q);
}

static void test_number_of_intervals_is_bounded(void **state)
{
	struct recvq q;

	(void)state;
	recvq_init(&q, FIRST, 65536, NULL);
	for (uint64_t i = 1; i <= RECVQ_RANGES; i++)
		assert_int_equal(put(&q, 10 * i, 10 * i + 5), RECVQ_STORED);
	assert_int_equal(
		put(&q, 10 * (RECVQ_RANGES + 1), 10 * (RECVQ_RANGES + 1) + 5), RECVQ_REFUSED);
	assert_int_equal(put(&q, 0, 10), RECVQ_FILLED);
	assert_int_equal(q.nxt, FIRST + 15);
	recvq_fini(&q);
}

static void test_without_memory_only_what_fits_is_taken(void **state)
{
	struct budget b = {.limit = 8192};
	struct recvq q;

	(void)state;
	recvq_init(&q, FIRST, 65536, &b);
	assert_int_equal(put(&q, 0, 20000), RECVQ_ADVANCED);
	assert_int_equal(q.nxt, FIRST + 8192);
	assert_int_equal(put(&q, 8192, 20000), RECVQ_REFUSED);
	assert_int_equal(put(&q, 9000, 20000), RECVQ_REFUSED);
	assert_int_equal(drain(&q, 0), 8192);
	assert_int_equal(put(&q, 8192, 20000), RECVQ_ADVANCED);
	assert_int_equal(drain(&q, 8192), 16384);
	recvq_trim(&q);
	assert_int_equal(b.used, 0);
	recvq_fini(&q);
}

static void test_trim_spares_what_is_out_of_order(void **state)
{
	struct recvq q;

	(void)state;
	recvq_init(&q, FIRST, 65536, NULL);
	assert_int_equal(put(&q, 100, 200), RECVQ_STORED);
	recvq_trim(&q);
	assert_int_equal(put(&q, 0, 100), RECVQ_FILLED);
	assert_int_equal(drain(&q, 0), 200);
	recvq_fini(&q);
}

static void test_older_blocks_are_named_when_the_newest_are_filled(void **state)
{
	struct sack_block b[SEGMENT_SACKS];
	struct recvq q;

	(void)state;
	recvq_init(&q, FIRST, 32768, NULL);
	put(&q, 20000, 20100);
	for (unsigned i = 1; i <= SEGMENT_SACKS; i++)
		put(&q, i * 1000, i * 1000 + 100);
	put(&q, 0, SEGMENT_SACKS * 1000);
	assert_int_equal(recvq_sacks(&q, b, 0), 0);
	q.dsack = (struct range){0};
	assert_int_equal(recvq_sacks(&q, b, SEGMENT_SACKS), 1);
	assert_int_equal(b[0].from, FIRST + 20000);
	assert_int_equal(b[0].to, FIRST + 20100);
	recvq_fini(&q);
}

static enum recvq_result take(struct recvq *q, uint64_t from, uint64_t to)
{
	return recvq_take(q, FIRST + from, span_of(stream + from, to - from));
}

/* What can be read at once is not copied; what is not read by then is. */
static void test_lends_what_is_in_order(void **state)
{
	struct recvq q;

	(void)state;
	recvq_init(&q, FIRST, 32768, NULL);
	assert_int_equal(take(&q, 0, 5000), RECVQ_ADVANCED);
	assert_ptr_equal(recvq_peek(&q).ptr, stream);
	assert_int_equal(recvq_len(&q), 5000);
	assert_int_equal(recvq_ack(&q), FIRST + 5000);
	recvq_consume(&q, 1000);
	assert_ptr_equal(recvq_peek(&q).ptr, stream + 1000);
	recvq_keep(&q);
	assert_int_equal(recvq_len(&q), 4000);
	assert_ptr_not_equal(recvq_peek(&q).ptr, stream + 1000);
	assert_int_equal(drain(&q, 1000), 5000);
	recvq_fini(&q);
}

/* Nothing is lent that others would have to be read before, or that is not the next. */
static void test_lends_nothing_out_of_turn(void **state)
{
	struct recvq q;

	(void)state;
	recvq_init(&q, FIRST, 32768, NULL);
	put(&q, 0, 100);
	assert_int_equal(take(&q, 100, 200), RECVQ_ADVANCED);
	assert_int_equal(q.lent.len, 0);
	assert_int_equal(drain(&q, 0), 200);
	assert_int_equal(take(&q, 300, 400), RECVQ_STORED);
	assert_int_equal(q.lent.len, 0);
	assert_int_equal(take(&q, 200, 300), RECVQ_FILLED);
	assert_int_equal(q.lent.len, 0);
	assert_int_equal(drain(&q, 200), 400);
	assert_int_equal(take(&q, 400, 500), RECVQ_ADVANCED);
	assert_int_equal(q.lent.len, 100);
	/* who takes again without keeping loses nothing */
	assert_int_equal(take(&q, 500, 600), RECVQ_ADVANCED);
	assert_int_equal(q.lent.len, 0);
	assert_int_equal(drain(&q, 400), 600);
	recvq_fini(&q);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_pieces_come_out_in_order),
		cmocka_unit_test(test_first_copy_wins),
		cmocka_unit_test(test_blocks_are_newest_first),
		cmocka_unit_test(test_duplicates_are_reported_once_and_first),
		cmocka_unit_test(test_fin_counts_when_it_is_reached),
		cmocka_unit_test(test_number_of_intervals_is_bounded),
		cmocka_unit_test(test_without_memory_only_what_fits_is_taken),
		cmocka_unit_test(test_older_blocks_are_named_when_the_newest_are_filled),
		cmocka_unit_test(test_trim_spares_what_is_out_of_order),
		cmocka_unit_test(test_lends_what_is_in_order),
		cmocka_unit_test(test_lends_nothing_out_of_turn),
	};

	return cmocka_run_group_tests(tests, fill_stream, NULL);
}
