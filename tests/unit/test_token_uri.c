/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_token_uri.c - URIs of keys in tokens: which are taken, which are refused and why */
#include "unit/unit.h"

#include <stdlib.h>
#include <string.h>

#include "keyring/token_uri.h"

static void test_what_is_meant(void **state)
{
	(void)state;
	assert_true(token_uri_is("pkcs11:token=a;object=b"));
	assert_true(token_uri_is("PKCS11:nonsense"));
	assert_false(token_uri_is("/etc/keys/pkcs11:a"));
	assert_false(token_uri_is("pkcs11"));
	assert_false(token_uri_is("pkcs11.key"));
	assert_false(token_uri_is(""));
}

static void test_good_ones(void **state)
{
	static const char *const uris[] = {
		"pkcs11:token=a;object=b",
		"pkcs11:token=a;object=b;type=private",
		"pkcs11:token=The%20Software%20PKCS%2311%20Softtoken;id=%69%95%3E",
		"pkcs11:serial=DECC0401648;object=my-key",
		"pkcs11:object=b;token=a;manufacturer=Snake%20Oil,%20Inc.;model=1.0",
		"pkcs11:token=a;object=b;slot-id=327;library-version=3",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(uris) / sizeof(uris[0]); i++) {
		struct err_list err;

		err_init(&err);
		if (!token_uri_check(uris[i], &err))
			fail_msg("%s: %s", uris[i], err.lines[0]);
		assert_int_equal(err.count, 0);
		err_fini(&err);
	}
}

static void refused(const char *uri, const char *part)
{
	struct err_list err;

	err_init(&err);
	assert_false(token_uri_check(uri, &err));
	assert_int_equal(err.count, 1);
	if (!strstr(err.lines[0], part))
		fail_msg("%s: %s", uri, err.lines[0]);
	err_fini(&err);
}

static void test_refusals(void **state)
{
	(void)state;
	refused("pkcs11:object=b", "names no token");
	refused("pkcs11:manufacturer=m;object=b", "names no token");
	refused("pkcs11:token=a", "names no key");
	refused("pkcs11:token=a;object=", "names no key");
	refused("pkcs11:token=a;object=b;type=cert", "is about no private key");
	refused("pkcs11:token=a;object=b;type=public", "is about no private key");
	refused("pkcs11:token=a;object=b;colour=red", "has an attribute that RFC 7512 does not");
	refused("pkcs11:token=a;object=b?colour=red", "has one of ? # &");
	refused("pkcs11:token=a;object=b&colour=red", "has one of ? # &");
	refused("pkcs11:token=a;object=b#red", "has one of ? # &");
	refused("pkcs11:token=a;object=%4", "cannot be read");
	refused("pkcs11:token=a;object=b c", "cannot be read");
	refused("pkcs11:token=a;object=\"b\"", "cannot be read");
	refused("pkcs11:token=a;object=b\n", "cannot be read");
	refused("pkcs11:token=a;object=\303\244", "cannot be read");
	refused("pkcs11:token=a;object", "cannot be read");
	refused("/etc/key", "cannot be read");
}

/* Who has written a PIN there finds it in no message. */
static void test_secrets(void **state)
{
	static const struct {
		const char *uri, *part;
	} rows[] = {
		{"pkcs11:token=a;object=b?pin-value=47114711", "carries a PIN (pin-value)"},
		{"pkcs11:object=b?pin-value=47114711", "carries a PIN (pin-value)"},
		{"pkcs11:token=a;object=b?pin-source=file:/47114711", "(pin-source)"},
		{"pkcs11:token=a;object=b?module-path=/47114711", "names a module"},
		{"pkcs11:token=a;object=b?module-name=47114711", "names a module"},
		{"pkcs11:token=a;object=b?pin-value=47114711 ", "cannot be read"},
		{"pkcs11:token=a;object=b;pin=47114711", "does not know"},
		{"pkcs11:object=b;pin=47114711", "does not know"},
		{"pkcs11:token=a;object=b?pin=47114711", "has one of ? # &"},
		{"pkcs11:token=a;object=b?a=b&pin=47114711", "has one of ? # &"},
		{"pkcs11:token=a;object=b#47114711", "has one of ? # &"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err_list err;

		err_init(&err);
		assert_false(token_uri_check(rows[i].uri, &err));
		assert_int_equal(err.count, 1);
		assert_non_null(strstr(err.lines[0], rows[i].part));
		assert_null(strstr(err.lines[0], "4711"));
		err_fini(&err);
	}
}

static void test_length(void **state)
{
	char uri[TOKEN_URI_MAX + 2] = "pkcs11:token=a;object=";
	size_t len = strlen(uri);
	struct err_list err;

	(void)state;
	memset(uri + len, 'x', sizeof(uri) - 2 - len);
	err_init(&err);
	assert_true(token_uri_check(uri, &err));
	uri[sizeof(uri) - 2] = 'x';
	assert_false(token_uri_check(uri, &err));
	err_fini(&err);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_meant),
		cmocka_unit_test(test_good_ones),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_secrets),
		cmocka_unit_test(test_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
