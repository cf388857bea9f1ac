/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_tcb_window.c - both right edges: never beyond the peer's, ours never back, probes, SWS */
#include "test_tcb.h"

static void test_nothing_leaves_beyond_the_peers_edge(void **state)
{
	struct tcb_params p = rig_params();
	struct rig r;

	(void)state;
	p.snd_wnd = 2500;
	rig_start(&r, &p);
	rig_write(&r, 10000);
	rig_out(&r, SEG_ACK, 1, 1, 2000);
	/* 500 more would be silly while something is in flight */
	rig_silent(&r);
	rig_ack(&r, 1, 2001, 3000);
	rig_out(&r, SEG_ACK, 2001, 1, 3000);
	rig_silent(&r);
	tcb_fini(&r.t);
}

static void test_zero_window_is_probed_for_ever_while_answered(void **state)
{
	struct tcb_params p = rig_params();
	usec_t low = 200 * USEC_MSEC;
	struct rig r;

	(void)state;
	rig_start(&r, &p);
	rig_write(&r, 3000);
	rig_out(&r, SEG_ACK | SEG_PSH, 1, 1, 3000);
	r.now += 1000;
	rig_ack(&r, 1, 2001, 0);
	/* 1000 bytes are in flight beyond the edge that was taken back: kept, not sent again */
	rig_silent(&r);
	for (int i = 0; i < 30; i++) {
		rig_wait(&r, low, 60 * USEC_SEC);
		rig_out(&r, SEG_ACK, 2000, 1, 0);
		rig_silent(&r);
		rig_ack(&r, 1, 2001, 0);
		rig_silent(&r);
		low = low * 2 > 60 * USEC_SEC ? 60 * USEC_SEC : low * 2;
	}
	assert_int_equal(tcb_fault(&r.t), FAULT_NONE);
	rig_ack(&r, 1, 2001, 5000);
	rig_silent(&r);
	rig_wait(&r, 100 * USEC_MSEC, 300 * USEC_MSEC);
	rig_out(&r, SEG_ACK | SEG_PSH, 2001, 1, 1000);
	tcb_fini(&r.t);
}

static void test_unanswered_probes_end_the_connection(void **state)
{
	struct tcb_params p = rig_params();
	usec_t begin;
	struct rig r;

	(void)state;
	p.snd_wnd = 0;
	rig_start(&r, &p);
	rig_write(&r, 10);
	begin = r.now;
	rig_silent(&r);
	while (tcb_fault(&r.t) == FAULT_NONE) {
		rig_wait(&r, 1, 60 * USEC_SEC);
		assert_true(tcb_output(&r.t, r.now, &r.out));
	}
	assert_in_range(r.now - begin, 300 * USEC_SEC, 360 * USEC_SEC);
	assert_int_equal(tcb_fault(&r.t), FAULT_TIMEOUT);
	assert_int_equal(r.out.flags, SEG_RST | SEG_ACK);
	assert_int_equal(tcb_deadline(&r.t), USEC_NEVER);
	tcb_fini(&r.t);
}

static void test_small_window_is_used_after_the_override_time(void **state)
{
	struct tcb_params p = rig_params();
	struct rig r;

	(void)state;
	p.snd_wnd = 5000;
	rig_start(&r, &p);
	rig_write(&r, 6000);
	rig_out(&r, SEG_ACK, 1, 1, 5000);
	rig_ack(&r, 1, 5001, 300);
	rig_silent(&r);
	rig_wait(&r, 200 * USEC_MSEC, 1000 * USEC_MSEC);
	rig_out(&r, SEG_ACK, 5001, 1, 300);
	rig_silent(&r);
	tcb_fini(&r.t);
}

static void test_window_updates_are_taken_in_their_order(void **state)
{
	struct tcb_params p = rig_params();
	struct rig r;

	(void)state;
	rig_start(&r, &p);
	rig_in(&r, SEG_ACK, 1, 1, 10);
	/* a later segment takes 61 KB back */
	rig_ack(&r, 11, 1, 4000);
	/* shadows of the past: an older segment, and an earlier copy of the same number */
	rig_in(&r, SEG_ACK, 1, 1, 10);
	rig_ack(&r, 11, 1, 3000);
	rig_write(&r, 10000);
	rig_out(&r, SEG_ACK, 1, 11, 4000);
	tcb_fini(&r.t);

	rig_start(&r, &p);
	rig_in(&r, SEG_ACK, 1, 1, 10);
	rig_ack(&r, 11, 1, 0);
	rig_write(&r, 10000);
	rig_out(&r, SEG_ACK, 1, 11, 0);
	rig_silent(&r);
	rig_ack(&r, 11, 1, 4000);
	rig_out(&r, SEG_ACK, 1, 11, 4000);
	tcb_fini(&r.t);
}

