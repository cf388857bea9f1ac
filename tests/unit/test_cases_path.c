/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_cases_path.c - corner cases of a flow: path MTU, SYNs on known tuples, dead endpoints */
#include "unit/rules_helper.h"

#include "gateway/flow/intake.h"
#include "gateway/flow/keepalive.h"

enum { ISS = 700000, IRS = 9000, MSS = 1460, FLIGHT = 3000, KEEPALIVE_IDLE_S = 7200 };

static const char rules[] = "[rule all]\n"
			    "direction = outbound\n"
			    "remote_port = 5432\n"
			    "action = clear\n"
			    "[action clear]\n"
			    "tls = off\n";

struct bench {
	struct snapshot snapshot;
	struct intake intake;
	struct flow *flow;
	struct tuple key;
};

/* The legs of a flow in mid-life, with FLIGHT bytes under way to the network. */
static void begin_legs(struct flow *f, usec_t now)
{
	static const uint8_t text[FLIGHT];
	struct segment out;

	for (enum side side = SIDE_PLAIN; side < SIDES; side++) {
		struct tcb_params p = {.iss = ISS,
			.irs = IRS,
			.snd_wnd = 65535,
			.rcv_wnd = 65535,
			.mss = MSS,
			.rcv_limit = 65536,
			.snd_limit = 65536};

		tcb_init(&f->leg[side].tcb, &p, now);
		f->leg[side].heard = now;
	}
	assert_true(ring_push(tcb_outbox(&f->leg[SIDE_WIRE].tcb), span_of(text, FLIGHT)));
	while (tcb_output(&f->leg[SIDE_WIRE].tcb, now, &out))
		;
}

static const struct intake_limits limits = {
	.memory = 1 << 20, .buffer = 1 << 20, .flows = 4, .near = true};

static int set_up(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));
	char dir[] = "/tmp/attls-keyring.XXXXXX";
	struct err_list err;

	assert_non_null(b);
	assert_non_null(mkdtemp(dir));
	err_init(&err);
	b->snapshot = (struct snapshot){
		.policy = policy_good(rules),
		.keystore = keystore_load(dir, &err),
		.default_ring = strdup(""),
		.references = 1,
	};
	rmdir(dir);
	assert_non_null(b->snapshot.keystore);
	assert_true(intake_init(&b->intake, &b->snapshot, &limits));
	assert_true(endpoint_parse("10.0.0.1:40000", &b->key.local));
	assert_true(endpoint_parse("192.0.2.1:5432", &b->key.remote));
	b->flow = flow_new(&b->snapshot, NULL, &b->key, DIRECTION_OUTBOUND, 0);
	assert_non_null(b->flow);
	assert_true(table_add(&b->intake.table, b->flow));
	begin_legs(b->flow, 0);
	b->flow->state = FLOW_ESTABLISHED;
	b->flow->expires = USEC_NEVER;
	*state = b;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *b = *state;

	intake_fini(&b->intake);
	policy_put(b->snapshot.policy);
	keystore_put(b->snapshot.keystore);
	free(b->snapshot.default_ring);
	free(b);
	return 0;
}

/* ---- path MTU ---- */

static void report_about_what_is_not_in_flight_is_not_believed(void **state)
{
	struct bench *b = *state;

	assert_false(flow_path_mtu(b->flow, SIDE_WIRE, ISS, 1400, 0));
	assert_false(flow_path_mtu(b->flow, SIDE_WIRE, ISS + 1 + FLIGHT, 1400, 0));
	assert_false(flow_path_mtu(b->flow, SIDE_PLAIN, ISS + 1, 1400, 0)); /* nothing in flight */
	assert_true(flow_path_mtu(b->flow, SIDE_WIRE, ISS + FLIGHT, 1400, 0));
	assert_int_equal(b->flow->leg[SIDE_WIRE].tcb.mss, 1360);
}

static void path_mtu_is_only_lowered(void **state)
{
	struct bench *b = *state;

	assert_false(flow_path_mtu(b->flow, SIDE_WIRE, ISS + 1, 1500, 0));
	assert_false(flow_path_mtu(b->flow, SIDE_WIRE, ISS + 1, 9000, 0));
	assert_int_equal(b->flow->leg[SIDE_WIRE].tcb.mss, MSS);
}

static void path_mtu_has_a_floor(void **state)
{
	struct bench *b = *state;

	assert_true(flow_path_mtu(b->flow, SIDE_WIRE, ISS + 1, 68, 0));
	assert_int_equal(b->flow->leg[SIDE_WIRE].tcb.mss, 552 - 40);
}

