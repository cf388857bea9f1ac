/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_tcb.c - receiving: order, acknowledgments, SACK, PAWS; sending: segments, timestamps */
#include "test_tcb.h"

static void test_names(void **state)
{
	(void)state;
	assert_string_equal(tcb_state_name(TCPS_FIN_WAIT_1), "FIN-WAIT-1");
	assert_string_equal(tcb_state_name(TCPS_STATES), "unknown");
}

static void test_ack_of_the_handshake_is_repeated_when_due(void **state)
{
	struct tcb_params p = rig_params();
	struct rig r;

	(void)state;
	rig_start(&r, &p);
	rig_silent(&r);
	tcb_fini(&r.t);
	p.ack_due = true;
	rig_start(&r, &p);
	rig_out(&r, SEG_ACK, 1, 1, 0);
	rig_silent(&r);
	tcb_fini(&r.t);
}

static void test_data_in_order_is_acknowledged_once_a_batch(void **state)
{
	struct tcb_params p = rig_params();
	struct rig r;

	(void)state;
	rig_start(&r, &p);
	for (uint32_t i = 0; i < 5; i++)
		assert_int_equal(rig_in(&r, SEG_ACK, 1 + 1000 * i, 1, 1000), DROP_NONE);
	rig_out(&r, SEG_ACK, 1, 5001, 0);
	assert_int_equal(r.out.wnd, 60535);
	rig_silent(&r);
	assert_int_equal(rig_read(&r, 1), 5000);
	tcb_fini(&r.t);
}

static void test_lone_segments_are_acknowledged_late_after_the_first_ones(void **state)
{
	struct tcb_params p = rig_params();
	struct rig r;
	uint32_t seq = 1;

	(void)state;
	rig_start(&r, &p);
	for (int i = 0; i < 16; i++, seq += 10) {
		rig_in(&r, SEG_ACK | SEG_PSH, seq, 1, 10);
		rig_out(&r, SEG_ACK, 1, seq + 10, 0);
	}
	rig_in(&r, SEG_ACK | SEG_PSH, seq, 1, 10);
	rig_silent(&r);
	rig_wait(&r, 40 * USEC_MSEC, 40 * USEC_MSEC);
	rig_out(&r, SEG_ACK, 1, seq + 10, 0);
	/* an answer carries it */
	rig_in(&r, SEG_ACK | SEG_PSH, seq + 10, 1, 10);
	rig_silent(&r);
	r.now += 20 * USEC_MSEC;
	rig_write(&r, 5);
	rig_out(&r, SEG_ACK | SEG_PSH, 1, seq + 20, 5);
	rig_silent(&r);
	/* two full segments wait for nothing, unless the last answer came at once */
	rig_in(&r, SEG_ACK, seq + 20, 6, 1000);
	rig_silent(&r);
	rig_in(&r, SEG_ACK, seq + 1020, 6, 1000);
	rig_out(&r, SEG_ACK, 6, seq + 2020, 0);
	tcb_fini(&r.t);
}

static void test_hole_is_reported_and_filled(void **state)
{
	struct tcb_params p = rig_params();
	struct rig r;

	(void)state;
	rig_start(&r, &p);
	rig_in(&r, SEG_ACK, 1001, 1, 1000);
	rig_out(&r, SEG_ACK, 1, 1, 0);
	assert_int_equal(r.out.sack_count, 1);
	assert_int_equal(r.out.sack[0].from - (uint32_t)RIG_IRS, 1001);
	assert_int_equal(r.out.sack[0].to - (uint32_t)RIG_IRS, 2001);
	assert_int_equal(tcb_peek(&r.t).len, 0);
	rig_in(&r, SEG_ACK, 1, 1, 1000);
	rig_out(&r, SEG_ACK, 1, 2001, 0);
	assert_int_equal(r.out.sack_count, 0);
	assert_int_equal(rig_read(&r, 1), 2000);
	tcb_fini(&r.t);
}

static void test_blocks_leave_beside_data_not_in_it(void **state)
{
	struct tcb_params p = rig_params();
	struct rig r;

	(void)state;
	rig_start(&r, &p);
	rig_write(&r, 100);
	rig_in(&r, SEG_ACK, 1001, 1, 1000);
	rig_out(&r, SEG_ACK | SEG_PSH, 1, 1, 100);
	assert_int_equal(r.out.sack_count, 0);
	rig_out(&r, SEG_ACK, 101, 1, 0);
	assert_int_equal(r.out.sack_count, 1);
	rig_silent(&r);
	tcb_fini(&r.t);
}