static void test_our_window_closes_and_opens_again(void **state)
{
	struct tcb_params p = rig_params();
	struct rig r;

	(void)state;
	p.rcv_wnd = 60000;
	rig_start(&r, &p);
	rig_in(&r, SEG_ACK, 1, 1, 60000);
	rig_out(&r, SEG_ACK, 1, 60001, 0);
	assert_int_equal(r.out.wnd, 5536);
	rig_in(&r, SEG_ACK, 60001, 1, 5536);
	rig_out(&r, SEG_ACK, 1, 65537, 0);
	assert_int_equal(r.out.wnd, 0);
	/* a probe of one byte is refused, with an answer */
	assert_int_equal(rig_in(&r, SEG_ACK, 65537, 1, 1), DROP_NONE);
	rig_out(&r, SEG_ACK, 1, 65537, 0);
	assert_int_equal(r.out.wnd, 0);
	/* less than two segments are not worth an update */
	tcb_consume(&r.t, 1999);
	rig_silent(&r);
	tcb_consume(&r.t, 1);
	rig_out(&r, SEG_ACK, 1, 65537, 0);
	assert_int_equal(r.out.wnd, 2000);
	/* from then on a quarter of the limit is */
	tcb_consume(&r.t, 16383);
	rig_silent(&r);
	tcb_consume(&r.t, 1);
	rig_out(&r, SEG_ACK, 1, 65537, 0);
	assert_int_equal(r.out.wnd, 18384);
	tcb_fini(&r.t);
}

/* But for one case: a buffer that is full to its limit cannot hold an offer rounded up. */
static void test_our_edge_never_moves_left_whatever_the_scale(void **state)
{
	(void)state;
	for (uint8_t shift = 0; shift <= 14; shift++) {
		struct tcb_params p = rig_params();
		uint32_t seq = 1;
		uint64_t edge = 65536;
		struct rig r;

		p.rcv_wscale = shift;
		rig_start(&r, &p);
		/* nobody reads: the window closes byte by byte */
		for (int i = 0; i < 400; i++, seq += 77) {
			uint64_t now, unit = (uint64_t)1 << shift;

			rig_in(&r, SEG_ACK, seq, 1, 77);
			if (!tcb_output(&r.t, r.now, &r.out)) {
				r.now += 40 * USEC_MSEC;
				assert_true(tcb_output(&r.t, r.now, &r.out));
			}
			now = (uint32_t)(r.out.ack - RIG_IRS) + ((uint64_t)r.out.wnd << shift);
			assert_true(now >= edge || (edge - now < unit && now > r.t.rcv_limit));
			assert_true(now <= 1 + r.t.rcv_limit + unit);
			edge = now > edge ? now : edge;
		}
		tcb_fini(&r.t);
	}
}

static void test_fin_counts_as_one_in_the_window(void **state)
{
	struct tcb_params p = rig_params();
	struct rig r;

	(void)state;
	p.snd_wnd = 100;
	rig_start(&r, &p);
	rig_write(&r, 100);
	tcb_finish(&r.t);
	rig_out(&r, SEG_ACK | SEG_PSH, 1, 1, 100);
	rig_silent(&r);
	rig_ack(&r, 1, 101, 1);
	rig_out(&r, SEG_ACK | SEG_FIN, 101, 1, 0);
	rig_silent(&r);
	tcb_fini(&r.t);
}

static void test_bare_fin_is_taken_with_the_window_shut(void **state)
{
	struct tcb_params p = rig_params();
	struct rig r;

	(void)state;
	p.rcv_wnd = 0;
	rig_start(&r, &p);
	assert_int_equal(rig_in(&r, SEG_ACK | SEG_FIN, 1, 1, 0), DROP_NONE);
	rig_out(&r, SEG_ACK, 1, 2, 0);
	assert_true(tcb_ended(&r.t));
	tcb_fini(&r.t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_leaves_beyond_the_peers_edge),
		cmocka_unit_test(test_zero_window_is_probed_for_ever_while_answered),
		cmocka_unit_test(test_unanswered_probes_end_the_connection),
		cmocka_unit_test(test_small_window_is_used_after_the_override_time),
		cmocka_unit_test(test_window_updates_are_taken_in_their_order),
		cmocka_unit_test(test_our_window_closes_and_opens_again),
		cmocka_unit_test(test_our_edge_never_moves_left_whatever_the_scale),
		cmocka_unit_test(test_fin_counts_as_one_in_the_window),
		cmocka_unit_test(test_bare_fin_is_taken_with_the_window_shut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
