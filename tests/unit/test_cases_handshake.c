/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_cases_handshake.c - corner cases of the opening: options, sizes, packets sent twice */
#include "unit/unit.h"

#include "base/bytes.h"
#include "gateway/flow/handshake.h"

static struct segment hello(int family, uint16_t flags, uint32_t seq, uint32_t ack)
{
	struct segment s = {.seq = seq,
		.ack = ack,
		.flags = flags,
		.wnd = 64240,
		.options = SEG_OPT_MSS | SEG_OPT_WSCALE,
		.mss = 1460,
		.wscale = 7};

	s.src.addr.family = s.dst.addr.family = (uint8_t)family;
	return s;
}

/* Shake hands with what @a and @b say. Return: what that settles for the wire leg. */
static struct tcb_params settle(const struct segment *a, const struct segment *b)
{
	struct flow f = {.direction = DIRECTION_OUTBOUND, .state = FLOW_OPENING};
	struct segment c = {.seq = a->seq + 1, .ack = b->seq + 1, .flags = SEG_ACK, .wnd = 500};

	assert_int_equal(handshake_note(&f, SIDE_PLAIN, a, 1), HANDSHAKE_PASS);
	assert_int_equal(handshake_note(&f, SIDE_WIRE, b, 1), HANDSHAKE_PASS);
	assert_int_equal(handshake_note(&f, SIDE_PLAIN, &c, 1), HANDSHAKE_COMPLETE);
	return handshake_params(&f, SIDE_WIRE);
}

static void silence_about_the_mss_means_the_least_packet(void **state)
{
	static const struct {
		int family;
		uint16_t mss;
	} least[] = {{4, 536}, {6, 1220}};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct segment a = hello(least[i].family, SEG_SYN, 1000, 0);
		struct segment b = hello(least[i].family, SEG_SYN | SEG_ACK, 9000, 1001);

		b.options = 0;
		assert_int_equal(settle(&a, &b).mss, least[i].mss);
	}
}

static void tiny_mss_is_raised_and_the_smaller_one_counts(void **state)
{
	struct segment a = hello(4, SEG_SYN, 1000, 0);
	struct segment b = hello(4, SEG_SYN | SEG_ACK, 9000, 1001);

	(void)state;
	b.mss = 8;
	assert_int_equal(settle(&a, &b).mss, 48); /* CVE-2019-11479 */
	b.mss = 9000;
	assert_int_equal(settle(&a, &b).mss, 1460);
}

static void scaling_offered_by_one_end_only_is_off(void **state)
{
	struct segment a = hello(4, SEG_SYN, 1000, 0);
	struct segment b = hello(4, SEG_SYN | SEG_ACK, 9000, 1001);
	struct tcb_params p;

	(void)state;
	b.options = SEG_OPT_MSS;
	p = settle(&a, &b);
	assert_int_equal(p.snd_wscale, 0);
	assert_int_equal(p.rcv_wscale, 0);
	assert_int_equal(p.rcv_wnd, 500);
}

/* Linux leaves ECN and TFO out of later tries: what counts is what the answer answers. */
static void syn_sent_again_passes_and_its_options_count(void **state)
{
	struct flow f = {.direction = DIRECTION_OUTBOUND, .state = FLOW_OPENING};
	struct segment a = hello(4, SEG_SYN, 1000, 0);

	(void)state;
	a.options |= SEG_OPT_STRIP;
	assert_int_equal(handshake_note(&f, SIDE_PLAIN, &a, 1), HANDSHAKE_STRIP);
	a.options = SEG_OPT_MSS;
	a.mss = 1200;
	assert_int_equal(handshake_note(&f, SIDE_PLAIN, &a, 1), HANDSHAKE_PASS);
	assert_int_equal(f.hello[SIDE_PLAIN].options, SEG_OPT_MSS);
	assert_int_equal(f.hello[SIDE_PLAIN].mss, 1200);
}

static void answer_sent_again_passes(void **state)
{
	struct flow f = {.direction = DIRECTION_OUTBOUND, .state = FLOW_OPENING};
	struct segment a = hello(4, SEG_SYN, 1000, 0);
	struct segment b = hello(4, SEG_SYN | SEG_ACK, 9000, 1001);

	(void)state;
	handshake_note(&f, SIDE_PLAIN, &a, 1);
	assert_int_equal(handshake_note(&f, SIDE_WIRE, &b, 1), HANDSHAKE_PASS);
	assert_int_equal(handshake_note(&f, SIDE_WIRE, &b, 1), HANDSHAKE_PASS);
}

static void answer_with_data_or_unkeepable_options_is_stripped(void **state)
{
	struct flow f = {.direction = DIRECTION_OUTBOUND, .state = FLOW_OPENING};
	struct segment a = hello(4, SEG_SYN, 1000, 0);
	struct segment b = hello(4, SEG_SYN | SEG_ACK, 9000, 1001), c = b, d = b;

	(void)state;
	handshake_note(&f, SIDE_PLAIN, &a, 1);
	b.payload[0] = span_of("early", 5);
	assert_int_equal(handshake_note(&f, SIDE_WIRE, &b, 1), HANDSHAKE_STRIP);
	c.options |= SEG_OPT_STRIP;
	assert_int_equal(handshake_note(&f, SIDE_WIRE, &c, 1), HANDSHAKE_STRIP);
	d.flags |= SEG_AE; /* RFC 9768 */
	assert_int_equal(handshake_note(&f, SIDE_WIRE, &d, 1), HANDSHAKE_STRIP);
}

