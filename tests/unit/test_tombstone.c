/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_tombstone.c - what arrives after the end of a flow is answered, and goes nowhere */
#include "unit/rules_helper.h"

#include "gateway/flow/tombstone.h"

enum { ISS = 700000, IRS = 9000, LIMIT = 3 };

struct bench {
	struct snapshot snapshot;
	struct tombstones stones;
	struct tuple key;
	unsigned port;
};

static int set_up(void **state)
{
	struct bench *b = test_calloc(1, sizeof(*b));

	b->snapshot.references = 1;
	assert_true(tombstones_init(&b->stones, LIMIT));
	assert_true(endpoint_parse("10.0.0.1:40000", &b->key.local));
	assert_true(endpoint_parse("192.0.2.1:5432", &b->key.remote));
	*state = b;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *b = *state;

	tombstones_fini(&b->stones);
	assert_int_equal(b->snapshot.references, 1);
	test_free(b);
	return 0;
}

/* A flow has ended: the wire leg in @state, the plain leg is closed. */
static struct tombstone *bury(struct bench *b, enum tcb_state state, usec_t now)
{
	struct flow f = {.key = {b->key, b->key}, .snapshot = &b->snapshot, .hello = {{.ttl = 63}}};

	for (enum side side = SIDE_PLAIN; side < SIDES; side++) {
		struct tcb_params p = {
			.iss = ISS, .irs = IRS, .mss = 1460, .rcv_limit = 65536, .snd_limit = 4096};

		tcb_init(&f.leg[side].tcb, &p, now);
	}
	f.leg[SIDE_WIRE].tcb.state = state;
	f.leg[SIDE_PLAIN].tcb.state = TCPS_CLOSED;
	tombstone_set(&b->stones, &f, now);
	return tombstone_find(&b->stones, SIDE_WIRE, &b->key);
}

static bool answered(
	struct bench *b, enum side side, struct segment seg, usec_t now, struct segment *answer)
{
	struct tombstone *stone = tombstone_find(&b->stones, side, &b->key);

	assert_non_null(stone);
	return tombstone_answer(&b->stones, stone, side, &seg, now, answer);
}

static void fin_that_comes_again_is_acknowledged_for_another_minute(void **state)
{
	struct bench *b = *state;
	struct segment fin = {.flags = SEG_FIN | SEG_ACK, .seq = IRS, .ack = ISS + 1}, answer;

	assert_non_null(bury(b, TCPS_TIME_WAIT, 0));
	assert_int_equal(tombstones_next(&b->stones), 60 * USEC_SEC);
	for (int i = 0; i < 3; i++) {
		assert_true(answered(b, SIDE_WIRE, fin, 50 * USEC_SEC, &answer));
		assert_int_equal(answer.flags, SEG_ACK);
		assert_int_equal(answer.seq, ISS + 1);
		assert_int_equal(answer.ack, IRS + 1);
		assert_int_equal(answer.ttl, 63);
		assert_memory_equal(&answer.dst, &b->key.remote, sizeof(answer.dst));
	}
	tombstones_expire(&b->stones, 100 * USEC_SEC);
	assert_non_null(tombstone_find(&b->stones, SIDE_WIRE, &b->key));
	tombstones_expire(&b->stones, 110 * USEC_SEC);
	assert_null(tombstone_find(&b->stones, SIDE_WIRE, &b->key));
	assert_int_equal(tombstones_next(&b->stones), USEC_NEVER);
}

static void pure_acks_in_time_wait_are_answered_at_a_limited_rate(void **state)
{
	struct bench *b = *state;
	struct segment old = {.flags = SEG_ACK, .seq = IRS - 5, .ack = ISS + 1}, answer;

	bury(b, TCPS_TIME_WAIT, 0);
	assert_true(answered(b, SIDE_WIRE, old, 1, &answer));
	assert_false(answered(b, SIDE_WIRE, old, 2, &answer));
	assert_true(answered(b, SIDE_WIRE, old, USEC_SEC, &answer));
	old.seq = IRS + 1; /* what is expected of an endpoint that has nothing more to say */
	assert_false(answered(b, SIDE_WIRE, old, 9 * USEC_SEC, &answer));
}

static void reset_in_time_wait_is_ignored(void **state)
{
	struct bench *b = *state;
	struct segment rst = {.flags = SEG_RST, .seq = IRS + 1}, answer;

	bury(b, TCPS_TIME_WAIT, 0);
	assert_false(answered(b, SIDE_WIRE, rst, 1, &answer));
	assert_non_null(tombstone_find(&b->stones, SIDE_WIRE, &b->key));
}

static void whoever_missed_the_reset_is_reset_again(void **state)
{
	struct bench *b = *state;
	struct segment seg = {.flags = SEG_ACK, .seq = IRS + 700, .ack = 123}, answer;

	bury(b, TCPS_CLOSED, 0);
	assert_true(answered(b, SIDE_WIRE, seg, 1, &answer));
	assert_int_equal(answer.flags, SEG_RST);
	assert_int_equal(answer.seq, 123);
	seg.flags = SEG_RST;
	assert_false(answered(b, SIDE_WIRE, seg, 2, &answer));
}

static void late_cleartext_is_reset(void **state)
{
	struct bench *b = *state;
	struct segment seg = {.flags = SEG_ACK, .ack = 55, .payload = {span_of("secret", 6)}};
	struct segment answer;

	bury(b, TCPS_TIME_WAIT, 0);
	assert_true(answered(b, SIDE_PLAIN, seg, 1, &answer));
	assert_int_equal(answer.flags, SEG_RST);
	assert_int_equal(answer.seq, 55);
	assert_int_equal(segment_payload_len(&answer), 0);
}

static void oldest_goes_when_there_are_too_many(void **state)
{
	struct bench *b = *state;
	struct tuple first = b->key;

	for (int i = 0; i <= LIMIT; i++) {
		assert_non_null(bury(b, TCPS_TIME_WAIT, i));
		b->key.local.port++;
	}
	assert_int_equal(b->stones.count, LIMIT);
	assert_null(tombstone_find(&b->stones, SIDE_PLAIN, &first));
}

static void record_is_small(void **state)
{
	(void)state;
	assert_true(8 * sizeof(struct tombstone) <= sizeof(struct flow));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		CASE(fin_that_comes_again_is_acknowledged_for_another_minute),
		CASE(pure_acks_in_time_wait_are_answered_at_a_limited_rate),
		CASE(reset_in_time_wait_is_ignored),
		CASE(whoever_missed_the_reset_is_reset_again),
		CASE(late_cleartext_is_reset),
		CASE(oldest_goes_when_there_are_too_many),
		cmocka_unit_test(record_is_small),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
