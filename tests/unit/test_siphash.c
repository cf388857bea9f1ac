/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_siphash.c - SipHash-2-4 against the vectors of its authors' paper */
#include "unit/unit.h"

#include "base/siphash.h"

static void vectors_of_the_paper(void **state)
{
	const struct siphash_key key = {0x0706050403020100u, 0x0f0e0d0c0b0a0908u};
	uint8_t in[15];

	(void)state;
	for (size_t i = 0; i < sizeof(in); i++)
		in[i] = (uint8_t)i;
	assert_true(siphash(&key, span_none()) == 0x726fdb47dd0e0e31u);
	assert_true(siphash(&key, span_of(in, 1)) == 0x74f839c593dc67fdu);
	assert_true(siphash(&key, span_of(in, 8)) == 0x93f5f5799a932462u);
	assert_true(siphash(&key, span_of(in, 15)) == 0xa129ca6149be45e5u);
}

static void random_keys_differ(void **state)
{
	struct siphash_key a, b;

	(void)state;
	siphash_random(&a);
	siphash_random(&b);
	assert_true(a.k0 != b.k0 && a.k1 != b.k1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vectors_of_the_paper),
		cmocka_unit_test(random_keys_differ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
