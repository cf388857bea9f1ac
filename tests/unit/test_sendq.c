/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_sendq.c - the scoreboard against a byte array under random ACKs, SACKs and losses */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "gateway/tcp/sendq.h"

enum { FIRST = 5000, SPACE = 40000 };

/* What each byte is, kept the slow way. */
enum mark { UNSENT, FLYING, LOST, SACKED, ACKED };
static uint8_t model[SPACE];

static void mark(uint64_t from, uint64_t to, enum mark as)
{
	for (uint64_t i = from; i < to; i++)
		model[i] = (uint8_t)as;
}

static void assert_matches(const struct sendq *q)
{
	uint64_t at = q->una, sums[5] = {0};

	for (unsigned i = 0; i < q->count; i++) {
		const struct sent *r = sendq_record(q, i);
		enum mark as = r->flags & SENT_SACKED ? SACKED
			       : r->flags & SENT_LOST ? LOST
						      : FLYING;

		assert_int_equal(r->from, at);
		assert_true(r->to > r->from);
		for (; at < r->to; at++)
			assert_int_equal(model[at - FIRST], as);
		sums[as] += r->to - r->from;
	}
	assert_int_equal(at, q->nxt);
	assert_int_equal(sums[SACKED], q->sacked);
	assert_int_equal(sums[LOST], q->lost);
	assert_int_equal(sums[FLYING], sendq_pipe(q));
}

/* SACK blocks of the model: only what flies or is lost changes. */
static uint64_t model_sack(const struct sendq *q, uint64_t from, uint64_t to)
{
	uint64_t fresh = 0;

	for (uint64_t i = from; i < to; i++) {
		if (i + FIRST < q->una || i + FIRST >= q->nxt)
			continue;
		fresh += model[i] != SACKED;
		model[i] = SACKED;
	}
	return fresh;
}

static void random_ack(struct sendq *q, usec_t now)
{
	uint64_t to = q->una + (uint64_t)random() % (sendq_flight(q) + 1), fresh = 0;
	struct delivery d;

	for (uint64_t i = q->una; i < to; i++)
		fresh += model[i - FIRST] != SACKED;
	mark(q->una - FIRST, to - FIRST, ACKED);
	delivery_begin(&d, q, 0, now);
	sendq_ack(q, to, &d);
	assert_int_equal(d.bytes, fresh);
}

static void random_sack(struct sendq *q, usec_t now)
{
	uint64_t from = q->una - FIRST + (uint64_t)random() % 3000;
	uint64_t to = from + 1 + (uint64_t)random() % 2000;
	struct delivery d;
	uint64_t fresh;

	if (to > SPACE)
		return;
	fresh = model_sack(q, from, to);
	delivery_begin(&d, q, 0, now);
	sendq_sack(q, FIRST + from, FIRST + to, &d);
	assert_int_equal(d.bytes, fresh);
}

static void random_loss(struct sendq *q)
{
	unsigned i = (unsigned)random() % q->count;
	const struct sent *r = sendq_record(q, i);

	if (!(r->flags & SENT_SACKED))
		mark(r->from - FIRST, r->to - FIRST, LOST);
	sendq_lose(q, i);
	if (random() % 2)
		sendq_join(q);
}

static void random_resend(struct sendq *q, usec_t now)
{
	unsigned i = sendq_first_lost(q);
	const struct sent *r;
	uint64_t from, to;

	if (i == q->count)
		return;
	r = sendq_record(q, i);
	from = r->from;
	to = from + 1 + (uint64_t)random() % (r->to - r->from);
	assert_true(sendq_resend(q, i, to, now));
	mark(from - FIRST, to - FIRST, FLYING);
}