static void router_that_does_not_tell_is_taken_for_the_next_plateau(void **state)
{
	static const uint16_t mtus[] = {1492, 1006, 552};
	struct bench *b = *state;
	struct tcb *t = &b->flow->leg[SIDE_WIRE].tcb;

	for (size_t i = 0; i < 3; i++) {
		assert_true(flow_path_mtu(b->flow, SIDE_WIRE, ISS + 1, 0, 0));
		assert_int_equal(t->mss, mtus[i] - 40);
	}
	assert_false(flow_path_mtu(b->flow, SIDE_WIRE, ISS + 1, 0, 0));
}

/* ---- a SYN on a tuple that is known ---- */

static struct arrival syn_from(const struct bench *b, enum side side)
{
	bool plain = side == SIDE_PLAIN;

	return (struct arrival){.side = side,
		.seg = {.flags = SEG_SYN,
			.seq = 77,
			.src = plain ? b->key.local : b->key.remote,
			.dst = plain ? b->key.remote : b->key.local}};
}

static void syn_on_a_live_flow_is_not_passed(void **state)
{
	struct bench *b = *state;
	struct arrival syn = syn_from(b, SIDE_WIRE);
	struct segment answer;
	struct flow *f;

	assert_int_equal(intake_decide(&b->intake, &syn, 1000, &f), VERDICT_STEAL);
	assert_ptr_equal(f, b->flow);
	assert_int_equal(flow_input(f, SIDE_WIRE, &syn.seg, 1000), DROP_UNACCEPTABLE);
	assert_true(flow_output(f, SIDE_WIRE, 1000, &answer));
	assert_int_equal(answer.flags, SEG_ACK);
	assert_int_equal(f->state, FLOW_ESTABLISHED);
}

static void syn_after_the_end_opens_anew(void **state)
{
	struct bench *b = *state;
	struct arrival syn = syn_from(b, SIDE_PLAIN);
	struct flow *f;

	flow_abort(b->flow, FAULT_TRUNCATED);
	flow_settle(b->flow, 1000);
	intake_end(&b->intake, b->flow, 1000);
	assert_int_equal(intake_decide(&b->intake, &syn, 1000, &f), VERDICT_ACCEPT);
	assert_ptr_not_equal(f, b->flow);
	assert_int_equal(b->intake.table.count, 1);
	table_reap(&b->intake.table);
}

static const struct segment keepalive = {
	.flags = SEG_ACK, .seq = IRS, .ack = ISS + 1, .wnd = 65535};
static const struct segment alive = {
	.flags = SEG_ACK, .seq = IRS + 1, .ack = ISS + 1 + FLIGHT, .wnd = 65535};

/* ---- dead endpoints ---- */

static void silent_endpoint_is_asked_and_given_up(void **state)
{
	struct bench *b = *state;
	struct flow *f = b->flow;
	struct segment out;
	usec_t now = KEEPALIVE_IDLE_S * USEC_SEC;
	int probes = 0;

	assert_int_equal(keepalive_deadline(f), now);
	f->leg[SIDE_WIRE].heard = 1000 * now; /* only the application is silent */
	while (f->fault == FAULT_NONE) {
		now = keepalive_deadline(f);
		keepalive_run(f, now);
		while (f->fault == FAULT_NONE && flow_output(f, SIDE_PLAIN, now, &out)) {
			assert_int_equal(out.seq, ISS); /* one below what it has acknowledged */
			assert_int_equal(segment_len(&out), 0);
			probes++;
		}
	}
	assert_int_equal(probes, 9);
	assert_int_equal(f->fault, FAULT_TIMEOUT);
	assert_int_equal(f->fault_side, SIDE_PLAIN);
	assert_int_equal(now, (KEEPALIVE_IDLE_S + 9 * 75) * USEC_SEC);
}

/* An application that has closed is left alone as long as what it sent is being delivered. */
static void closed_application_is_not_asked_while_its_data_is_under_way(void **state)
{
	struct bench *b = *state;
	struct segment fin = {
		.flags = SEG_FIN | SEG_ACK, .seq = IRS + 1, .ack = ISS + 1, .wnd = 65535};
	struct tcb *wire = &b->flow->leg[SIDE_WIRE].tcb;

	flow_input(b->flow, SIDE_PLAIN, &fin, 1000);
	b->flow->leg[SIDE_WIRE].heard = 1000 * USEC_SEC;
	assert_false(tcb_idle(wire));
	assert_int_equal(keepalive_deadline(b->flow), 300 * USEC_SEC);
	wire->active_at = 200 * USEC_SEC;
	assert_int_equal(keepalive_deadline(b->flow), 500 * USEC_SEC);
	flow_input(b->flow, SIDE_WIRE, &alive, 250 * USEC_SEC);
	assert_true(tcb_idle(wire));
	assert_int_equal(keepalive_deadline(b->flow), 1000 + 60 * USEC_SEC);
}

