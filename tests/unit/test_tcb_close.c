/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_tcb_close.c - FIN and RST in all orders, half-close, TIME-WAIT, attacks (RFC 5961) */
#include "test_tcb.h"

static void start(struct rig *r)
{
	struct tcb_params p = rig_params();

	rig_start(r, &p);
}

static void test_we_close_first(void **state)
{
	struct rig r;

	(void)state;
	start(&r);
	rig_write(&r, 10);
	tcb_finish(&r.t);
	tcb_finish(&r.t);
	assert_int_equal(r.t.state, TCPS_FIN_WAIT_1);
	rig_out(&r, SEG_ACK | SEG_PSH | SEG_FIN, 1, 1, 10);
	rig_ack(&r, 1, 11, RIG_WND);
	assert_int_equal(r.t.state, TCPS_FIN_WAIT_1);
	rig_ack(&r, 1, 12, RIG_WND);
	assert_int_equal(r.t.state, TCPS_FIN_WAIT_2);
	/* the other half stays open */
	rig_in(&r, SEG_ACK, 1, 12, 100);
	rig_out(&r, SEG_ACK, 12, 101, 0);
	assert_int_equal(rig_read(&r, 1), 100);
	assert_false(tcb_ended(&r.t));
	rig_in(&r, SEG_ACK | SEG_FIN, 101, 12, 0);
	assert_int_equal(r.t.state, TCPS_TIME_WAIT);
	assert_true(tcb_ended(&r.t));
	rig_out(&r, SEG_ACK, 12, 102, 0);
	rig_silent(&r);
	/* the ACK was lost: another, and 2 MSL anew */
	r.now += 30 * USEC_SEC;
	assert_int_equal(rig_in(&r, SEG_ACK | SEG_FIN, 101, 12, 0), DROP_UNACCEPTABLE);
	rig_out(&r, SEG_ACK, 12, 102, 0);
	while (r.t.state == TCPS_TIME_WAIT) {
		rig_silent(&r);
		rig_wait(&r, 1, 60 * USEC_SEC);
		assert_false(tcb_output(&r.t, r.now, &r.out));
	}
	assert_int_equal(r.now, (100 + 30 + 60) * USEC_SEC);
	assert_int_equal(r.t.state, TCPS_CLOSED);
	assert_int_equal(tcb_fault(&r.t), FAULT_NONE);
	tcb_fini(&r.t);
}

static void test_peer_closes_first(void **state)
{
	struct rig r;

	(void)state;
	start(&r);
	rig_in(&r, SEG_ACK | SEG_FIN, 1, 1, 100);
	rig_out(&r, SEG_ACK, 1, 102, 0);
	assert_int_equal(r.t.state, TCPS_CLOSE_WAIT);
	assert_false(tcb_ended(&r.t));
	assert_int_equal(rig_read(&r, 1), 100);
	assert_true(tcb_ended(&r.t));
	rig_silent(&r);
	/* a whole answer goes out afterwards */
	rig_write(&r, 3000);
	rig_out(&r, SEG_ACK | SEG_PSH, 1, 102, 3000);
	tcb_finish(&r.t);
	assert_int_equal(r.t.state, TCPS_LAST_ACK);
	rig_out(&r, SEG_ACK | SEG_FIN, 3001, 102, 0);
	rig_ack(&r, 102, 3002, RIG_WND);
	assert_int_equal(r.t.state, TCPS_CLOSED);
	assert_int_equal(tcb_fault(&r.t), FAULT_NONE);
	rig_silent(&r);
	tcb_fini(&r.t);
}

static void test_both_close_at_once(void **state)
{
	struct rig r;

	(void)state;
	start(&r);
	tcb_finish(&r.t);
	rig_out(&r, SEG_ACK | SEG_FIN, 1, 1, 0);
	rig_in(&r, SEG_ACK | SEG_FIN, 1, 1, 0);
	assert_int_equal(r.t.state, TCPS_CLOSING);
	rig_out(&r, SEG_ACK, 2, 2, 0);
	rig_ack(&r, 2, 2, RIG_WND);
	assert_int_equal(r.t.state, TCPS_TIME_WAIT);
	tcb_fini(&r.t);
}

