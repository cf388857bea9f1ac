/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_segment.c - packets to struct segment and back, and what is refused on the way */
#include "unit/unit.h"

#include "base/bytes.h"
#include "gateway/packet/checksum.h"
#include "gateway/packet/segment.h"

#include <stdlib.h>

enum { PACKET_MAX = 2048, V4_TCP = 20, V6_TCP = 40 };

static struct segment sample(int family)
{
	struct segment s = {
		.seq = 0xfffffff0,
		.ack = 0x01020304,
		.flags = SEG_ACK | SEG_PSH,
		.wnd = 4711,
		.options = SEG_OPT_TS,
		.ts_val = 77,
		.ts_ecr = 88,
		.sack_count = 2,
		.sack = {{100, 200}, {300, 400}},
		.ttl = 61,
		.dscp = 46,
		.ecn = 2,
		.ip_id = 9,
	};

	endpoint_parse(family == 4 ? "192.0.2.1:4321" : "[2001:db8::1]:4321", &s.src);
	endpoint_parse(family == 4 ? "198.51.100.7:443" : "[2001:db8::7]:443", &s.dst);
	s.flow_label = family == 6 ? 0xabcde : 0;
	return s;
}

/* The whole packet of @s with @data, checksum complete. Return: its length. */
static size_t build(const struct segment *s, struct span data, uint8_t *packet)
{
	struct segment with = *s;
	size_t l3_len, len;

	with.payload[0] = data;
	len = segment_encode(&with, packet, &l3_len);
	if (data.len > 0)
		memcpy(packet + len, data.ptr, data.len);
	segment_checksum(packet, len + data.len);
	return len + data.len;
}

static void assert_same(const struct segment *a, const struct segment *b)
{
	assert_memory_equal(&a->src, &b->src, sizeof(a->src));
	assert_memory_equal(&a->dst, &b->dst, sizeof(a->dst));
	assert_int_equal(a->seq, b->seq);
	assert_int_equal(a->ack, b->ack);
	assert_int_equal(a->flags, b->flags);
	assert_int_equal(a->wnd, b->wnd);
	assert_int_equal(a->options, b->options);
	assert_int_equal(a->ts_val, b->ts_val);
	assert_int_equal(a->ts_ecr, b->ts_ecr);
	assert_int_equal(a->sack_count, b->sack_count);
	assert_memory_equal(a->sack, b->sack, sizeof(a->sack));
	assert_int_equal(a->ttl, b->ttl);
	assert_int_equal(a->dscp, b->dscp);
	assert_int_equal(a->ecn, b->ecn);
	assert_int_equal(a->flow_label, b->flow_label);
}

static void decode_inverts_encode(void **state)
{
	static const int families[] = {4, 6};
	uint8_t packet[PACKET_MAX];

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct segment in = sample(families[i]), out;
		size_t len = build(&in, span_of("hello", 5), packet);

		assert_int_equal(
			segment_decode(&out, span_of(packet, len), CHECKSUM_UNVERIFIED), DROP_NONE);
		assert_same(&in, &out);
		assert_true(span_equal(out.payload[0], span_of("hello", 5)));
		assert_false(out.truncated);
	}
}

static void handshake_options_are_read_and_written(void **state)
{
	struct segment in = sample(4), out;
	uint8_t packet[PACKET_MAX];
	size_t len;

	(void)state;
	in.flags = SEG_SYN;
	in.sack_count = 0;
	memset(in.sack, 0, sizeof(in.sack));
	in.options = SEG_OPT_MSS | SEG_OPT_WSCALE | SEG_OPT_SACK_OK | SEG_OPT_TS;
	in.mss = 1460;
	in.wscale = 7;
	len = build(&in, span_none(), packet);
	assert_int_equal(
		segment_decode(&out, span_of(packet, len), CHECKSUM_UNVERIFIED), DROP_NONE);
	assert_same(&in, &out);
	assert_int_equal(out.mss, 1460);
	assert_int_equal(out.wscale, 7);
}

static void one_flipped_bit_is_a_bad_checksum(void **state)
{
	struct segment in = sample(6), out;
	uint8_t packet[PACKET_MAX];
	size_t len = build(&in, span_of("hello", 5), packet);

	(void)state;
	packet[len - 1] ^= 1;
	assert_int_equal(
		segment_decode(&out, span_of(packet, len), CHECKSUM_UNVERIFIED), DROP_BAD_CHECKSUM);
	/* the kernel vouches: not computed again */
	assert_int_equal(segment_decode(&out, span_of(packet, len), CHECKSUM_TRUSTED), DROP_NONE);
}