static void answer_that_is_authenticated_is_refused(void **state)
{
	struct flow f = {.direction = DIRECTION_OUTBOUND, .state = FLOW_OPENING};
	struct segment a = hello(4, SEG_SYN, 1000, 0);
	struct segment b = hello(4, SEG_SYN | SEG_ACK, 9000, 1001);

	(void)state;
	handshake_note(&f, SIDE_PLAIN, &a, 1);
	b.options |= SEG_OPT_AUTH;
	assert_int_equal(handshake_note(&f, SIDE_WIRE, &b, 1), HANDSHAKE_IMPOSSIBLE);
}

/* ---- options as bytes ---- */

enum { V4_TCP = 20, PACKET_MAX = 256 };

/* Decode an IPv4 packet whose TCP header has these @options (a multiple of four bytes). */
static enum drop decode(struct segment *seg, const uint8_t *options, size_t len)
{
	static uint8_t packet[PACKET_MAX]; /* the segment borrows from it */

	memset(packet, 0, sizeof(packet));
	packet[0] = 0x45;
	packet[9] = 6;
	store_be16(packet + 2, (uint16_t)(V4_TCP + 20 + len));
	packet[V4_TCP + 12] = (uint8_t)((20 + len) / 4 << 4);
	packet[V4_TCP + 13] = SEG_ACK;
	memcpy(packet + V4_TCP + 20, options, len);
	return segment_decode(seg, span_of(packet, V4_TCP + 20 + len), CHECKSUM_TRUSTED);
}

static void shift_above_fourteen_is_fourteen(void **state)
{
	static const uint8_t options[] = {1, 3, 3, 200};
	struct segment seg;

	(void)state;
	assert_int_equal(decode(&seg, options, sizeof(options)), DROP_NONE);
	assert_int_equal(seg.wscale, 14); /* RFC 7323 2.3 */
}

static void unknown_options_are_passed_over_by_their_length(void **state)
{
	static const uint8_t options[] = {
		77, 6, 1, 2, 3, 4, 1, 1, 8, 10, 0, 0, 0, 9, 0, 0, 0, 5, 0, 0};
	static const uint8_t zero[] = {77, 0, 1, 1};
	struct segment seg;

	(void)state;
	assert_int_equal(decode(&seg, options, sizeof(options)), DROP_NONE);
	assert_int_equal(seg.options, SEG_OPT_TS);
	assert_int_equal(seg.ts_val, 9);
	assert_int_equal(decode(&seg, zero, sizeof(zero)), DROP_BAD_OPTION);
}

static void authentication_is_recognized(void **state)
{
	static const uint8_t md5[20] = {19, 18}, ao[] = {29, 4, 0, 0};
	struct segment seg;

	(void)state;
	assert_int_equal(decode(&seg, md5, sizeof(md5)), DROP_NONE);
	assert_int_equal(seg.options, SEG_OPT_AUTH);
	assert_int_equal(decode(&seg, ao, sizeof(ao)), DROP_NONE);
	assert_int_equal(seg.options, SEG_OPT_AUTH);
}

/* IPv4 options are stepped over, and nothing of them is copied into what we send. */
static void ip_options_are_stepped_over(void **state)
{
	uint8_t packet[24 + 20 + 3] = {0x46, [9] = 6, [20] = 7, 4, 4, 0, [44] = 1, 2, 3};
	struct segment seg;

	(void)state;
	store_be16(packet + 2, sizeof(packet));
	packet[24 + 12] = 0x50;
	packet[24 + 13] = SEG_ACK;
	assert_int_equal(
		segment_decode(&seg, span_of(packet, sizeof(packet)), CHECKSUM_TRUSTED), DROP_NONE);
	assert_true(span_equal(seg.payload[0], span_of((const uint8_t[]){1, 2, 3}, 3)));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(silence_about_the_mss_means_the_least_packet),
		cmocka_unit_test(tiny_mss_is_raised_and_the_smaller_one_counts),
		cmocka_unit_test(scaling_offered_by_one_end_only_is_off),
		cmocka_unit_test(syn_sent_again_passes_and_its_options_count),
		cmocka_unit_test(answer_sent_again_passes),
		cmocka_unit_test(answer_with_data_or_unkeepable_options_is_stripped),
		cmocka_unit_test(answer_that_is_authenticated_is_refused),
		cmocka_unit_test(shift_above_fourteen_is_fourteen),
		cmocka_unit_test(unknown_options_are_passed_over_by_their_length),
		cmocka_unit_test(authentication_is_recognized),
		cmocka_unit_test(ip_options_are_stepped_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
