/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_tcb_loss.c - RTO, RACK, tail loss probe, NewReno, DSACK, reneging, giving up */
#include "test_tcb.h"

/* @n segments in flight at once, after one round trip of 50 ms was measured. */
static void fly(struct rig *r, const struct tcb_params *p, uint32_t n)
{
	rig_start(r, p);
	rig_write(r, 1000);
	rig_out(r, SEG_ACK | SEG_PSH, 1, 1, 1000);
	r->now += 50 * USEC_MSEC;
	rig_ack(r, 1, 1001, RIG_WND);
	rig_write(r, 1000 * n);
	rig_out(r, SEG_ACK | SEG_PSH, 1001, 1, 1000 * n);
	rig_silent(r);
}

static void test_timeout_doubles_and_gives_up(void **state)
{
	struct tcb_params p = rig_params();
	usec_t rto = 1 * USEC_SEC, begin;
	struct rig r;

	(void)state;
	p.sack_ok = false;
	rig_start(&r, &p);
	begin = r.now;
	rig_write(&r, 500);
	rig_out(&r, SEG_ACK | SEG_PSH, 1, 1, 500);
	for (;;) {
		rig_silent(&r);
		rig_wait(&r, rto, rto);
		if (r.now - begin >= 300 * USEC_SEC)
			break;
		rig_out(&r, SEG_ACK | SEG_PSH, 1, 1, 500);
		rto = rto * 2 > 120 * USEC_SEC ? 120 * USEC_SEC : rto * 2;
	}
	rig_out(&r, SEG_RST | SEG_ACK, 501, 1, 0);
	assert_int_equal(tcb_fault(&r.t), FAULT_TIMEOUT);
	/* whoever still speaks is told again, with the number it expects */
	assert_int_equal(rig_in(&r, SEG_ACK, 1, 1, 10), DROP_UNACCEPTABLE);
	rig_out(&r, SEG_RST, 1, 0, 0);
	rig_silent(&r);
	tcb_fini(&r.t);
}

static void test_timeout_sends_one_segment_then_slow_start(void **state)
{
	struct tcb_params p = rig_params();
	struct rig r;

	(void)state;
	p.sack_ok = false;
	fly(&r, &p, 8);
	rig_wait(&r, 150 * USEC_MSEC, 300 * USEC_MSEC);
	rig_out(&r, SEG_ACK, 1001, 1, 1000);
	rig_silent(&r);
	r.now += 50 * USEC_MSEC;
	rig_ack(&r, 1, 2001, RIG_WND);
	rig_out(&r, SEG_ACK, 2001, 1, 2000);
	rig_silent(&r);
	rig_ack(&r, 1, 9001, RIG_WND);
	rig_silent(&r);
	assert_true(tcb_idle(&r.t));
	tcb_fini(&r.t);
}

static void test_rack_finds_a_hole_at_three_segments(void **state)
{
	struct tcb_params p = rig_params();
	struct rig r;

	(void)state;
	fly(&r, &p, 8);
	r.now += 50 * USEC_MSEC;
	rig_sack(&r, 1, 1001, 2001, 3001);
	rig_silent(&r);
	rig_sack(&r, 1, 1001, 2001, 4001);
	rig_silent(&r);
	rig_sack(&r, 1, 1001, 2001, 5001);
	rig_out(&r, SEG_ACK, 1001, 1, 1000);
	rig_silent(&r);
	assert_int_equal(r.t.loss.phase, LOSS_RECOVERY);
	rig_sack(&r, 1, 1001, 2001, 9001);
	rig_silent(&r);
	r.now += 50 * USEC_MSEC;
	rig_ack(&r, 1, 9001, RIG_WND);
	assert_int_equal(r.t.loss.phase, LOSS_OPEN);
	assert_in_range(r.t.cc.cubic.cwnd, 5600, 7700);
	tcb_fini(&r.t);
}

static void test_rack_waits_a_quarter_round_trip_for_fewer(void **state)
{
	struct tcb_params p = rig_params();
	struct rig r;

	(void)state;
	fly(&r, &p, 2);
	r.now += 50 * USEC_MSEC;
	rig_sack(&r, 1, 1001, 2001, 3001);
	rig_silent(&r);
	rig_wait(&r, 12 * USEC_MSEC, 13 * USEC_MSEC);
	rig_out(&r, SEG_ACK, 1001, 1, 1000);
	rig_silent(&r);
	tcb_fini(&r.t);
}