static void test_fin_and_its_acknowledgment_in_one(void **state)
{
	struct rig r;

	(void)state;
	start(&r);
	tcb_finish(&r.t);
	rig_out(&r, SEG_ACK | SEG_FIN, 1, 1, 0);
	rig_in(&r, SEG_ACK | SEG_FIN, 1, 2, 5);
	assert_int_equal(r.t.state, TCPS_TIME_WAIT);
	rig_out(&r, SEG_ACK, 2, 7, 0);
	assert_int_equal(rig_read(&r, 1), 5);
	tcb_fini(&r.t);
}

static void test_lost_fin_is_sent_again(void **state)
{
	struct rig r;

	(void)state;
	start(&r);
	rig_write(&r, 10);
	rig_out(&r, SEG_ACK | SEG_PSH, 1, 1, 10);
	tcb_finish(&r.t);
	rig_out(&r, SEG_ACK | SEG_FIN, 11, 1, 0);
	r.now += 10 * USEC_MSEC;
	rig_ack(&r, 1, 11, RIG_WND);
	rig_silent(&r);
	rig_wait(&r, 10 * USEC_MSEC, 300 * USEC_MSEC);
	rig_out(&r, SEG_ACK | SEG_FIN, 11, 1, 0);
	rig_ack(&r, 1, 12, RIG_WND);
	assert_int_equal(r.t.state, TCPS_FIN_WAIT_2);
	tcb_fini(&r.t);
}

static void test_fin_before_its_data(void **state)
{
	struct rig r;

	(void)state;
	start(&r);
	rig_in(&r, SEG_ACK | SEG_FIN, 101, 1, 50);
	assert_int_equal(r.t.state, TCPS_ESTABLISHED);
	rig_out(&r, SEG_ACK, 1, 1, 0);
	assert_int_equal(r.out.sack[0].to - (uint32_t)RIG_IRS, 152);
	/* data beyond a FIN, and a second FIN elsewhere, are nothing */
	rig_in(&r, SEG_ACK | SEG_FIN, 151, 1, 50);
	rig_in(&r, SEG_ACK, 1, 1, 100);
	assert_int_equal(r.t.state, TCPS_CLOSE_WAIT);
	rig_out(&r, SEG_ACK, 1, 152, 0);
	assert_int_equal(rig_read(&r, 1), 150);
	assert_true(tcb_ended(&r.t));
	tcb_fini(&r.t);
}

static void test_exact_reset_resets_and_leaves_what_was_received(void **state)
{
	struct rig r;

	(void)state;
	start(&r);
	rig_write(&r, 10);
	rig_in(&r, SEG_ACK, 1, 1, 100);
	assert_int_equal(rig_in(&r, SEG_RST, 101, 0, 0), DROP_NONE);
	assert_int_equal(r.t.state, TCPS_CLOSED);
	assert_int_equal(tcb_fault(&r.t), FAULT_PEER_RESET);
	rig_silent(&r);
	assert_int_equal(rig_read(&r, 1), 100);
	assert_false(tcb_ended(&r.t));
	assert_true(tcb_idle(&r.t));
	/* nobody there; but no answer to an answer */
	assert_int_equal(rig_in(&r, SEG_ACK, 101, 1, 0), DROP_UNACCEPTABLE);
	rig_out(&r, SEG_RST, 1, 0, 0);
	assert_int_equal(rig_in(&r, SEG_RST, 101, 1, 0), DROP_UNACCEPTABLE);
	rig_silent(&r);
	tcb_fini(&r.t);
}

