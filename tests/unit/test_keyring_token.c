/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_keyring_token.c - rings whose keys are in tokens: which of them are tried, and in vain */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <sys/stat.h>
#include <unistd.h>

#include "keyring/remote.h"
#include "keyring/store.h"
#include "unit/folder.h"
#include "unit/make_cert.h"

static struct cert ca, server;
static char dir[] = "/tmp/attls-keyring-XXXXXX";

/* Ring root/main with the server's certificate (default) and the CA's. */
static int begin(void **state)
{
	struct issue ca_wish = {.subject = "CN=CA", .usage = ISSUE_CERTSIGN};
	struct issue wish = {.subject = "CN=server", .usage = ISSUE_HANDSHAKE};
	struct ring_ref anchor = {.label = (char *)"ca", .usage = CERT_CERTAUTH};
	struct ring_ref mine = {.label = (char *)"srv", .is_default = true};
	struct ring_refs refs = {0};
	struct err_list err;
	struct store *s;

	(void)state;
	assert_non_null(mkdtemp(dir));
	ca = make_cert("ca", &ca_wish, NULL);
	ca.owner = anchor.owner = (char *)"CERTAUTH";
	server = make_cert("srv", &wish, &ca);
	mine.owner = server.owner;
	err_init(&err);
	s = store_open(dir, &err);
	assert_non_null(s);
	assert_true(store_write_cert(s, &ca, STORE_CERT | STORE_KEY | STORE_META, &err));
	assert_true(store_write_cert(s, &server, STORE_CERT | STORE_KEY | STORE_META, &err));
	refs_add(&refs, &mine);
	refs_add(&refs, &anchor);
	assert_true(store_write_ring(s, "root", "main", &refs, &err));
	refs_free(&refs);
	store_close(s);
	err_fini(&err);
	return 0;
}

static int end(void **state)
{
	(void)state;
	make_free(&ca);
	make_free(&server);
	return folder_remove(dir);
}

static void put(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static size_t asked;
static bool is_silent; /* the other end */

static bool count_question(
	const struct key_request *q, struct span source, struct span data, struct key_answer *a)
{
	(void)q, (void)source, (void)data;
	asked++;
	if (is_silent)
		return false;
	key_answer_refuse(a, KEY_UNREADABLE, "no token");
	return true;
}

/* Return: how often that asks for a key. */
static size_t check_main_ring(void)
{
	struct keystore *k;
	struct err_list err;

	asked = 0;
	err_init(&err);
	k = keystore_load(dir, &err);
	assert_non_null(k);
	remote_begin_tokens(count_question);
	assert_true(keyring_check(keystore_ring(k, "root", "main"), &err));
	remote_begin_tokens(NULL);
	assert_int_equal(err.warning_count, asked);
	err_fini(&err);
	keystore_put(k);
	return asked;
}

static void test_token_is_asked_for_what_is_presented(void **state)
{
	static const char *const certs[] = {"CERTAUTH/ca", "root/srv"};
	char path[256];

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/certs/%s.key", dir, certs[i]);
		assert_int_equal(unlink(path), 0);
		snprintf(path, sizeof(path), "%s/certs/%s.meta", dir, certs[i]);
		put(path, "[certificate]\nkey = \"pkcs11:token=t;object=o\"\n");
		assert_int_equal(check_main_ring(), i);
	}
	is_silent = true;
	assert_int_equal(check_main_ring(), 1); /* a warning as well */
	is_silent = false;
	put(path, "[certificate]\ntrust = notrust\nkey = \"pkcs11:token=t;object=o\"\n");
	assert_int_equal(check_main_ring(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_token_is_asked_for_what_is_presented),
	};

	return cmocka_run_group_tests_name("keyring_token", tests, begin, end);
}