static void test_random_events_match_a_byte_array(void **state)
{
	(void)state;
	for (unsigned seed = 0; seed < 60; seed++) {
		static uint8_t bytes[SPACE];
		struct sendq q;
		usec_t now = 1;

		srandom(seed);
		mark(0, SPACE, UNSENT);
		sendq_init(&q, FIRST, SPACE, NULL);
		assert_true(ring_push(&q.ring, span_of(bytes, SPACE)));
		while (q.una < FIRST + SPACE) {
			uint64_t n = 1 + (uint64_t)random() % 700;

			now++;
			if (n <= sendq_unsent(&q) && q.nxt - q.una < 8000) {
				mark(q.nxt - FIRST, q.nxt + n - FIRST, FLYING);
				assert_true(sendq_send(&q, q.nxt + n, now));
			} else if (sendq_flight(&q) == 0) {
				n = sendq_unsent(&q);
				mark(q.nxt - FIRST, q.nxt + n - FIRST, FLYING);
				assert_true(sendq_send(&q, q.nxt + n, now));
			}
			switch (random() % 6) {
			case 0: random_ack(&q, now); break;
			case 1: random_loss(&q); break;
			case 2: random_resend(&q, now); break;
			default: random_sack(&q, now);
			}
			assert_matches(&q);
		}
		assert_int_equal(ring_len(&q.ring), 0);
		sendq_fini(&q);
	}
}

static void test_fin_is_a_position_after_the_data(void **state)
{
	struct delivery d;
	struct sendq q;

	(void)state;
	sendq_init(&q, FIRST, 4096, NULL);
	assert_true(ring_push(&q.ring, span_of("abc", 3)));
	assert_int_equal(sendq_end(&q), FIRST + 3);
	sendq_close(&q);
	sendq_close(&q);
	assert_int_equal(sendq_end(&q), FIRST + 4);
	assert_true(sendq_send(&q, FIRST + 4, 1));
	delivery_begin(&d, &q, 0, 2);
	sendq_ack(&q, FIRST + 3, &d);
	assert_int_equal(ring_len(&q.ring), 0);
	assert_int_equal(sendq_flight(&q), 1);
	assert_int_equal(sendq_data_end(&q), FIRST + 3);
	sendq_ack(&q, FIRST + 4, &d);
	assert_int_equal(sendq_flight(&q), 0);
	assert_int_equal(sendq_unsent(&q), 0);
	assert_int_equal(sendq_data_end(&q), FIRST + 3);
	sendq_fini(&q);
}

static void test_no_round_trip_from_what_was_sent_again(void **state)
{
	struct delivery d;
	struct sendq q;

	(void)state;
	sendq_init(&q, FIRST, 4096, NULL);
	assert_true(ring_push(&q.ring, span_of("0123456789", 10)));
	assert_true(sendq_send(&q, FIRST + 5, 100));
	assert_true(sendq_send(&q, FIRST + 10, 200));
	sendq_lose(&q, 0);
	assert_true(sendq_resend(&q, 0, FIRST + 5, 300));
	delivery_begin(&d, &q, 50, 340);
	sendq_ack(&q, FIRST + 5, &d);
	assert_true(d.again);
	assert_int_equal(d.first_at, USEC_NEVER);
	/* 40 us after it was sent again, and the path takes 50: that was the original */
	assert_int_equal(d.rack_at, 0);
	delivery_begin(&d, &q, 50, 400);
	sendq_ack(&q, FIRST + 10, &d);
	assert_int_equal(d.first_at, 200);
	assert_int_equal(d.rack_at, 200);
	sendq_fini(&q);
}

static void test_splits_are_bounded(void **state)
{
	static uint8_t bytes[2 * SENDQ_SACK_SPLITS + 10];
	struct delivery d;
	struct sendq q;

	(void)state;
	sendq_init(&q, FIRST, sizeof(bytes), NULL);
	assert_true(ring_push(&q.ring, span_of(bytes, sizeof(bytes))));
	assert_true(sendq_send(&q, FIRST + sizeof(bytes), 1));
	delivery_begin(&d, &q, 0, 2);
	for (uint64_t i = 0; i < sizeof(bytes); i += 2)
		sendq_sack(&q, FIRST + i + 1, FIRST + i + 2, &d);
	assert_int_equal(q.count, SENDQ_SACK_SPLITS);
	sendq_lose_all(&q);
	sendq_forget_sacks(&q);
	sendq_lose_all(&q);
	assert_int_equal(q.count, 1);
	assert_int_equal(q.lost, sizeof(bytes));
	sendq_fini(&q);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_events_match_a_byte_array),
		cmocka_unit_test(test_fin_is_a_position_after_the_data),
		cmocka_unit_test(test_no_round_trip_from_what_was_sent_again),
		cmocka_unit_test(test_splits_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