static void damaged_headers_are_refused(void **state)
{
	struct segment in = sample(4), out;
	uint8_t packet[PACKET_MAX], copy[PACKET_MAX];
	size_t len = build(&in, span_of("x", 1), packet);
	static const struct {
		size_t at;
		uint8_t value;
		enum drop why;
	} damage[] = {
		{0, 0x55, DROP_NOT_TCP},              /* IP version 5 */
		{0, 0x44, DROP_SHORT},                /* header of 16 bytes */
		{9, 17, DROP_NOT_TCP},                /* UDP */
		{6, 0x20, DROP_FRAGMENT},             /* more fragments */
		{7, 0x01, DROP_FRAGMENT},             /* fragment offset */
		{V4_TCP + 12, 0x40, DROP_BAD_OFFSET}, /* data offset 4 */
		{V4_TCP + 13, 0x03, DROP_BAD_FLAGS},  /* SYN and FIN */
		{V4_TCP + 13, 0x06, DROP_BAD_FLAGS},  /* SYN and RST */
		{V4_TCP + 13, 0x00, DROP_BAD_FLAGS},
		{V4_TCP + 23, 1, DROP_BAD_OPTION},  /* length 1 */
		{V4_TCP + 23, 60, DROP_BAD_OPTION}, /* beyond the header */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(damage) / sizeof(damage[0]); i++) {
		memcpy(copy, packet, len);
		copy[damage[i].at] = damage[i].value;
		assert_int_equal(
			segment_decode(&out, span_of(copy, len), CHECKSUM_TRUSTED), damage[i].why);
	}
}

static void every_prefix_of_a_packet_is_safe(void **state)
{
	struct segment in = sample(6), out;
	uint8_t packet[PACKET_MAX];
	size_t len = build(&in, span_of("hello", 5), packet);

	(void)state;
	for (size_t n = 0; n < len; n++) {
		uint8_t *exact = malloc(n ? n : 1); /* so that a sanitizer sees a byte too far */

		memcpy(exact, packet, n);
		segment_decode(&out, span_of(exact, n), CHECKSUM_TRUSTED);
		free(exact);
	}
}

static void truncated_capture_hides_the_fin(void **state)
{
	struct segment in = sample(4), out;
	uint8_t packet[PACKET_MAX];
	size_t len;

	(void)state;
	in.flags |= SEG_FIN;
	len = build(&in, span_of("0123456789", 10), packet);
	assert_int_equal(
		segment_decode(&out, span_of(packet, len - 4), CHECKSUM_UNVERIFIED), DROP_NONE);
	assert_true(out.truncated);
	assert_false(out.flags & SEG_FIN);
	assert_int_equal(out.payload[0].len, 6);
}

static void padding_behind_the_packet_is_no_payload(void **state)
{
	struct segment in = sample(4), out;
	uint8_t packet[PACKET_MAX] = {0};
	size_t len = build(&in, span_of("ab", 2), packet);

	(void)state;
	assert_int_equal(
		segment_decode(&out, span_of(packet, len + 6), CHECKSUM_UNVERIFIED), DROP_NONE);
	assert_int_equal(out.payload[0].len, 2);
}

static void sack_blocks_take_the_room_that_is_left(void **state)
{
	struct segment in = sample(6), out;
	uint8_t *header = malloc(SEGMENT_HEADER_MAX);
	size_t len, l3_len;

	(void)state;
	in.options |= SEG_OPT_MSS;
	in.mss = 1400;
	in.sack_count = 3;
	in.sack[2] = (struct sack_block){500, 600};
	len = segment_encode(&in, header, &l3_len);
	assert_int_equal(len, V6_TCP + 20 + 4 + 12 + 4 + 2 * 8);
	assert_int_equal(segment_decode(&out, span_of(header, len), CHECKSUM_TRUSTED), DROP_NONE);
	assert_int_equal(out.sack_count, 2);
	assert_memory_equal(out.sack, in.sack, 2 * sizeof(in.sack[0]));
	free(header);
}

