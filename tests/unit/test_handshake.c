/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_handshake.c - what the passing three-way handshake is understood to settle */
#include "unit/unit.h"

#include "gateway/flow/handshake.h"

static struct flow opening(enum direction direction)
{
	return (struct flow){.direction = direction, .state = FLOW_OPENING};
}

static struct segment syn(void)
{
	struct segment s = {.seq = 1000,
		.flags = SEG_SYN,
		.wnd = 64240,
		.options = SEG_OPT_MSS | SEG_OPT_WSCALE | SEG_OPT_SACK_OK | SEG_OPT_TS,
		.mss = 1460,
		.wscale = 7,
		.ts_val = 5};

	s.src.addr.family = s.dst.addr.family = 4;
	return s;
}

static struct segment syn_ack(void)
{
	struct segment s = syn();

	s.flags = SEG_SYN | SEG_ACK;
	s.seq = 9000;
	s.ack = 1001;
	s.mss = 1400;
	s.wscale = 10;
	s.ts_val = 50;
	return s;
}

static struct segment final_ack(void)
{
	return (struct segment){.seq = 1001,
		.ack = 9001,
		.flags = SEG_ACK,
		.wnd = 502,
		.options = SEG_OPT_TS,
		.ts_val = 6};
}

static void outbound_handshake_settles_both_legs(void **state)
{
	struct flow f = opening(DIRECTION_OUTBOUND);
	struct segment a = syn(), b = syn_ack(), c = final_ack();
	struct tcb_params plain, wire;

	(void)state;
	assert_int_equal(handshake_note(&f, SIDE_PLAIN, &a, 1), HANDSHAKE_PASS);
	assert_int_equal(handshake_note(&f, SIDE_WIRE, &b, 1), HANDSHAKE_PASS);
	assert_int_equal(handshake_note(&f, SIDE_PLAIN, &c, 1), HANDSHAKE_COMPLETE);
	plain = handshake_params(&f, SIDE_PLAIN);
	wire = handshake_params(&f, SIDE_WIRE);
	/* towards the application we play the server, and the other way round */
	assert_int_equal(plain.iss, 9000);
	assert_int_equal(plain.irs, 1000);
	assert_int_equal(wire.iss, 1000);
	assert_int_equal(wire.irs, 9000);
	assert_int_equal(plain.snd_wscale, 7);
	assert_int_equal(plain.rcv_wscale, 10);
	assert_int_equal(wire.snd_wscale, 10);
	assert_int_equal(plain.snd_wnd, 502 << 7);
	assert_int_equal(wire.snd_wnd, 64240); /* never scaled in a SYN */
	assert_int_equal(wire.rcv_wnd, 502 << 7);
	assert_int_equal(plain.mss, 1400);
	assert_int_equal(wire.mss, 1400);
	assert_int_equal(plain.ts_recent, 6);
	assert_int_equal(wire.ts_recent, 50);
	assert_true(plain.sack_ok && wire.ts_ok);
}

static void options_of_one_side_only_are_off(void **state)
{
	struct flow f = opening(DIRECTION_INBOUND);
	struct segment a = syn(), b = syn_ack(), c = final_ack();
	struct tcb_params p;

	(void)state;
	b.options = 0;
	c.options = 0;
	assert_int_equal(handshake_note(&f, SIDE_WIRE, &a, 1), HANDSHAKE_PASS);
	assert_int_equal(handshake_note(&f, SIDE_PLAIN, &b, 1), HANDSHAKE_PASS);
	assert_int_equal(handshake_note(&f, SIDE_WIRE, &c, 1), HANDSHAKE_COMPLETE);
	p = handshake_params(&f, SIDE_WIRE);
	assert_int_equal(p.mss, 536); /* RFC 9293 3.7.1: no MSS option */
	assert_int_equal(p.snd_wscale, 0);
	assert_int_equal(p.snd_wnd, 502);
	assert_false(p.sack_ok || p.ts_ok);
}

static void data_with_the_last_ack_is_not_passed(void **state)
{
	struct flow f = opening(DIRECTION_OUTBOUND);
	struct segment a = syn(), b = syn_ack(), c = final_ack();

	(void)state;
	handshake_note(&f, SIDE_PLAIN, &a, 1);
	handshake_note(&f, SIDE_WIRE, &b, 1);
	c.payload[0] = span_of("secret", 6);
	assert_int_equal(handshake_note(&f, SIDE_PLAIN, &c, 1), HANDSHAKE_COMPLETE_DATA);
}

static void data_before_the_answer_is_dropped(void **state)
{
	struct flow f = opening(DIRECTION_OUTBOUND);
	struct segment a = syn(), c = final_ack();

	(void)state;
	handshake_note(&f, SIDE_PLAIN, &a, 1);
	c.payload[0] = span_of("secret", 6);
	assert_int_equal(handshake_note(&f, SIDE_PLAIN, &c, 1), HANDSHAKE_DROP);
}