static void test_inexact_resets_are_challenged_or_ignored(void **state)
{
	struct rig r;

	(void)state;
	start(&r);
	assert_int_equal(rig_in(&r, SEG_RST, 2, 1, 0), DROP_UNACCEPTABLE);
	rig_out(&r, SEG_ACK, 1, 1, 0);
	/* limited */
	assert_int_equal(rig_in(&r, SEG_RST, 3, 1, 0), DROP_UNACCEPTABLE);
	rig_silent(&r);
	r.now += USEC_SEC;
	assert_int_equal(rig_in(&r, SEG_RST, 70000, 1, 0), DROP_UNACCEPTABLE);
	assert_int_equal(rig_in(&r, SEG_RST, 0, 1, 0), DROP_UNACCEPTABLE);
	rig_silent(&r);
	assert_int_equal(r.t.state, TCPS_ESTABLISHED);
	tcb_fini(&r.t);
}

static void test_reset_at_the_edge_of_a_hole_or_at_the_fin(void **state)
{
	struct rig r;

	(void)state;
	start(&r);
	rig_in(&r, SEG_ACK, 101, 1, 100);
	assert_int_equal(rig_in(&r, SEG_RST, 201, 1, 0), DROP_NONE);
	assert_int_equal(tcb_fault(&r.t), FAULT_PEER_RESET);
	tcb_fini(&r.t);
	start(&r);
	rig_in(&r, SEG_ACK | SEG_FIN, 1, 1, 0);
	assert_int_equal(rig_in(&r, SEG_RST, 1, 1, 0), DROP_NONE);
	assert_int_equal(tcb_fault(&r.t), FAULT_PEER_RESET);
	tcb_fini(&r.t);
}

static void test_reset_after_all_is_said_is_no_fault(void **state)
{
	struct rig r;

	(void)state;
	start(&r);
	rig_write(&r, 10);
	rig_in(&r, SEG_ACK | SEG_FIN, 1, 1, 0);
	tcb_finish(&r.t);
	rig_out(&r, SEG_ACK | SEG_PSH | SEG_FIN, 1, 2, 10);
	rig_ack(&r, 2, 11, RIG_WND);
	rig_in(&r, SEG_RST, 2, 11, 0);
	assert_int_equal(r.t.state, TCPS_CLOSED);
	assert_int_equal(tcb_fault(&r.t), FAULT_NONE);
	tcb_fini(&r.t);
}

static void test_syn_is_challenged(void **state)
{
	struct rig r;

	(void)state;
	start(&r);
	/* a SYN-ACK sent again because the final ACK was lost */
	assert_int_equal(rig_in(&r, SEG_SYN | SEG_ACK, 0, 1, 0), DROP_UNACCEPTABLE);
	rig_out(&r, SEG_ACK, 1, 1, 0);
	assert_int_equal(rig_in(&r, SEG_SYN, 77777777, 0, 0), DROP_UNACCEPTABLE);
	rig_silent(&r);
	assert_int_equal(rig_in(&r, SEG_SYN | SEG_FIN, 1, 1, 0), DROP_BAD_FLAGS);
	assert_int_equal(rig_in(&r, SEG_SYN | SEG_RST, 1, 1, 0), DROP_BAD_FLAGS);
	assert_int_equal(rig_in(&r, 0, 1, 1, 5), DROP_BAD_FLAGS);
	assert_int_equal(rig_in(&r, SEG_PSH, 1, 1, 5), DROP_BAD_FLAGS);
	rig_silent(&r);
	tcb_fini(&r.t);
}

static void test_impossible_acknowledgments(void **state)
{
	struct rig r;

	(void)state;
	start(&r);
	rig_write(&r, 100);
	rig_out(&r, SEG_ACK | SEG_PSH, 1, 1, 100);
	/* of what was not sent, and its data is not taken either */
	assert_int_equal(rig_in(&r, SEG_ACK, 1, 102, 10), DROP_UNACCEPTABLE);
	rig_out(&r, SEG_ACK, 101, 1, 0);
	/* older than any window we were ever given */
	assert_int_equal(rig_in(&r, SEG_ACK, 1, 1u - 65536, 10), DROP_UNACCEPTABLE);
	rig_silent(&r);
	/* old, but possible: the data counts */
	assert_int_equal(rig_in(&r, SEG_ACK, 1, 1u - 65535, 10), DROP_NONE);
	rig_out(&r, SEG_ACK, 101, 11, 0);
	assert_int_equal(sendq_flight(&r.t.snd), 100);
	tcb_fini(&r.t);
}