static void test_rack_finds_a_lost_retransmission(void **state)
{
	struct tcb_params p = rig_params();
	struct rig r;

	(void)state;
	fly(&r, &p, 8);
	r.now += 50 * USEC_MSEC;
	rig_sack(&r, 1, 1001, 2001, 9001);
	rig_out(&r, SEG_ACK, 1001, 1, 1000);
	rig_write(&r, 1000);
	rig_out(&r, SEG_ACK | SEG_PSH, 9001, 1, 1000);
	rig_silent(&r);
	/* the new segment, sent after it, arrives: the retransmission has not */
	r.now += 51 * USEC_MSEC;
	rig_sack(&r, 1, 1001, 2001, 10001);
	if (!tcb_output(&r.t, r.now, &r.out)) {
		rig_wait(&r, 0, 20 * USEC_MSEC);
		rig_out(&r, SEG_ACK, 1001, 1, 1000);
	}
	assert_int_equal(r.out.seq - (uint32_t)RIG_ISS, 1001);
	assert_int_equal(r.t.rtt.backoff, 0);
	tcb_fini(&r.t);
}

static void test_reordering_is_learned(void **state)
{
	struct tcb_params p = rig_params();
	struct rig r;

	(void)state;
	fly(&r, &p, 8);
	r.now += 50 * USEC_MSEC;
	rig_sack(&r, 1, 1001, 2001, 3001);
	rig_silent(&r);
	/* the first one was only late */
	rig_ack(&r, 1, 3001, RIG_WND);
	assert_true(r.t.loss.reordering);
	/* from now on even many later arrivals have to wait */
	rig_sack(&r, 1, 3001, 4001, 9001);
	rig_silent(&r);
	rig_wait(&r, 10 * USEC_MSEC, 13 * USEC_MSEC);
	rig_out(&r, SEG_ACK, 3001, 1, 1000);
	/* unnecessarily, says the peer: the window for reordering grows */
	rig_sack(&r, 1, 9001, 3001, 4001);
	assert_int_equal(r.t.loss.reo_mult, 2);
	tcb_fini(&r.t);
}

static void test_tail_probe_repeats_the_last_segment(void **state)
{
	struct tcb_params p = rig_params();
	struct rig r;

	(void)state;
	fly(&r, &p, 4);
	/* 2 * SRTT + 2 ms, long before the time-out */
	rig_wait(&r, 102 * USEC_MSEC, 102 * USEC_MSEC);
	rig_out(&r, SEG_ACK | SEG_PSH, 4001, 1, 1000);
	rig_silent(&r);
	r.now += 50 * USEC_MSEC;
	/* only the tail had arrived or has now: the rest is lost and repaired without time-out */
	rig_sack(&r, 1, 1001, 4001, 5001);
	assert_int_equal(r.t.loss.phase, LOSS_RECOVERY);
	rig_out(&r, SEG_ACK, 1001, 1, 1000);
	tcb_fini(&r.t);
}

static void test_tail_probe_prefers_new_data(void **state)
{
	struct tcb_params p = rig_params();
	struct rig r;

	(void)state;
	fly(&r, &p, 10);
	rig_write(&r, 3000);
	assert_true(sendq_pipe(&r.t.snd) + 1000 > r.t.cc.cubic.cwnd - 1000);
	rig_silent(&r);
	rig_wait(&r, 102 * USEC_MSEC, 102 * USEC_MSEC);
	rig_out(&r, SEG_ACK, 11001, 1, 1000);
	rig_silent(&r);
	tcb_fini(&r.t);
}

static void test_repair_by_the_probe_counts_as_a_loss(void **state)
{
	struct tcb_params p = rig_params();
	uint32_t cwnd;
	struct rig r;

	(void)state;
	fly(&r, &p, 4);
	cwnd = r.t.cc.cubic.cwnd;
	rig_wait(&r, 102 * USEC_MSEC, 102 * USEC_MSEC);
	rig_out(&r, SEG_ACK | SEG_PSH, 4001, 1, 1000);
	r.now += 50 * USEC_MSEC;
	rig_ack(&r, 1, 5001, RIG_WND);
	assert_true(r.t.cc.cubic.cwnd >= cwnd);
	rig_write(&r, 1000);
	rig_out(&r, SEG_ACK | SEG_PSH, 5001, 1, 1000);
	rig_ack(&r, 1, 6001, RIG_WND);
	assert_true(r.t.cc.cubic.cwnd < cwnd);
	tcb_fini(&r.t);
}