static void syn_with_data_is_stripped(void **state)
{
	struct flow f = opening(DIRECTION_OUTBOUND);
	struct segment a = syn();

	(void)state;
	a.payload[0] = span_of("secret", 6);
	assert_int_equal(handshake_note(&f, SIDE_PLAIN, &a, 1), HANDSHAKE_STRIP);
}

static void classic_ecn_passes_and_is_for_both_or_none(void **state)
{
	struct flow f = opening(DIRECTION_OUTBOUND);
	struct segment a = syn(), b = syn_ack();

	(void)state;
	a.flags |= SEG_ECE | SEG_CWR;
	assert_int_equal(handshake_note(&f, SIDE_PLAIN, &a, 1), HANDSHAKE_PASS);
	assert_int_equal(handshake_note(&f, SIDE_WIRE, &b, 1), HANDSHAKE_PASS);
	assert_false(handshake_params(&f, SIDE_WIRE).ecn_ok);
	b.flags |= SEG_ECE;
	assert_int_equal(handshake_note(&f, SIDE_WIRE, &b, 1), HANDSHAKE_PASS);
	assert_true(handshake_params(&f, SIDE_WIRE).ecn_ok);
	assert_true(handshake_params(&f, SIDE_PLAIN).ecn_ok);
	b.flags |= SEG_CWR; /* a peer that sends back what it does not know (RFC 3168 6.1.1) */
	handshake_note(&f, SIDE_WIRE, &b, 1);
	assert_false(handshake_params(&f, SIDE_WIRE).ecn_ok);
	/* accurate ECN is taken back to classic (RFC 9768) */
	a.flags |= SEG_AE;
	assert_int_equal(handshake_note(&f, SIDE_PLAIN, &a, 1), HANDSHAKE_STRIP);
}

static void answers_to_another_syn_are_dropped(void **state)
{
	struct flow f = opening(DIRECTION_OUTBOUND);
	struct segment a = syn(), b = syn_ack();

	(void)state;
	handshake_note(&f, SIDE_PLAIN, &a, 1);
	b.ack = 77;
	assert_int_equal(handshake_note(&f, SIDE_WIRE, &b, 1), HANDSHAKE_DROP);
	assert_int_equal(handshake_note(&f, SIDE_PLAIN, &b, 1), HANDSHAKE_DROP);
}

static void a_new_syn_replaces_the_old_one(void **state)
{
	struct flow f = opening(DIRECTION_OUTBOUND);
	struct segment a = syn(), b = syn_ack();

	(void)state;
	handshake_note(&f, SIDE_PLAIN, &a, 1);
	a.seq = 5000;
	assert_int_equal(handshake_note(&f, SIDE_PLAIN, &a, 1), HANDSHAKE_PASS);
	assert_int_equal(handshake_note(&f, SIDE_WIRE, &b, 1), HANDSHAKE_DROP);
	b.ack = 5001;
	assert_int_equal(handshake_note(&f, SIDE_WIRE, &b, 1), HANDSHAKE_PASS);
}

static void what_cannot_be_impersonated_is_refused(void **state)
{
	struct flow f = opening(DIRECTION_OUTBOUND);
	struct segment a = syn(), crossing = syn();

	(void)state;
	a.options |= SEG_OPT_AUTH;
	assert_int_equal(handshake_note(&f, SIDE_PLAIN, &a, 1), HANDSHAKE_IMPOSSIBLE);
	assert_int_equal(handshake_note(&f, SIDE_WIRE, &crossing, 1), HANDSHAKE_IMPOSSIBLE);
}

static void a_challenge_and_its_reset_pass(void **state)
{
	struct flow f = opening(DIRECTION_OUTBOUND);
	struct segment a = syn(), challenge = {.flags = SEG_ACK, .seq = 7, .ack = 77};
	struct segment rst = {.flags = SEG_RST, .seq = 77};

	(void)state;
	handshake_note(&f, SIDE_PLAIN, &a, 1);
	assert_int_equal(handshake_note(&f, SIDE_WIRE, &challenge, 1), HANDSHAKE_PASS);
	assert_int_equal(handshake_note(&f, SIDE_PLAIN, &rst, 1), HANDSHAKE_PASS);
	challenge.payload[0] = span_of("secret", 6);
	assert_int_equal(handshake_note(&f, SIDE_WIRE, &challenge, 1), HANDSHAKE_DROP);
}