static void test_duplicate_gets_a_dsack(void **state)
{
	struct tcb_params p = rig_params();
	struct rig r;

	(void)state;
	rig_start(&r, &p);
	rig_in(&r, SEG_ACK, 1, 1, 1000);
	rig_out(&r, SEG_ACK, 1, 1001, 0);
	assert_int_equal(rig_in(&r, SEG_ACK, 501, 1, 500), DROP_UNACCEPTABLE);
	rig_out(&r, SEG_ACK, 1, 1001, 0);
	assert_int_equal(r.out.sack_count, 1);
	assert_int_equal(r.out.sack[0].from - (uint32_t)RIG_IRS, 501);
	assert_int_equal(r.out.sack[0].to - (uint32_t)RIG_IRS, 1001);
	/* once only */
	assert_int_equal(rig_in(&r, SEG_ACK, 501, 1, 600), DROP_NONE);
	rig_out(&r, SEG_ACK, 1, 1101, 0);
	assert_int_equal(r.out.sack_count, 1);
	rig_silent(&r);
	assert_int_equal(rig_read(&r, 1), 1100);
	tcb_fini(&r.t);
}

static void test_peer_without_sack_gets_a_duplicate_ack_per_segment(void **state)
{
	struct tcb_params p = rig_params();
	struct rig r;

	(void)state;
	p.sack_ok = false;
	rig_start(&r, &p);
	rig_in(&r, SEG_ACK, 1, 1, 1000);
	rig_out(&r, SEG_ACK, 1, 1001, 0);
	/* three segments that GRO has merged */
	rig_in(&r, SEG_ACK, 2001, 1, 3000);
	for (int i = 0; i < 3; i++) {
		rig_out(&r, SEG_ACK, 1, 1001, 0);
		assert_int_equal(r.out.sack_count, 0);
	}
	rig_silent(&r);
	tcb_fini(&r.t);
}

static void test_text_is_cut_to_the_window(void **state)
{
	struct tcb_params p = rig_params();
	struct rig r;

	(void)state;
	p.rcv_wnd = 3000;
	rig_start(&r, &p);
	/* the FIN of a segment that is cut does not count */
	assert_int_equal(rig_in(&r, SEG_ACK | SEG_FIN, 1, 1, 5000), DROP_NONE);
	assert_int_equal(rig_read(&r, 1), 3000);
	assert_false(tcb_ended(&r.t));
	rig_out(&r, SEG_ACK, 1, 3001, 0);
	tcb_fini(&r.t);
}

static void test_truncated_capture_is_taken_as_far_as_it_goes(void **state)
{
	struct tcb_params p = rig_params();
	struct segment seg;
	struct rig r;

	(void)state;
	rig_start(&r, &p);
	seg = rig_segment(&r, SEG_ACK | SEG_FIN, 1, 1, 700);
	seg.truncated = true;
	assert_int_equal(rig_give(&r, &seg), DROP_NONE);
	rig_out(&r, SEG_ACK, 1, 701, 0);
	assert_false(tcb_ended(&r.t));
	tcb_fini(&r.t);
}

static void test_keepalive_is_answered_at_a_limited_rate(void **state)
{
	struct tcb_params p = rig_params();
	struct rig r;

	(void)state;
	rig_start(&r, &p);
	assert_int_equal(rig_in(&r, SEG_ACK, 0, 1, 0), DROP_UNACCEPTABLE);
	rig_out(&r, SEG_ACK, 1, 1, 0);
	assert_int_equal(rig_in(&r, SEG_ACK, 0, 1, 0), DROP_UNACCEPTABLE);
	rig_silent(&r);
	r.now += 500 * USEC_MSEC;
	assert_int_equal(rig_in(&r, SEG_ACK, 0, 1, 0), DROP_UNACCEPTABLE);
	rig_out(&r, SEG_ACK, 1, 1, 0);
	/* one with a byte carries data, so there is no limit */
	assert_int_equal(rig_in(&r, SEG_ACK, 0, 1, 1), DROP_UNACCEPTABLE);
	rig_out(&r, SEG_ACK, 1, 1, 0);
	tcb_fini(&r.t);
}

