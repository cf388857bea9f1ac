/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_keyring_parts.c - names in files, ring files, subjects, keys and certificates */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/x509v3.h>
#include <unistd.h>

#include "keyring/issue.h"
#include "keyring/name.h"
#include "keyring/ringfile.h"
#include "keyring/subject.h"
#include "unit/make_cert.h"

static void test_name_round_trip(void **state)
{
	static const char *const cases[][2] = {
		{"plain", "plain"},
		{"a b", "a b"},
		{"a/b", "a%2Fb"},
		{".x.y", "%2Ex.y"},
		{"100%", "100%25"},
		{"tab\tx", "tab%09x"},
		{"q\"q", "q%22q"},
		{"M\303\274ller", "M\303\274ller"},
	};
	char out[NAME_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_true(name_encode(cases[i][0], out));
		assert_string_equal(out, cases[i][1]);
		assert_true(name_from_file(cases[i][1], "", out));
		assert_string_equal(out, cases[i][0]);
	}
}

static void test_name_limits(void **state)
{
	char name[400], out[NAME_SIZE];

	(void)state;
	assert_false(name_encode("", out));
	memset(name, 'x', sizeof(name));
	name[NAME_MAX_LEN] = '\0';
	assert_true(name_encode(name, out));
	assert_int_equal(strlen(out), NAME_MAX_LEN);
	name[NAME_MAX_LEN] = 'x';
	name[NAME_MAX_LEN + 1] = '\0';
	assert_false(name_encode(name, out));
	memset(name, '/', sizeof(name));
	name[NAME_MAX_LEN / 3] = '\0';
	assert_true(name_encode(name, out));
	name[NAME_MAX_LEN / 3] = '/';
	name[NAME_MAX_LEN / 3 + 1] = '\0';
	assert_false(name_encode(name, out));
	assert_false(name_decode("a%00b", out));
	assert_true(name_decode("50% of %41", out));
	assert_string_equal(out, "50% of A");
	assert_false(name_from_file("a%2fb.pem", ".pem", out)); /* spelled in another way */
	assert_false(name_from_file("50%.pem", ".pem", out));
	assert_false(name_from_file(".pem", ".pem", out));
	assert_false(name_owner_ok("a/b"));
	assert_true(name_is_reserved("SiTe"));
	assert_string_equal(name_owner("certauth"), "CERTAUTH");
}

/* Whatever a label holds, it comes back from the file as it was. */
static void test_ring_round_trip(void **state)
{
	static const char *const labels[] = {"plain", "a;b#c", " blank ", "it's \"quoted\"", "50%",
		"end\\", "a = b", "[x]", "M\303\274ller", "x'y;z", "C:\\key", "; x", "\"", "'"};
	enum { LABELS = sizeof(labels) / sizeof(labels[0]) };
	char path[] = "/tmp/attls-ring-XXXXXX";
	struct ring_refs refs = {0}, again;
	struct err_list err;
	char *text;
	int fd;

	(void)state;
	for (size_t i = 0; i < LABELS; i++) {
		struct ring_ref r = {.owner = (char *)(i % 2 ? "SITE" : "root"),
			.label = (char *)labels[i],
			.usage = (enum cert_usage)(i % 3),
			.is_default = i == 5};

		refs_add(&refs, &r);
	}
	text = ringfile_text(&refs);
	fd = mkstemp(path);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	err_init(&err);
	ringfile_read(&again, path, "root", &err);
	unlink(path);
	for (size_t i = 0; i < err.count; i++)
		print_error("%s\n", err.lines[i]);
	assert_int_equal(err.count, 0);
	assert_int_equal(again.count, LABELS);
	for (size_t i = 0; i < LABELS; i++) {
		assert_string_equal(again.items[i].label, labels[i]);
		assert_string_equal(again.items[i].owner, refs.items[i].owner);
		assert_int_equal(again.items[i].usage, refs.items[i].usage);
		assert_int_equal(again.items[i].is_default, refs.items[i].is_default);
	}
	refs_drop(&again, &again.items[0]);
	assert_int_equal(again.count, LABELS - 1);
	assert_null(refs_find(&again, "root", "plain"));
	assert_non_null(refs_find(&again, "ROOT", "it's \"quoted\"")
				? refs_find(&again, "ROOT", "it's \"quoted\"")
				: refs_find(&again, "site", "it's \"quoted\""));
	refs_free(&again);
	refs_free(&refs);
	free(text);
	err_fini(&err);
}

/* As written, and with a comment more, which the reader of INI files has to take out. */
static void test_ring_read_both_ways(void **state)
{
	static const char text[] =
		"# a key ring: references to certificates, written by attls-keyring\n"
		"\n[connection 1]\nowner = root\nlabel = a b%2Fc\nusage = CERTAUTH\n"
		"default = no\n"
		"\n[connection 2]\nowner = Site\nlabel = x\nusage = SITE\ndefault = yes\n";
	struct ring_refs refs[2];
	struct err_list err;

	(void)state;
	err_init(&err);
	for (int i = 0; i < 2; i++) {
		char path[] = "/tmp/attls-ring-XXXXXX";
		int fd = mkstemp(path);

		assert_int_equal(write(fd, text, strlen(text)), strlen(text));
		assert_int_equal(write(fd, "; end\n", i ? 6 : 0), i ? 6 : 0);
		close(fd);
		ringfile_read(&refs[i], path, "nobody", &err);
		unlink(path);
		assert_int_equal(refs[i].count, 2);
		assert_string_equal(refs[i].items[0].label, "a b/c");
		assert_string_equal(refs[i].items[0].owner, "root");
		assert_int_equal(refs[i].items[0].usage, CERT_CERTAUTH);
		assert_int_equal(refs[i].items[0].line, 3);
		assert_string_equal(refs[i].items[1].owner, "SITE");
		assert_int_equal(refs[i].items[1].line, 9);
		assert_true(refs[i].items[1].is_default && !refs[i].items[0].is_default);
		refs_free(&refs[i]);
	}
	assert_int_equal(err.count, 0);
	err_fini(&err);
}