static void a_reset_with_data_or_false_numbers_does_not_end_it(void **state)
{
	struct flow f = opening(DIRECTION_OUTBOUND);
	struct segment a = syn(), rst = {.flags = SEG_RST | SEG_ACK, .ack = 99};

	(void)state;
	handshake_note(&f, SIDE_PLAIN, &a, 1);
	assert_int_equal(handshake_note(&f, SIDE_WIRE, &rst, 1), HANDSHAKE_PASS);
	rst.ack = 1001;
	rst.payload[0] = span_of("secret", 6);
	assert_int_equal(handshake_note(&f, SIDE_WIRE, &rst, 1), HANDSHAKE_DROP);
}

static void a_repeated_syn_keeps_the_answer(void **state)
{
	struct flow f = opening(DIRECTION_OUTBOUND);
	struct segment a = syn(), b = syn_ack(), c = final_ack();

	(void)state;
	handshake_note(&f, SIDE_PLAIN, &a, 1);
	handshake_note(&f, SIDE_WIRE, &b, 1);
	assert_int_equal(handshake_note(&f, SIDE_PLAIN, &a, 1), HANDSHAKE_PASS);
	assert_int_equal(handshake_note(&f, SIDE_PLAIN, &c, 1), HANDSHAKE_COMPLETE);
}

static void a_reset_ends_the_opening(void **state)
{
	struct flow f = opening(DIRECTION_OUTBOUND);
	struct segment a = syn(), rst = {.flags = SEG_RST | SEG_ACK, .ack = 1001};

	(void)state;
	handshake_note(&f, SIDE_PLAIN, &a, 1);
	assert_int_equal(handshake_note(&f, SIDE_WIRE, &rst, 1), HANDSHAKE_REFUSED);
}

static void round_trips_are_those_of_the_handshake(void **state)
{
	struct flow f = opening(DIRECTION_OUTBOUND);
	struct segment a = syn(), b = syn_ack(), c = final_ack();

	(void)state;
	handshake_note(&f, SIDE_PLAIN, &a, 1000);
	handshake_note(&f, SIDE_WIRE, &b, 51000);
	handshake_note(&f, SIDE_PLAIN, &c, 51200);
	assert_int_equal(handshake_params(&f, SIDE_WIRE).rtt, 50000);
	assert_int_equal(handshake_params(&f, SIDE_PLAIN).rtt, 200);
}

/* Which of the two was answered cannot be told (Karn). */
static void what_was_sent_twice_makes_no_round_trip(void **state)
{
	struct flow f = opening(DIRECTION_OUTBOUND);
	struct segment a = syn(), b = syn_ack(), c = final_ack();

	(void)state;
	handshake_note(&f, SIDE_PLAIN, &a, 1000);
	handshake_note(&f, SIDE_PLAIN, &a, 1001000);
	handshake_note(&f, SIDE_WIRE, &b, 1051000);
	handshake_note(&f, SIDE_WIRE, &b, 1052000);
	handshake_note(&f, SIDE_PLAIN, &c, 1052200);
	assert_int_equal(handshake_params(&f, SIDE_WIRE).rtt, 0);
	assert_int_equal(handshake_params(&f, SIDE_PLAIN).rtt, 0);
}

/* Data may have waited for the application. */
static void last_ack_with_data_makes_no_round_trip(void **state)
{
	struct flow f = opening(DIRECTION_OUTBOUND);
	struct segment a = syn(), b = syn_ack(), c = final_ack();

	(void)state;
	c.payload[0] = span_of("secret", 6);
	handshake_note(&f, SIDE_PLAIN, &a, 1000);
	handshake_note(&f, SIDE_WIRE, &b, 51000);
	handshake_note(&f, SIDE_PLAIN, &c, 9051000);
	assert_int_equal(handshake_params(&f, SIDE_PLAIN).rtt, 0);
	assert_int_equal(handshake_params(&f, SIDE_WIRE).rtt, 50000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(outbound_handshake_settles_both_legs),
		cmocka_unit_test(options_of_one_side_only_are_off),
		cmocka_unit_test(data_with_the_last_ack_is_not_passed),
		cmocka_unit_test(data_before_the_answer_is_dropped),
		cmocka_unit_test(syn_with_data_is_stripped),
		cmocka_unit_test(classic_ecn_passes_and_is_for_both_or_none),
		cmocka_unit_test(answers_to_another_syn_are_dropped),
		cmocka_unit_test(a_new_syn_replaces_the_old_one),
		cmocka_unit_test(what_cannot_be_impersonated_is_refused),
		cmocka_unit_test(a_challenge_and_its_reset_pass),
		cmocka_unit_test(a_reset_with_data_or_false_numbers_does_not_end_it),
		cmocka_unit_test(a_repeated_syn_keeps_the_answer),
		cmocka_unit_test(a_reset_ends_the_opening),
		cmocka_unit_test(round_trips_are_those_of_the_handshake),
		cmocka_unit_test(what_was_sent_twice_makes_no_round_trip),
		cmocka_unit_test(last_ack_with_data_makes_no_round_trip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