static void test_probe_asks_below_the_window(void **state)
{
	struct tcb_params p = rig_params();
	struct rig r;

	(void)state;
	rig_start(&r, &p);
	tcb_probe(&r.t);
	assert_int_equal(tcb_deadline(&r.t), 0);
	rig_out(&r, SEG_ACK, 0, 1, 0);
	rig_silent(&r);
	tcb_abort(&r.t, FAULT_ADMIN);
	tcb_probe(&r.t);
	rig_out(&r, SEG_RST | SEG_ACK, 1, 1, 0);
	rig_silent(&r);
	tcb_fini(&r.t);
}

static void test_timestamps_are_echoed_and_never_run_ahead(void **state)
{
	struct tcb_params p = rig_params();
	struct rig r;

	(void)state;
	p.ts_ok = true;
	p.ts_val = 5000;
	p.ts_recent = 0xfffffff0;
	rig_start(&r, &p);
	rig_write(&r, 2000);
	rig_out(&r, SEG_ACK | SEG_PSH, 1, 1, 2000);
	assert_int_equal(r.out.gso_size, 988);
	assert_int_equal(r.out.options, SEG_OPT_TS);
	assert_int_equal(r.out.ts_val, 5000);
	assert_int_equal(r.out.ts_ecr, 0xfffffff0);
	tcb_note_ts(&r.t, 6000);
	tcb_note_ts(&r.t, 5500);
	r.ts = 5; /* newer, across the wrap */
	rig_in(&r, SEG_ACK, 1, 2001, 10);
	rig_out(&r, SEG_ACK, 2001, 11, 0);
	assert_int_equal(r.out.ts_val, 6000);
	assert_int_equal(r.out.ts_ecr, 5);
	/* out of order: its timestamp is not echoed before the hole is filled (RFC 7323 4.3) */
	r.ts = 9;
	rig_in(&r, SEG_ACK, 100, 2001, 10);
	rig_out(&r, SEG_ACK, 2001, 11, 0);
	assert_int_equal(r.out.ts_ecr, 5);
	tcb_fini(&r.t);
}

static void test_paws(void **state)
{
	struct tcb_params p = rig_params();
	struct rig r;

	(void)state;
	p.ts_ok = true;
	p.ts_recent = 1000;
	rig_start(&r, &p);
	r.ts = 999;
	assert_int_equal(rig_in(&r, SEG_ACK, 1, 1, 10), DROP_UNACCEPTABLE);
	rig_out(&r, SEG_ACK, 1, 1, 0);
	/* after 24 days the memory is worth nothing (RFC 7323 5.5) */
	r.now += 25 * 86400 * USEC_SEC;
	assert_int_equal(rig_in(&r, SEG_ACK, 1, 1, 10), DROP_NONE);
	rig_out(&r, SEG_ACK, 1, 11, 0);
	assert_int_equal(r.out.ts_ecr, 999);
	/* a reset needs no timestamp */
	r.ts = 1;
	assert_int_equal(rig_in(&r, SEG_RST, 11, 1, 0), DROP_NONE);
	assert_int_equal(tcb_fault(&r.t), FAULT_PEER_RESET);
	tcb_fini(&r.t);
}

static void test_super_segments(void **state)
{
	struct tcb_params p = rig_params();
	struct tcb_info info;
	struct rig r;

	(void)state;
	p.near = true;
	p.snd_wscale = 4;
	p.snd_wnd = 1 << 20;
	rig_start(&r, &p);
	rig_write(&r, 100500);
	rig_out(&r, SEG_ACK, 1, 1, 65000);
	assert_int_equal(r.out.gso_size, 1000);
	rig_out(&r, SEG_ACK | SEG_PSH, 65001, 1, 35500);
	rig_silent(&r);
	rig_ack(&r, 1, 100501, 65535);
	rig_write(&r, 1000);
	rig_out(&r, SEG_ACK | SEG_PSH, 100501, 1, 1000);
	assert_int_equal(r.out.gso_size, 0);
	tcb_info(&r.t, &info);
	assert_int_equal(info.bytes_out, 100500);
	assert_int_equal(info.retransmits, 0);
	tcb_fini(&r.t);
}