static void test_needless_probe_costs_nothing(void **state)
{
	struct tcb_params p = rig_params();
	uint32_t cwnd;
	struct rig r;

	(void)state;
	fly(&r, &p, 4);
	rig_wait(&r, 102 * USEC_MSEC, 102 * USEC_MSEC);
	rig_out(&r, SEG_ACK | SEG_PSH, 4001, 1, 1000);
	rig_ack(&r, 1, 5001, RIG_WND);
	cwnd = r.t.cc.cubic.cwnd;
	rig_sack(&r, 1, 5001, 4001, 5001);
	rig_write(&r, 1000);
	rig_out(&r, SEG_ACK | SEG_PSH, 5001, 1, 1000);
	rig_ack(&r, 1, 6001, RIG_WND);
	assert_true(r.t.cc.cubic.cwnd >= cwnd);
	tcb_fini(&r.t);
}

static void test_newreno_repairs_hole_after_hole(void **state)
{
	struct tcb_params p = rig_params();
	struct rig r;

	(void)state;
	p.sack_ok = false;
	fly(&r, &p, 8);
	r.now += 50 * USEC_MSEC;
	/* segments 1 and 4 of 8 are lost: six duplicates */
	rig_ack(&r, 1, 1001, RIG_WND);
	rig_ack(&r, 1, 1001, RIG_WND);
	rig_silent(&r);
	rig_ack(&r, 1, 1001, RIG_WND);
	rig_out(&r, SEG_ACK, 1001, 1, 1000);
	rig_silent(&r);
	for (int i = 0; i < 3; i++)
		rig_ack(&r, 1, 1001, RIG_WND);
	rig_silent(&r);
	r.now += 50 * USEC_MSEC;
	rig_ack(&r, 1, 4001, RIG_WND);
	rig_out(&r, SEG_ACK, 4001, 1, 1000);
	rig_silent(&r);
	r.now += 50 * USEC_MSEC;
	rig_ack(&r, 1, 9001, RIG_WND);
	rig_silent(&r);
	assert_int_equal(r.t.loss.phase, LOSS_OPEN);
	assert_true(tcb_idle(&r.t));
	tcb_fini(&r.t);
}

static void test_limited_transmit(void **state)
{
	struct tcb_params p = rig_params();
	struct rig r;

	(void)state;
	p.sack_ok = false;
	fly(&r, &p, 10);
	r.t.cc.cubic.cwnd = 10000;
	rig_write(&r, 5000);
	rig_silent(&r);
	rig_ack(&r, 1, 1001, RIG_WND);
	rig_out(&r, SEG_ACK, 11001, 1, 1000);
	rig_silent(&r);
	tcb_fini(&r.t);
}

static void test_peer_that_goes_back_on_its_sacks(void **state)
{
	struct tcb_params p = rig_params();
	struct rig r;

	(void)state;
	fly(&r, &p, 4);
	r.now += 50 * USEC_MSEC;
	rig_sack(&r, 1, 1001, 2001, 5001);
	rig_out(&r, SEG_ACK, 1001, 1, 1000);
	r.now += 50 * USEC_MSEC;
	/* it had them, and has them no more */
	rig_ack(&r, 1, 2001, RIG_WND);
	rig_silent(&r);
	rig_wait(&r, 100 * USEC_MSEC, 400 * USEC_MSEC);
	rig_out(&r, SEG_ACK, 2001, 1, 1000);
	r.now += 50 * USEC_MSEC;
	rig_ack(&r, 1, 3001, RIG_WND);
	rig_out(&r, SEG_ACK | SEG_PSH, 3001, 1, 2000);
	tcb_fini(&r.t);
}

static void test_nonsense_sacks_are_ignored(void **state)
{
	static const uint32_t blocks[][2] = {
		{2001, 2001}, {3001, 2001}, {2001, 99001}, {90001, 99001}, {0x80000000, 2001}};
	struct tcb_params p = rig_params();
	struct rig r;

	(void)state;
	fly(&r, &p, 8);
	for (size_t i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++) {
		rig_sack(&r, 1, 1001, blocks[i][0], blocks[i][1]);
		assert_int_equal(r.t.snd.sacked, 0);
		assert_int_equal(r.t.snd.lost, 0);
	}
	rig_silent(&r);
	tcb_fini(&r.t);
}

