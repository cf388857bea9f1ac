/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_icmp.c - ICMP errors about TCP segments */
#include "unit/unit.h"

#include "base/bytes.h"
#include "gateway/packet/icmp.h"

#include <stdlib.h>

enum { V4_LEN = 20 + 8 + 20 + 8, V6_LEN = 40 + 8 + 40 + 8 };

static void build_v4(uint8_t p[V4_LEN])
{
	memset(p, 0, V4_LEN);
	p[0] = 0x45;
	p[9] = 1;
	p[20] = 3;
	p[21] = 4;
	store_be16(p + 26, 1400);
	p[28] = 0x45;
	p[37] = 6;
	memcpy(p + 40, (const uint8_t[]){10, 0, 0, 1, 10, 0, 0, 2}, 8);
	store_be16(p + 48, 1234);
	store_be16(p + 50, 443);
	store_be32(p + 52, 99);
}

static void too_big_v4_names_segment_and_mtu(void **state)
{
	struct icmp_error e;
	uint8_t p[V4_LEN];

	(void)state;
	build_v4(p);
	assert_true(icmp_decode(&e, span_of(p, sizeof(p))));
	assert_true(e.too_big);
	assert_int_equal(e.mtu, 1400);
	assert_int_equal(e.src.port, 1234);
	assert_int_equal(e.dst.port, 443);
	assert_int_equal(e.dst.addr.bytes[3], 2);
	assert_int_equal(e.seq, 99);
	p[21] = 1; /* host unreachable */
	assert_true(icmp_decode(&e, span_of(p, sizeof(p))));
	assert_false(e.too_big);
}

static void too_big_v6_names_segment_and_mtu(void **state)
{
	struct icmp_error e;
	uint8_t p[V6_LEN] = {0};

	(void)state;
	p[0] = p[48] = 0x60;
	p[6] = 58;
	p[40] = 2;
	store_be32(p + 44, 1280);
	p[54] = 6;
	store_be16(p + 88, 5000);
	assert_true(icmp_decode(&e, span_of(p, sizeof(p))));
	assert_true(e.too_big);
	assert_int_equal(e.mtu, 1280);
	assert_int_equal(e.src.port, 5000);
	p[40] = 135; /* neighbour solicitation */
	assert_false(icmp_decode(&e, span_of(p, sizeof(p))));
}

static void what_is_no_error_about_tcp_is_refused(void **state)
{
	struct icmp_error e;
	uint8_t p[V4_LEN];

	(void)state;
	build_v4(p);
	p[37] = 17;
	assert_false(icmp_decode(&e, span_of(p, sizeof(p))));
	build_v4(p);
	p[9] = 6;
	assert_false(icmp_decode(&e, span_of(p, sizeof(p))));
	build_v4(p);
	p[20] = 8; /* an echo request may carry anything */
	assert_false(icmp_decode(&e, span_of(p, sizeof(p))));
	build_v4(p);
	p[28] = 0x44; /* quoted: a header shorter than any */
	assert_false(icmp_decode(&e, span_of(p, sizeof(p))));
	build_v4(p);
	p[0] = 0x41;
	assert_false(icmp_decode(&e, span_of(p, sizeof(p))));
	build_v4(p);
	p[0] = 0x55;
	assert_false(icmp_decode(&e, span_of(p, sizeof(p))));
	for (size_t n = 0; n < V4_LEN; n++) {
		uint8_t *exact = malloc(n ? n : 1);

		build_v4(p);
		memcpy(exact, p, n);
		assert_false(icmp_decode(&e, span_of(exact, n)));
		free(exact);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(too_big_v4_names_segment_and_mtu),
		cmocka_unit_test(too_big_v6_names_segment_and_mtu),
		cmocka_unit_test(what_is_no_error_about_tcp_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
