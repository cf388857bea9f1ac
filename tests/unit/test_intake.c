/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_intake.c - pass, steal or drop: nothing that a TLS rule could take ever goes on in clear */
#include "unit/rules_helper.h"

#include "gateway/flow/intake.h"

static const char rules[] = "[rule tls]\n"
			    "direction = outbound\n"
			    "remote_port = 5432\n"
			    "action = secure\n"
			    "[rule exempt]\n"
			    "direction = outbound\n"
			    "priority = 9\n"
			    "remote_addr = 192.0.2.99\n"
			    "action = clear\n"
			    "[rule never]\n"
			    "direction = inbound\n"
			    "local_port = 23\n"
			    "action = refuse\n"
			    "[action secure]\n"
			    "tls = on\n"
			    "role = client\n"
			    "ring = root/none\n"
			    "[action clear]\n"
			    "tls = off\n"
			    "[action refuse]\n"
			    "tls = reject\n";

struct bench {
	struct snapshot snapshot;
	struct intake intake;
	struct flow *flow;
};

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
	assert_non_null(b->snapshot.keystore);
	assert_true(intake_init(&b->intake, &b->snapshot, &limits));
	rmdir(dir);
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

static struct arrival packet(enum side side, const char *src, const char *dst, uint16_t flags)
{
	struct arrival a = {.side = side, .seg = {.seq = 100, .ack = 200, .flags = flags}};

	assert_true(endpoint_parse(src, &a.seg.src));
	assert_true(endpoint_parse(dst, &a.seg.dst));
	return a;
}

static enum verdict decide(struct bench *b, struct arrival a)
{
	enum verdict v = intake_decide(&b->intake, &a, 1000, &b->flow);

	table_reap(&b->intake.table);
	return v;
}

/* The answers given so far: how many RSTs towards each side. */
static void assert_resets(struct bench *b, int plain, int wire)
{
	struct reply r;
	int count[SIDES] = {0};

	while (intake_reply(&b->intake, &r)) {
		assert_true(r.seg.flags & SEG_RST);
		count[r.side]++;
	}
	assert_int_equal(count[SIDE_PLAIN], plain);
	assert_int_equal(count[SIDE_WIRE], wire);
}

#define LOCAL  "10.0.0.1:40000"
#define REMOTE "192.0.2.1:5432"

static void unmatched_connection_passes_both_ways(void **state)
{
	struct bench *b = *state;

	assert_int_equal(
		decide(b, packet(SIDE_PLAIN, LOCAL, "192.0.2.1:80", SEG_SYN)), VERDICT_ACCEPT);
	assert_int_equal(decide(b, packet(SIDE_WIRE, "192.0.2.1:80", LOCAL, SEG_SYN | SEG_ACK)),
		VERDICT_ACCEPT);
	assert_int_equal(decide(b, packet(SIDE_PLAIN, LOCAL, "192.0.2.1:80", SEG_ACK | SEG_PSH)),
		VERDICT_ACCEPT);
	assert_int_equal(b->intake.counts[INTAKE_PASSED], 1);
	assert_resets(b, 0, 0);
}

static void reject_rule_answers_the_syn_with_a_reset(void **state)
{
	struct bench *b = *state;

	assert_int_equal(decide(b, packet(SIDE_WIRE, "192.0.2.1:999", "10.0.0.1:23", SEG_SYN)),
		VERDICT_DROP);
	assert_resets(b, 0, 1);
	assert_null(b->flow);
}

static void tls_rule_without_its_ring_is_refused(void **state)
{
	struct bench *b = *state;

	assert_int_equal(decide(b, packet(SIDE_PLAIN, LOCAL, REMOTE, SEG_SYN)), VERDICT_DROP);
	assert_int_equal(b->intake.counts[INTAKE_REFUSED], 1);
	assert_resets(b, 1, 0);
}

static void midstream_of_a_tls_rule_is_reset_on_both_sides(void **state)
{
	struct bench *b = *state;

	assert_int_equal(
		decide(b, packet(SIDE_PLAIN, LOCAL, REMOTE, SEG_ACK | SEG_PSH)), VERDICT_DROP);
	assert_resets(b, 1, 1);
	assert_int_equal(decide(b, packet(SIDE_WIRE, REMOTE, LOCAL, SEG_ACK)), VERDICT_DROP);
	assert_resets(b, 1, 1);
	/* a reset is not answered with one */
	assert_int_equal(decide(b, packet(SIDE_WIRE, REMOTE, LOCAL, SEG_RST)), VERDICT_DROP);
	assert_resets(b, 0, 0);
}