static void test_lone_segment_to_a_near_peer_outwaits_its_delayed_ack(void **state)
{
	struct tcb_params p = rig_params();
	struct rig r;

	(void)state;
	p.near = true;
	rig_start(&r, &p);
	for (uint32_t i = 0; i < 20; i++) {
		rig_write(&r, 100);
		rig_out(&r, SEG_ACK | SEG_PSH, 1 + 100 * i, 1, 100);
		r.now += 50;
		rig_ack(&r, 1, 101 + 100 * i, RIG_WND);
	}
	rig_write(&r, 100);
	rig_out(&r, SEG_ACK | SEG_PSH, 2001, 1, 100);
	rig_wait(&r, 41 * USEC_MSEC, 61 * USEC_MSEC);
	tcb_fini(&r.t);
}

static void test_retransmission_respects_the_edge(void **state)
{
	struct tcb_params p = rig_params();
	struct rig r;

	(void)state;
	fly(&r, &p, 4);
	/* the peer takes 3.5 KB of its window back and loses everything */
	rig_ack(&r, 2, 1001, 500);
	rig_silent(&r);
	do {
		rig_wait(&r, 1, USEC_SEC);
	} while (!tcb_output(&r.t, r.now, &r.out));
	assert_int_equal(r.out.seq - (uint32_t)RIG_ISS, 1001);
	assert_int_equal(segment_payload_len(&r.out), 500);
	rig_silent(&r);
	tcb_fini(&r.t);
}

static void test_room_made_by_the_peer_ends_the_backoff(void **state)
{
	struct tcb_params p = rig_params();
	struct rig r;

	(void)state;
	p.snd_wnd = 2000;
	rig_start(&r, &p);
	rig_write(&r, 2000);
	rig_out(&r, SEG_ACK | SEG_PSH, 1, 1, 2000);
	/* it has no memory for what it had offered to take */
	for (usec_t rto = USEC_SEC; rto < 60 * USEC_SEC; rto *= 2) {
		rig_ack(&r, 1, 1, 2000);
		do {
			r.now = tcb_deadline(&r.t);
		} while (!tcb_output(&r.t, r.now, &r.out));
	}
	rig_silent(&r);
	rig_ack(&r, 1, 1, 9000);
	do {
		rig_wait(&r, 1, USEC_SEC);
	} while (!tcb_output(&r.t, r.now, &r.out));
	assert_int_equal(r.out.seq - (uint32_t)RIG_ISS, 1);
	tcb_fini(&r.t);
}

/* After a pause of this host the timers begin anew: the answer may be waiting to be read. */
static void test_time_out_missed_by_a_second_begins_anew(void **state)
{
	struct tcb_params p = rig_params();
	struct rig r;

	(void)state;
	rig_start(&r, &p);
	rig_write(&r, 1000);
	rig_out(&r, SEG_ACK | SEG_PSH, 1, 1, 1000);
	rig_silent(&r);
	r.now += 60 * USEC_SEC;
	while (tcb_output(&r.t, r.now, &r.out)) /* a tail probe does no harm */
		assert_int_equal(r.t.loss.phase, LOSS_OPEN);
	assert_int_equal(r.t.loss.phase, LOSS_OPEN);
	rig_wait(&r, 900 * USEC_MSEC, 2 * USEC_SEC);
	rig_out(&r, SEG_ACK | SEG_PSH, 1, 1, 1000);
	assert_int_equal(r.t.loss.phase, LOSS_TIMEOUT);
	tcb_fini(&r.t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_timeout_doubles_and_gives_up),
		cmocka_unit_test(test_timeout_sends_one_segment_then_slow_start),
		cmocka_unit_test(test_rack_finds_a_hole_at_three_segments),
		cmocka_unit_test(test_rack_waits_a_quarter_round_trip_for_fewer),
		cmocka_unit_test(test_rack_finds_a_lost_retransmission),
		cmocka_unit_test(test_reordering_is_learned),
		cmocka_unit_test(test_tail_probe_repeats_the_last_segment),
		cmocka_unit_test(test_tail_probe_prefers_new_data),
		cmocka_unit_test(test_repair_by_the_probe_counts_as_a_loss),
		cmocka_unit_test(test_needless_probe_costs_nothing),
		cmocka_unit_test(test_newreno_repairs_hole_after_hole),
		cmocka_unit_test(test_limited_transmit),
		cmocka_unit_test(test_peer_that_goes_back_on_its_sacks),
		cmocka_unit_test(test_nonsense_sacks_are_ignored),
		cmocka_unit_test(test_lone_segment_to_a_near_peer_outwaits_its_delayed_ack),
		cmocka_unit_test(test_retransmission_respects_the_edge),
		cmocka_unit_test(test_room_made_by_the_peer_ends_the_backoff),
		cmocka_unit_test(test_time_out_missed_by_a_second_begins_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