static void test_abort(void **state)
{
	struct budget budget = {.limit = 1 << 20};
	struct tcb_params p = rig_params();
	struct rig r;

	(void)state;
	p.budget = &budget;
	rig_start(&r, &p);
	rig_write(&r, 5000);
	rig_in(&r, SEG_ACK, 1, 1, 100);
	rig_out(&r, SEG_ACK | SEG_PSH, 1, 101, 5000);
	rig_write(&r, 10);
	tcb_abort(&r.t, FAULT_TLS);
	tcb_abort(&r.t, FAULT_ADMIN);
	assert_int_equal(tcb_fault(&r.t), FAULT_TLS);
	assert_int_equal(budget.used, 0);
	assert_int_equal(tcb_deadline(&r.t), 0);
	rig_out(&r, SEG_RST | SEG_ACK, 5001, 101, 0);
	rig_silent(&r);
	assert_int_equal(tcb_peek(&r.t).len, 0);
	/* 2000 bytes of it were lost, the RST was not exact: the challenge is answered exactly */
	rig_ack(&r, 101, 3001, RIG_WND);
	rig_out(&r, SEG_RST, 3001, 0, 0);
	assert_int_equal(rig_in(&r, SEG_RST | SEG_ACK, 101, 3001, 0), DROP_UNACCEPTABLE);
	rig_silent(&r);
	tcb_fini(&r.t);
}

static void test_abort_with_unread_data_is_no_end(void **state)
{
	struct rig r;

	(void)state;
	start(&r);
	rig_in(&r, SEG_ACK | SEG_FIN, 1, 1, 100);
	tcb_abort(&r.t, FAULT_TLS);
	assert_false(tcb_ended(&r.t));
	assert_int_equal(tcb_peek(&r.t).len, 0);
	rig_out(&r, SEG_RST | SEG_ACK, 1, 102, 0);
	tcb_fini(&r.t);
}

static void test_abort_in_time_wait_is_silent(void **state)
{
	struct rig r;

	(void)state;
	start(&r);
	tcb_finish(&r.t);
	rig_out(&r, SEG_ACK | SEG_FIN, 1, 1, 0);
	rig_in(&r, SEG_ACK | SEG_FIN, 1, 2, 0);
	tcb_abort(&r.t, FAULT_ADMIN);
	rig_silent(&r);
	assert_int_equal(r.t.state, TCPS_CLOSED);
	tcb_fini(&r.t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_we_close_first),
		cmocka_unit_test(test_peer_closes_first),
		cmocka_unit_test(test_both_close_at_once),
		cmocka_unit_test(test_fin_and_its_acknowledgment_in_one),
		cmocka_unit_test(test_lost_fin_is_sent_again),
		cmocka_unit_test(test_fin_before_its_data),
		cmocka_unit_test(test_exact_reset_resets_and_leaves_what_was_received),
		cmocka_unit_test(test_inexact_resets_are_challenged_or_ignored),
		cmocka_unit_test(test_reset_at_the_edge_of_a_hole_or_at_the_fin),
		cmocka_unit_test(test_reset_after_all_is_said_is_no_fault),
		cmocka_unit_test(test_syn_is_challenged),
		cmocka_unit_test(test_impossible_acknowledgments),
		cmocka_unit_test(test_abort),
		cmocka_unit_test(test_abort_with_unread_data_is_no_end),
		cmocka_unit_test(test_abort_in_time_wait_is_silent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