/* At the worker it comes to first, and at the one it is carried to. */
static void midstream_is_carried_before_it_is_reset(void **state)
{
	struct arrival a = packet(SIDE_PLAIN, LOCAL, REMOTE, SEG_ACK | SEG_PSH);
	struct bench *b = *state;

	a.elsewhere = true;
	assert_int_equal(decide(b, a), VERDICT_CARRY);
	assert_resets(b, 0, 0);
	a = packet(SIDE_PLAIN, LOCAL, REMOTE, SEG_ACK | SEG_PSH);
	a.carried = true;
	assert_int_equal(decide(b, a), VERDICT_DROP);
	assert_resets(b, 1, 1);
}

/* What is carried was dropped in the kernel, so it cannot go on: no connection without it. */
static void what_would_pass_is_reset_when_it_is_carried(void **state)
{
	struct arrival a = packet(SIDE_PLAIN, LOCAL, "192.0.2.99:5432", SEG_ACK);
	struct bench *b = *state;

	a.elsewhere = true;
	assert_int_equal(decide(b, a), VERDICT_ACCEPT);
	a.elsewhere = false;
	a.carried = true;
	assert_int_equal(decide(b, a), VERDICT_DROP);
	assert_resets(b, 1, 1);
}

static void midstream_of_a_pass_rule_goes_on(void **state)
{
	struct bench *b = *state;

	assert_int_equal(
		decide(b, packet(SIDE_PLAIN, LOCAL, "192.0.2.99:5432", SEG_ACK)), VERDICT_ACCEPT);
	assert_int_equal(
		decide(b, packet(SIDE_WIRE, "192.0.2.99:5432", LOCAL, SEG_ACK)), VERDICT_ACCEPT);
	assert_resets(b, 0, 0);
}

static void adopted_connection_goes_on_and_a_new_one_on_its_tuple_does_not(void **state)
{
	struct bench *b = *state;
	struct arrival syn = packet(SIDE_PLAIN, LOCAL, REMOTE, SEG_SYN);
	struct tuple key = {.local = syn.seg.src, .remote = syn.seg.dst};

	intake_adopt(&b->intake, &key, 1000);
	assert_int_equal(decide(b, packet(SIDE_PLAIN, LOCAL, REMOTE, SEG_ACK)), VERDICT_ACCEPT);
	assert_int_equal(decide(b, syn), VERDICT_DROP); /* mapped anew: TLS, and no ring */
	assert_int_equal(decide(b, packet(SIDE_PLAIN, LOCAL, REMOTE, SEG_ACK)), VERDICT_DROP);
}

static void no_new_connection_while_quiesced(void **state)
{
	struct bench *b = *state;

	b->intake.quiesced = true;
	assert_int_equal(
		decide(b, packet(SIDE_PLAIN, LOCAL, "192.0.2.1:80", SEG_SYN)), VERDICT_DROP);
	assert_null(b->flow);
}

static const char *const locals[] = {"10.0.0.1:1", "10.0.0.1:2", "10.0.0.1:3", "10.0.0.1:4"};
#define SERVER "192.0.2.1:80"

static void full_table_lets_the_oldest_unanswered_go(void **state)
{
	struct bench *b = *state;
	struct arrival first = packet(SIDE_PLAIN, locals[0], SERVER, SEG_SYN);
	struct tuple key = {.local = first.seg.src, .remote = first.seg.dst};

	for (size_t i = 0; i < 4; i++)
		decide(b, packet(SIDE_PLAIN, locals[i], SERVER, SEG_SYN));
	assert_non_null(table_find(&b->intake.table, SIDE_PLAIN, &key));
	assert_int_equal(decide(b, packet(SIDE_PLAIN, LOCAL, SERVER, SEG_SYN)), VERDICT_ACCEPT);
	assert_null(table_find(&b->intake.table, SIDE_PLAIN, &key));
	assert_int_equal(b->intake.table.count, 4);
}

static void table_full_of_answered_flows_drops_the_syn(void **state)
{
	struct bench *b = *state;

	for (size_t i = 0; i < 4; i++) {
		decide(b, packet(SIDE_PLAIN, locals[i], SERVER, SEG_SYN));
		decide(b, packet(SIDE_WIRE, SERVER, locals[i], SEG_SYN | SEG_ACK));
	}
	assert_int_equal(decide(b, packet(SIDE_PLAIN, LOCAL, SERVER, SEG_SYN)), VERDICT_DROP);
	assert_int_equal(b->intake.drops[DROP_TABLE_FULL], 1);
}