static void test_lower_mss_cuts_anew_and_sends_again(void **state)
{
	struct tcb_params p = rig_params();
	uint32_t cwnd;
	struct rig r;

	(void)state;
	rig_start(&r, &p);
	rig_write(&r, 3100);
	rig_out(&r, SEG_ACK | SEG_PSH, 1, 1, 3100);
	cwnd = r.t.cc.cubic.cwnd;
	tcb_set_mss(&r.t, 1200, r.now);
	rig_silent(&r);
	tcb_set_mss(&r.t, 500, r.now);
	rig_out(&r, SEG_ACK | SEG_PSH, 1, 1, 3100);
	assert_int_equal(r.out.gso_size, 500);
	assert_int_equal(r.t.cc.cubic.cwnd, cwnd);
	rig_silent(&r);
	tcb_fini(&r.t);
}

static void test_storage_is_given_back_after_a_while(void **state)
{
	struct budget budget = {.limit = 1 << 20};
	struct tcb_params p = rig_params();
	struct rig r;

	(void)state;
	p.budget = &budget;
	rig_start(&r, &p);
	rig_write(&r, 1000);
	rig_out(&r, SEG_ACK | SEG_PSH, 1, 1, 1000);
	rig_in(&r, SEG_ACK, 1, 1001, 1000);
	rig_out(&r, SEG_ACK, 1001, 1001, 0);
	assert_int_equal(rig_read(&r, 1), 1000);
	rig_silent(&r);
	assert_int_equal(budget.used, 8192);
	rig_wait(&r, USEC_SEC, USEC_SEC);
	rig_silent(&r);
	assert_int_equal(budget.used, 0);
	assert_int_equal(tcb_deadline(&r.t), USEC_NEVER);
	/* never while something is out of order */
	rig_in(&r, SEG_ACK, 2001, 1001, 1000);
	rig_out(&r, SEG_ACK, 1001, 1001, 0);
	rig_silent(&r);
	r.now += 10 * USEC_SEC;
	rig_silent(&r);
	rig_in(&r, SEG_ACK, 1001, 1001, 1000);
	assert_int_equal(rig_read(&r, 1001), 2000);
	tcb_fini(&r.t);
	assert_int_equal(budget.used, 0);
}

static void test_without_memory_nothing_is_acknowledged(void **state)
{
	struct budget budget = {.limit = 4096};
	struct tcb_params p = rig_params();
	struct rig r;

	(void)state;
	p.budget = &budget;
	rig_start(&r, &p);
	rig_in(&r, SEG_ACK, 1, 1, 5000);
	rig_out(&r, SEG_ACK, 1, 4097, 0);
	rig_in(&r, SEG_ACK, 4097, 1, 904);
	rig_out(&r, SEG_ACK, 1, 4097, 0);
	assert_int_equal(rig_read(&r, 1), 4096);
	rig_in(&r, SEG_ACK, 4097, 1, 904);
	rig_out(&r, SEG_ACK, 1, 5001, 0);
	assert_int_equal(rig_read(&r, 4097), 904);
	tcb_fini(&r.t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_ack_of_the_handshake_is_repeated_when_due),
		cmocka_unit_test(test_data_in_order_is_acknowledged_once_a_batch),
		cmocka_unit_test(test_lone_segments_are_acknowledged_late_after_the_first_ones),
		cmocka_unit_test(test_hole_is_reported_and_filled),
		cmocka_unit_test(test_blocks_leave_beside_data_not_in_it),
		cmocka_unit_test(test_duplicate_gets_a_dsack),
		cmocka_unit_test(test_peer_without_sack_gets_a_duplicate_ack_per_segment),
		cmocka_unit_test(test_text_is_cut_to_the_window),
		cmocka_unit_test(test_truncated_capture_is_taken_as_far_as_it_goes),
		cmocka_unit_test(test_keepalive_is_answered_at_a_limited_rate),
		cmocka_unit_test(test_probe_asks_below_the_window),
		cmocka_unit_test(test_timestamps_are_echoed_and_never_run_ahead),
		cmocka_unit_test(test_paws),
		cmocka_unit_test(test_super_segments),
		cmocka_unit_test(test_lower_mss_cuts_anew_and_sends_again),
		cmocka_unit_test(test_storage_is_given_back_after_a_while),
		cmocka_unit_test(test_without_memory_nothing_is_acknowledged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