/* A SYN with TFO cookie, MPTCP, AE and data: what is left must be a plain SYN that checks. */
static void strip_leaves_an_honest_syn(void **state)
{
	static const uint8_t options[] = {2, 4, 5, 0xb4, 30, 4, 0, 1, 34, 4, 9, 9, 4, 2, 1, 1};
	struct segment in = sample(4), out;
	uint8_t packet[PACKET_MAX];
	size_t len;

	(void)state;
	in.options = 0;
	in.sack_count = 0;
	in.flags = SEG_SYN | SEG_ECE | SEG_CWR;
	len = build(&in, span_none(), packet);
	memcpy(packet + len, options, sizeof(options));
	memset(packet + len + sizeof(options), 's', 6);
	packet[V4_TCP + 12] = (20 + sizeof(options)) / 4 << 4 | 1;
	len += sizeof(options) + 6;
	store_be16(packet + 2, (uint16_t)len);
	assert_int_equal(segment_decode(&out, span_of(packet, len), CHECKSUM_TRUSTED), DROP_NONE);
	assert_true(out.options & SEG_OPT_STRIP);

	len = segment_strip(packet, len);
	assert_int_equal(
		segment_decode(&out, span_of(packet, len), CHECKSUM_UNVERIFIED), DROP_NONE);
	assert_int_equal(out.options, SEG_OPT_MSS | SEG_OPT_SACK_OK);
	assert_int_equal(out.mss, 1460);
	assert_int_equal(out.flags, SEG_SYN | SEG_ECE | SEG_CWR);
	assert_int_equal(segment_payload_len(&out), 0);
	/* the IP header checks as well */
	assert_int_equal(checksum_finish(checksum_add(0, span_of(packet, V4_TCP))), 0);
}

/* 64 KB in whole segments of what is offered must fit into as many segments once encrypted. */
static void lowered_mss_leaves_room_for_tls(void **state)
{
	static const struct {
		uint16_t before, after;
	} rows[] = {{9000, 8984}, {1460, 1457}, {1440, 1437}, {537, 536}, {536, 536}, {48, 48}};
	struct segment in = sample(4), out;
	uint8_t packet[PACKET_MAX];

	(void)state;
	in.flags = SEG_SYN;
	in.sack_count = 0;
	in.options = SEG_OPT_SACK_OK | SEG_OPT_MSS;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bool lower = rows[i].after < rows[i].before;
		size_t len;

		in.mss = rows[i].before;
		len = build(&in, span_none(), packet);
		segment_checksum(packet, len);
		assert_int_equal(segment_lower_mss(packet, len, 116), lower ? len : 0);
		assert_int_equal(
			segment_decode(&out, span_of(packet, len), CHECKSUM_UNVERIFIED), DROP_NONE);
		assert_int_equal(out.mss, rows[i].after);
		assert_int_equal(out.options, in.options);
	}
	in.mss = 1460;
	assert_int_equal(segment_lower_mss(packet, build(&in, span_none(), packet), 0), 0);
	in.options = SEG_OPT_SACK_OK;
	assert_int_equal(segment_lower_mss(packet, build(&in, span_none(), packet), 116), 0);
}

static void extension_headers_are_walked(void **state)
{
	struct segment in = sample(6), out;
	uint8_t packet[PACKET_MAX], longer[PACKET_MAX];
	size_t len = build(&in, span_of("hello", 5), packet);

	(void)state;
	memcpy(longer, packet, V6_TCP);
	memset(longer + V6_TCP, 0, 8);
	longer[V6_TCP] = longer[6]; /* hop-by-hop options, then TCP */
	longer[6] = 0;
	store_be16(longer + 4, (uint16_t)(len - V6_TCP + 8));
	memcpy(longer + V6_TCP + 8, packet + V6_TCP, len - V6_TCP);
	assert_int_equal(
		segment_decode(&out, span_of(longer, len + 8), CHECKSUM_UNVERIFIED), DROP_NONE);
	assert_int_equal(out.payload[0].len, 5);
	assert_int_equal(segment_strip(longer, len + 8), 0);
	assert_int_equal(segment_lower_mss(longer, len + 8, 116), 0);
	longer[6] = 51; /* an authentication header is not ours */
	assert_int_equal(
		segment_decode(&out, span_of(longer, len + 8), CHECKSUM_TRUSTED), DROP_NOT_TCP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decode_inverts_encode),
		cmocka_unit_test(handshake_options_are_read_and_written),
		cmocka_unit_test(one_flipped_bit_is_a_bad_checksum),
		cmocka_unit_test(damaged_headers_are_refused),
		cmocka_unit_test(every_prefix_of_a_packet_is_safe),
		cmocka_unit_test(truncated_capture_hides_the_fin),
		cmocka_unit_test(padding_behind_the_packet_is_no_payload),
		cmocka_unit_test(sack_blocks_take_the_room_that_is_left),
		cmocka_unit_test(strip_leaves_an_honest_syn),
		cmocka_unit_test(lowered_mss_leaves_room_for_tls),
		cmocka_unit_test(extension_headers_are_walked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