/* A flow that is retired while it waits to be driven must not be taken out twice. */
static void retiring_twice_counts_once(void **state)
{
	struct bench *b = *state;
	struct list dirty;

	list_init(&dirty);
	decide(b, packet(SIDE_PLAIN, LOCAL, SERVER, SEG_SYN));
	list_append(&dirty, &b->flow->dirty);
	intake_retire(&b->intake, b->flow);
	assert_true(list_empty(&dirty));
	intake_retire(&b->intake, b->flow);
	assert_int_equal(b->intake.table.count, 0);
}

static void reply_numbers_are_those_the_peers_believe(void **state)
{
	struct bench *b = *state;
	struct reply r;

	decide(b, packet(SIDE_PLAIN, LOCAL, REMOTE, SEG_ACK));
	assert_true(intake_reply(&b->intake, &r));
	assert_int_equal(r.side, SIDE_WIRE);
	assert_int_equal(r.seg.seq, 100);
	assert_int_equal(r.seg.src.port, 40000);
	assert_true(intake_reply(&b->intake, &r));
	assert_int_equal(r.side, SIDE_PLAIN);
	assert_int_equal(r.seg.seq, 200); /* RFC 9293 3.10.7.1: SEQ=SEG.ACK */
	assert_int_equal(r.seg.dst.port, 40000);
}

/* DNAT on this host: the answer comes from an address that nobody dialled. */
static void answer_from_another_address_is_paired_by_its_acknowledgment(void **state)
{
	struct bench *b = *state;
	const struct rule *tls = NULL;
	struct arrival syn = packet(SIDE_PLAIN, LOCAL, REMOTE, SEG_SYN), answer, data;
	struct tuple key = {.local = syn.seg.src, .remote = syn.seg.dst};
	struct flow *f;

	for (size_t i = 0; i < b->snapshot.policy->rule_count; i++)
		if (strcmp(b->snapshot.policy->rules[i]->name, "tls") == 0)
			tls = b->snapshot.policy->rules[i];
	f = flow_new(&b->snapshot, tls, &key, DIRECTION_OUTBOUND, 0);
	assert_true(table_add(&b->intake.table, f));
	assert_int_equal(decide(b, syn), VERDICT_ACCEPT);

	answer = packet(SIDE_WIRE, "172.16.0.5:15432", LOCAL, SEG_SYN | SEG_ACK);
	answer.seg.ack = 77;
	assert_int_equal(decide(b, answer), VERDICT_ACCEPT); /* no opening: unmatched, passes */
	answer = packet(SIDE_WIRE, "172.16.0.6:15432", LOCAL, SEG_SYN | SEG_ACK);
	answer.seg.ack = 101;
	assert_int_equal(decide(b, answer), VERDICT_ACCEPT);
	assert_ptr_equal(b->flow, f);
	assert_ptr_equal(table_find(&b->intake.table, SIDE_WIRE,
				 &(struct tuple){.local = syn.seg.src, .remote = answer.seg.src}),
		f);

	/* data that does not acknowledge the answer does not pass */
	data = packet(SIDE_PLAIN, LOCAL, REMOTE, SEG_ACK | SEG_PSH);
	data.seg.payload[0] = span_of("secret", 6);
	assert_int_equal(decide(b, data), VERDICT_DROP);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(unmatched_connection_passes_both_ways),
		T(reject_rule_answers_the_syn_with_a_reset),
		T(tls_rule_without_its_ring_is_refused),
		T(midstream_of_a_tls_rule_is_reset_on_both_sides),
		T(midstream_is_carried_before_it_is_reset),
		T(what_would_pass_is_reset_when_it_is_carried),
		T(midstream_of_a_pass_rule_goes_on),
		T(adopted_connection_goes_on_and_a_new_one_on_its_tuple_does_not),
		T(no_new_connection_while_quiesced),
		T(full_table_lets_the_oldest_unanswered_go),
		T(table_full_of_answered_flows_drops_the_syn),
		T(retiring_twice_counts_once),
		T(reply_numbers_are_those_the_peers_believe),
		T(answer_from_another_address_is_paired_by_its_acknowledgment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
