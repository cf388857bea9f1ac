/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_addr.c - addresses, ranges and endpoints: text forms and comparisons */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "gateway/packet/addr.h"

static struct addr addr(const char *text)
{
	struct addr a;

	assert_true(addr_parse(text, &a));
	return a;
}

static void range_becomes(const char *text, const char *expected)
{
	struct addr_range r, again;
	char buf[2 * ADDR_TEXT];

	assert_true(addr_range_parse(text, &r));
	assert_string_equal(addr_range_format(&r, buf), expected);
	assert_true(addr_range_parse(buf, &again));
	assert_memory_equal(&r, &again, sizeof(r));
}

static void test_parse(void **state)
{
	struct addr a;
	char buf[ADDR_TEXT];

	(void)state;
	assert_string_equal(addr_format(&(struct addr){0}, buf), "-");
	a = addr("192.0.2.1");
	assert_int_equal(a.family, 4);
	assert_string_equal(addr_format(&a, buf), "192.0.2.1");
	a = addr("2001:DB8:0::1");
	assert_int_equal(a.family, 6);
	assert_string_equal(addr_format(&a, buf), "2001:db8::1");
	assert_false(addr_parse("192.0.2", &a));
	assert_false(addr_parse("192.0.2.256", &a));
	assert_false(addr_parse("[::1]", &a));
	assert_false(addr_parse("fe80::1%eth0", &a));
	assert_false(addr_parse("", &a));
}

static void test_compare(void **state)
{
	struct addr low = addr("10.0.0.9"), high = addr("10.0.1.0"), six = addr("::");

	(void)state;
	assert_true(addr_compare(&low, &high) < 0);
	assert_true(addr_compare(&high, &low) > 0);
	assert_true(addr_compare(&low, &low) == 0);
	assert_true(addr_compare(&high, &six) < 0);
}

static void test_ranges(void **state)
{
	static const char *const bad[] = {"10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/ 8",
		"10.0.0.0/8x", "10.0.0.9-10.0.0.1", "10.0.0.1-::1", "10.0.0.1-", "-10.0.0.1", "/8",
		"", "10.0.0.0/-1", "any"};
	struct addr_range r;

	(void)state;
	range_becomes("10.1.2.3", "10.1.2.3");
	range_becomes("10.1.2.3/32", "10.1.2.3");
	range_becomes("10.1.2.3/12", "10.0.0.0/12");
	range_becomes("0.0.0.0/0", "0.0.0.0/0");
	range_becomes("::/0", "::/0");
	range_becomes("2001:db8::ffff/33", "2001:db8::/33");
	range_becomes("10.0.0.0-10.0.0.255", "10.0.0.0/24");
	range_becomes("10.0.0.1-10.0.0.255", "10.0.0.1-10.0.0.255");
	range_becomes("::1-::1", "::1");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(addr_range_parse(bad[i], &r));
}

static void test_in_range(void **state)
{
	struct addr_range r;
	struct addr a;

	(void)state;
	assert_true(addr_range_parse("10.0.0.5-10.0.1.5", &r));
	a = addr("10.0.0.4");
	assert_false(addr_in_range(&a, &r));
	a = addr("10.0.0.5");
	assert_true(addr_in_range(&a, &r));
	a = addr("10.0.0.200");
	assert_true(addr_in_range(&a, &r));
	a = addr("10.0.1.6");
	assert_false(addr_in_range(&a, &r));
	assert_true(addr_range_parse("::/0", &r));
	assert_false(addr_in_range(&a, &r));
}

/* Every prefix length against a count of bits done another way. */
static void test_every_prefix(void **state)
{
	struct addr ones = addr("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"), zero = addr("::");
	struct addr_range r;

	(void)state;
	for (unsigned bits = 0; bits <= 128; bits++) {
		unsigned set = 0;

		assert_true(addr_prefix(&ones, bits, &r));
		for (size_t i = 0; i < 16; i++)
			set += (unsigned)__builtin_popcount(r.from.bytes[i]);
		assert_int_equal(set, bits);
		assert_memory_equal(&r.to, &ones, sizeof(ones));
		assert_true(addr_prefix(&zero, bits, &r));
		for (size_t i = set = 0; i < 16; i++)
			set += (unsigned)__builtin_popcount(r.to.bytes[i]);
		assert_int_equal(set, 128 - bits);
	}
	assert_false(addr_prefix(&zero, 129, &r));
}

static void test_endpoints(void **state)
{
	static const char *const bad[] = {"1.2.3.4", "1.2.3.4:", "1.2.3.4:65536", "1.2.3.4:1x",
		"::1:80", "[::1]80", "[::1", ":80", "[]:80", "1.2.3.4:-1", "1.2.3.4: 1"};
	char buf[ENDPOINT_TEXT];
	struct endpoint e;

	(void)state;
	assert_true(endpoint_parse("192.0.2.1:443", &e));
	assert_int_equal(e.port, 443);
	assert_string_equal(endpoint_format(&e, buf), "192.0.2.1:443");
	assert_true(endpoint_parse("[2001:db8::1]:0", &e));
	assert_string_equal(endpoint_format(&e, buf), "[2001:db8::1]:0");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(endpoint_parse(bad[i], &e));
}

static void test_tuples(void **state)
{
	struct tuple a = {0}, b = {0};

	(void)state;
	assert_true(endpoint_parse("192.0.2.1:443", &a.local));
	assert_true(endpoint_parse("192.0.2.1:443", &b.local));
	assert_true(tuple_equal(&a, &b));
	b.remote.port = 1;
	assert_false(tuple_equal(&a, &b));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_compare),
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_in_range),
		cmocka_unit_test(test_every_prefix),
		cmocka_unit_test(test_endpoints),
		cmocka_unit_test(test_tuples),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