static void endpoint_that_answers_is_not_given_up(void **state)
{
	struct bench *b = *state;
	struct segment ack = {
		.flags = SEG_ACK, .seq = IRS + 1, .ack = ISS + 1 + FLIGHT, .wnd = 65535};
	usec_t now = KEEPALIVE_IDLE_S * USEC_SEC;

	keepalive_run(b->flow, now);
	assert_int_equal(b->flow->leg[SIDE_WIRE].probes, 1);
	flow_input(b->flow, SIDE_WIRE, &ack, now);
	assert_int_equal(b->flow->leg[SIDE_WIRE].probes, 0);
	ack.ack = ISS + 1;
	flow_input(b->flow, SIDE_PLAIN, &ack, now);
	assert_int_equal(keepalive_deadline(b->flow), 2 * now);
	assert_int_equal(b->flow->fault, FAULT_NONE);
}

/* ---- keepalives of an endpoint ---- */

static void keepalive_is_answered_at_once_when_the_peer_was_heard_lately(void **state)
{
	struct bench *b = *state;
	struct segment out;

	flow_input(b->flow, SIDE_WIRE, &alive, 1000);
	flow_input(b->flow, SIDE_PLAIN, &keepalive, 9 * USEC_SEC);
	assert_true(flow_output(b->flow, SIDE_PLAIN, 9 * USEC_SEC, &out));
	assert_int_equal(out.flags, SEG_ACK);
	assert_int_equal(out.ack, IRS + 1);
	assert_false(flow_output(b->flow, SIDE_WIRE, 9 * USEC_SEC, &out));
}

static void keepalive_waits_for_the_answer_of_a_silent_peer(void **state)
{
	struct bench *b = *state;
	usec_t now = 20 * USEC_SEC;
	struct segment out;

	flow_input(b->flow, SIDE_WIRE, &alive, 1000);
	flow_input(b->flow, SIDE_PLAIN, &keepalive, now);
	assert_false(flow_output(b->flow, SIDE_PLAIN, now, &out));
	assert_true(flow_output(b->flow, SIDE_WIRE, now, &out));
	assert_int_equal(out.seq, ISS + FLIGHT); /* a keepalive of our own */
	assert_int_equal(segment_len(&out), 0);
	flow_input(b->flow, SIDE_WIRE, &alive, now + 1000);
	assert_true(flow_output(b->flow, SIDE_PLAIN, now + 1000, &out));
	assert_int_equal(out.ack, IRS + 1);
	assert_false(flow_output(b->flow, SIDE_PLAIN, now + 1000, &out));
}

static void keepalive_from_the_wire_waits_as_well(void **state)
{
	struct bench *b = *state;
	usec_t now = 20 * USEC_SEC;
	struct segment out;

	flow_input(b->flow, SIDE_WIRE, &alive, 1000);
	flow_input(b->flow, SIDE_WIRE, &keepalive, now);
	assert_false(flow_output(b->flow, SIDE_WIRE, now, &out));
	assert_true(flow_output(b->flow, SIDE_PLAIN, now, &out));
	assert_int_equal(out.seq, ISS);
}

/* A shut window is probed with the very same segment, and the answer must say that it is shut. */
static void probe_of_a_shut_window_is_answered_at_once(void **state)
{
	struct bench *b = *state;
	struct tcb *t = &b->flow->leg[SIDE_PLAIN].tcb;
	static const uint8_t text[65535];
	struct segment out, data = {.flags = SEG_ACK, .seq = IRS + 1, .ack = ISS + 1, .wnd = 65535};
	struct segment probe = keepalive;
	usec_t now = 20 * USEC_SEC;

	flow_input(b->flow, SIDE_WIRE, &alive, 1000);
	data.payload[0] = span_of(text, sizeof(text));
	tcb_input(t, &data, now);
	while (tcb_output(t, now, &out))
		;
	assert_int_equal(out.wnd, 0);
	probe.seq = IRS + sizeof(text);
	flow_input(b->flow, SIDE_PLAIN, &probe, now + USEC_SEC);
	assert_true(flow_output(b->flow, SIDE_PLAIN, now + USEC_SEC, &out));
	assert_int_equal(out.ack, IRS + 1 + sizeof(text));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		CASE(report_about_what_is_not_in_flight_is_not_believed),
		CASE(path_mtu_is_only_lowered),
		CASE(path_mtu_has_a_floor),
		CASE(router_that_does_not_tell_is_taken_for_the_next_plateau),
		CASE(keepalive_is_answered_at_once_when_the_peer_was_heard_lately),
		CASE(keepalive_waits_for_the_answer_of_a_silent_peer),
		CASE(keepalive_from_the_wire_waits_as_well),
		CASE(probe_of_a_shut_window_is_answered_at_once),
		CASE(syn_on_a_live_flow_is_not_passed),
		CASE(syn_after_the_end_opens_anew),
		CASE(silent_endpoint_is_asked_and_given_up),
		CASE(closed_application_is_not_asked_while_its_data_is_under_way),
		CASE(endpoint_that_answers_is_not_given_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