static void test_subjects(void **state)
{
	static const char *const good[] = {"CN=a", "CN=db.example,O=Ex\\, Inc.,C=DE",
		"CN=M\303\274ller,OU=x,DC=example,DC=org"};
	static const char *const bad[] = {"", "a", "CN=", "=x", "NOSUCH=x", "C=Germany"};
	struct err_list err;

	(void)state;
	err_init(&err);
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		X509_NAME *name = subject_parse(good[i], &err);
		char *text;

		assert_non_null(name);
		text = subject_text(name);
		assert_string_equal(text, good[i]);
		free(text);
		X509_NAME_free(name);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_null(subject_parse(bad[i], &err));
		assert_int_equal(err.count, i + 1);
	}
	err_fini(&err);
}

static void test_altnames(void **state)
{
	static const char *const bad[] = {"db.example", "DNS:", "IP:db.example", "DNS:a,,DNS:b",
		"DIR:section", "IP:192.0.2.256"};
	struct err_list err;
	struct issue i = {.subject = "CN=a",
		.altnames = "dns:a.example, IP:192.0.2.1,IP:2001:db8::1,EMAIL:a@b.example,"
			    "URI:https://b.example/",
		.usage = ISSUE_HANDSHAKE};
	struct cert c = make_cert("a", &i, NULL);
	char *text = altnames_text(c.x509, " ");

	(void)state;
	assert_string_equal(text, "DNS:a.example IP:192.0.2.1 IP:2001:db8::1 EMAIL:a@b.example "
				  "URI:https://b.example/");
	free(text);
	make_free(&c);
	err_init(&err);
	for (size_t n = 0; n < sizeof(bad) / sizeof(bad[0]); n++) {
		assert_null(altnames_parse(bad[n], &err));
		assert_int_equal(err.count, n + 1);
	}
	err_fini(&err);
}

static void test_keys(void **state)
{
	static const struct {
		const char *type;
		int size;
		int bits; /* 0: refused */
	} cases[] = {
		{"rsa", 0, 2048},
		{"RSA", 3072, 3072},
		{"rsa", 1024, 1024},
		{"rsa", 1023, 0},
		{"bpecc", 0, 256},
		{"bpecc", 512, 512},
		{"bpecc", 521, 0},
		{"nistecc", 0, 256},
		{"nistecc", 384, 384},
		{"nistecc", 521, 521},
		{"nistecc", 512, 0},
		{"ed25519", 0, 256},
		{"dsa", 2048, 0},
	};
	struct err_list err;

	(void)state;
	err_init(&err);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		EVP_PKEY *key = issue_key(cases[i].type, cases[i].size, &err);

		assert_int_equal(key ? EVP_PKEY_get_bits(key) : 0, cases[i].bits);
		EVP_PKEY_free(key);
	}
	assert_int_equal(err.count, 4);
	assert_int_equal(err.warning_count, 1); /* RSA 1024 */
	err_fini(&err);
}

static void test_issue(void **state)
{
	struct issue ca_wish = {.subject = "CN=CA", .usage = ISSUE_CERTSIGN};
	struct issue wish = {.subject = "CN=a", .usage = ISSUE_HANDSHAKE | ISSUE_DOCSIGN};
	struct cert ca = make_cert("ca", &ca_wish, NULL);
	struct cert leaf = make_cert("leaf", &wish, &ca);
	struct err_list err;

	(void)state;
	assert_int_equal(X509_verify(leaf.x509, ca.key), 1);
	assert_int_equal(X509_check_issued(ca.x509, leaf.x509), X509_V_OK);
	assert_int_equal(X509_check_ca(ca.x509), 1);
	assert_int_equal(X509_check_ca(leaf.x509), 0);
	assert_int_equal(X509_get_key_usage(leaf.x509), KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION);
	assert_int_equal(X509_get_key_usage(ca.x509), KU_KEY_CERT_SIGN | KU_CRL_SIGN);
	err_init(&err);
	wish.signer = leaf.x509;
	wish.signer_key = leaf.key;
	assert_null(issue_certificate(&wish, leaf.key, &err));
	assert_non_null(strstr(err.lines[0], "the signer is not a CA"));
	wish.signer = ca.x509;
	wish.signer_key = NULL;
	assert_null(issue_certificate(&wish, leaf.key, &err));
	assert_non_null(strstr(err.lines[1], "private key is not here"));
	err_fini(&err);
	make_free(&leaf);
	make_free(&ca);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_name_round_trip),
		cmocka_unit_test(test_name_limits),
		cmocka_unit_test(test_ring_round_trip),
		cmocka_unit_test(test_ring_read_both_ways),
		cmocka_unit_test(test_subjects),
		cmocka_unit_test(test_altnames),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_issue),
	};

	return cmocka_run_group_tests_name("keyring parts", tests, NULL, NULL);
}
