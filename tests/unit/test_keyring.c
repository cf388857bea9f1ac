/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_keyring.c - the keyring directory as a snapshot: what is read, what is refused and how */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <ftw.h>
#include <openssl/pem.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keyring/store.h"
#include "unit/make_cert.h"

static struct cert ca, server, other;
static char dir[64];

static int make_all(void **state)
{
	struct issue ca_wish = {.subject = "CN=CA", .usage = ISSUE_CERTSIGN};
	struct issue wish = {.subject = "CN=server", .usage = ISSUE_HANDSHAKE};

	(void)state;
	ca = make_cert("ca", &ca_wish, NULL);
	ca.owner = (char *)"CERTAUTH";
	server = make_cert("srv/1 50%", &wish, &ca);
	other = make_cert(".hidden", &wish, &ca);
	other.owner = (char *)"Alice";
	return 0;
}

static int free_all(void **state)
{
	(void)state;
	make_free(&ca);
	make_free(&server);
	make_free(&other);
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

/* A keyring with three certificates and ring root/main: the server's (default) and the CA's. */
static int setup(void **state)
{
	const struct cert *all[] = {&ca, &server, &other};
	struct ring_refs refs = {0};
	struct ring_ref mine = {.owner = server.owner, .label = server.label, .is_default = true};
	struct ring_ref anchor = {.owner = ca.owner, .label = ca.label, .usage = CERT_CERTAUTH};
	struct err_list err;
	struct store *s;

	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/attls-keyring-XXXXXX");
	assert_non_null(mkdtemp(dir));
	err_init(&err);
	s = store_open(dir, &err);
	assert_non_null(s);
	for (size_t i = 0; i < 3; i++)
		assert_true(store_write_cert(s, all[i], STORE_CERT | STORE_KEY | STORE_META, &err));
	refs_add(&refs, &mine);
	refs_add(&refs, &anchor);
	assert_true(store_write_ring(s, "root", "main", &refs, &err));
	refs_free(&refs);
	store_close(s);
	err_fini(&err);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	return nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void path_of(const char *name, char *path)
{
	snprintf(path, 256, "%s/%s", dir, name);
}

static void put(const char *name, const char *text)
{
	char path[256];
	FILE *f;

	path_of(name, path);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static struct keystore *load_well(void)
{
	struct err_list err;
	struct keystore *k;

	err_init(&err);
	k = keystore_load(dir, &err);
	for (size_t i = 0; i < err.count; i++)
		print_error("%s\n", err.lines[i]);
	assert_non_null(k);
	assert_int_equal(err.count, 0);
	assert_int_equal(err.warning_count, 0);
	err_fini(&err);
	return k;
}

/* The directory is refused with exactly these sentences (parts of them), in any order. */
static void assert_refused(const char *const *parts)
{
	struct err_list err;
	size_t count = 0;

	err_init(&err);
	assert_null(keystore_load(dir, &err));
	for (; parts[count]; count++) {
		bool found = false;

		for (size_t i = 0; i < err.count; i++)
			found = found || strstr(err.lines[i], parts[count]);
		if (!found)
			fail_msg("no sentence with \"%s\"; the first is \"%s\"", parts[count],
				err.count ? err.lines[0] : "");
	}
	assert_int_equal(err.count, count);
	err_fini(&err);
}

#define REFUSED(...) assert_refused((const char *const[]){__VA_ARGS__, NULL})

static void test_load(void **state)
{
	struct keystore *k = load_well();
	const struct keyring *r = keystore_ring(k, "ROOT", "Main");
	size_t certs, rings;

	(void)state;
	keystore_count(k, &certs, &rings);
	assert_int_equal(certs, 3);
	assert_int_equal(rings, 1);
	assert_non_null(r);
	assert_string_equal(r->name, "main");
	assert_int_equal(r->connection_count, 2);
	assert_int_equal(r->connections[1].usage, CERT_CERTAUTH);
	assert_ptr_equal(keyring_certificate(r, NULL), keyring_certificate(r, "srv/1 50%"));
	assert_non_null(keyring_certificate(r, NULL));
	assert_non_null(keyring_certificate(r, NULL)->key);
	assert_null(keyring_certificate(r, "SRV/1 50%")); /* labels have case */
	assert_null(keyring_certificate(r, "ca"));        /* no PERSONAL usage */
	assert_non_null(keystore_cert(k, "alice", ".hidden"));
	assert_null(keystore_ring(k, "root", "none"));
	assert_ptr_equal(keystore_ring_at(k, 0), r);
	assert_null(keystore_ring_at(k, 1));
	assert_string_equal(keystore_cert_at(k, 0)->owner, "Alice");
	assert_string_equal(keystore_cert_at(k, 2)->owner, "root");
	assert_null(keystore_cert_at(k, 3));
	assert_ptr_equal(keystore_get(k), k);
	keystore_put(k);
	assert_non_null(keystore_ring(k, "root", "main"));
	keystore_put(k);
}

static void test_names_in_files(void **state)
{
	struct stat st;
	char path[256];

	(void)state;
	path_of("certs/root/srv%2F1 50%25.pem", path);
	assert_int_equal(stat(path, &st), 0);
	path_of("certs/Alice/%2Ehidden.key", path);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
}

static void test_missing_and_empty(void **state)
{
	struct err_list err;
	struct keystore *k;

	(void)state;
	err_init(&err);
	assert_null(keystore_load("/nonexistent/keyring", &err));
	assert_int_equal(err.count, 1);
	assert_non_null(strstr(err.lines[0], "/nonexistent/keyring"));
	err_fini(&err);
	teardown(NULL);
	assert_int_equal(mkdir(dir, 0755), 0);
	k = load_well();
	assert_null(keystore_ring(k, "root", "main"));
	assert_null(keystore_cert(k, "CERTAUTH", "ca"));
	keystore_put(k);
}

static void test_notrust(void **state)
{
	struct keystore *k;

	(void)state;
	put("certs/root/srv%2F1 50%25.meta", "[certificate]\ntrust = NoTrust\n");
	k = load_well();
	assert_null(keyring_certificate(keystore_ring(k, "root", "main"), NULL));
	keystore_put(k);
}

static void test_loose_permissions(void **state)
{
	static const mode_t bad[] = {0644, 0604, 0660, 0601};
	char key[256], folder[256];

	(void)state;
	path_of("certs/CERTAUTH/ca.key", key);
	path_of("certs/CERTAUTH", folder);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		chmod(key, bad[i]);
		REFUSED("certs/CERTAUTH/ca.key: private key with loose permissions");
	}
	chmod(key, 0640); /* its group is the directory's */
	keystore_put(load_well());
	chmod(key, 0400);
	keystore_put(load_well());
	chmod(folder, 0777);
	REFUSED("certs/CERTAUTH: anybody can change this directory");
	chmod(folder, 01777); /* a Kubernetes volume */
	keystore_put(load_well());
	chmod(folder, 0755);
	path_of("rings/root/main.ring", key);
	chmod(key, 0666);
	REFUSED("main.ring: anybody can change this file");
}

static void test_foreign_owner(void **state)
{
	char key[256];

	(void)state;
	if (geteuid() != 0)
		skip();
	path_of("certs/CERTAUTH/ca.key", key);
	assert_int_equal(chown(key, 12345, 0), 0);
	REFUSED("private key owned by uid 12345");
	assert_int_equal(chown(key, 0, 12345), 0);
	keystore_put(load_well()); /* 0600: that group reads nothing */
	chmod(key, 0640);
	REFUSED("readable by the foreign group 12345");
	assert_int_equal(chown(dir, 12345, 12345), 0); /* now it is the directory's */
	keystore_put(load_well());
	assert_int_equal(chown(key, 12345, 12345), 0);
	keystore_put(load_well());
}

/* Kubernetes: LABEL.pem -> ..data/LABEL.pem, ..data -> ..2026. */
static void test_links(void **state)
{
	char from[256], to[256];

	(void)state;
	path_of("certs/CERTAUTH/..2026", to);
	assert_int_equal(mkdir(to, 0755), 0);
	path_of("certs/CERTAUTH/..data", from);
	assert_int_equal(symlink("..2026", from), 0);
	path_of("certs/CERTAUTH/ca.pem", from);
	path_of("certs/CERTAUTH/..2026/ca.pem", to);
	assert_int_equal(rename(from, to), 0);
	assert_int_equal(symlink("..data/ca.pem", from), 0);
	keystore_put(load_well());
}

/* All problems in one pass, each with its place. */
static void test_all_problems(void **state)
{
	(void)state;
	put("certs/root/broken.pem",
		"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
	put("certs/root/empty.pem", "nothing\n");
	put("certs/root/bad%2fname.pem", "x");
	put("certs/CERTAUTH/ca.meta", "[certificate]\ntrust = maybe\ncolour = red\n");
	put("rings/root/main.ring", "[connection 1]\nlabel = srv%2F1 50%25\ndefault = yes\n"
				    "[connection 2]\nowner = certauth\nlabel = ca\ndefault = yes\n"
				    "[connection 3]\nlabel = gone\n"
				    "[connection 4]\nowner = root\nlabel = srv%2F1 50%25\n"
				    "[connection 5]\nowner = root\n"
				    "[connection 6]\nlabel = x\nusage = friend\n"
				    "[link]\n");
	put("access.ini", "[ring root/main]\nread = alice\n[ring ROOT/MAIN]\nread = bob\n"
			  "[ring main]\nread = x\n[ring root/other]\nreed = x\n");
	REFUSED("certs/root/broken.pem: holds a PEM certificate that cannot be decoded",
		"certs/root/empty.pem: holds no PEM certificate",
		"certs/root/bad%2fname.pem: is not how a label is written",
		"ca.meta:2: [certificate] trust: \"maybe\"",
		"ca.meta:3: [certificate] colour: unknown key",
		"main.ring:4: a second default, after that in line 1",
		"main.ring:8: there is no certificate root/gone",
		"main.ring:10: root/srv/1 50% is connected already, in line 1",
		"main.ring:13: [connection 5]: has no label",
		"main.ring:17: [connection 6] usage: \"friend\"", "main.ring:18: [link]",
		"access.ini:3: [ring ROOT/MAIN]: this ring was named before",
		"access.ini:5: [ring main]: names no ring",
		"access.ini:8: [ring root/other] reed: unknown key; did you mean read?",
		"access.ini:7: [ring root/other]: has no read");
}

static void test_wrong_key(void **state)
{
	char from[256], to[256];

	(void)state;
	path_of("certs/Alice/%2Ehidden.key", from);
	path_of("certs/CERTAUTH/ca.key", to);
	assert_int_equal(rename(from, to), 0);
	REFUSED("ca.key: this key does not belong to the certificate in");
	put("certs/CERTAUTH/ca.key", "-----BEGIN PRIVATE KEY-----\nAAAA\n");
	REFUSED("ca.key: is no usable private key");
}

static void test_two_in_one(void **state)
{
	char path[256];
	FILE *f;

	(void)state;
	path_of("certs/CERTAUTH/ca.pem", path);
	f = fopen(path, "a");
	assert_non_null(f);
	PEM_write_X509(f, server.x509);
	fclose(f);
	REFUSED("ca.pem: holds 2 certificates");
}

static void test_same_owner_twice(void **state)
{
	char from[256], to[256];

	(void)state;
	path_of("certs/CertAuth", to);
	assert_int_equal(mkdir(to, 0755), 0);
	path_of("certs/CERTAUTH/ca.pem", from);
	path_of("certs/CertAuth/ca.pem", to);
	assert_int_equal(link(from, to), 0);
	REFUSED("(owners compare without case)");
}

static void test_access(void **state)
{
	const struct keyring *r;
	struct keystore *k = load_well();

	(void)state;
	r = keystore_ring(k, "root", "main");
	assert_true(keystore_may_read(k, "Root", r));
	assert_false(keystore_may_read(k, "alice", r));
	assert_false(keystore_may_read(k, NULL, r));
	keystore_put(k);

	put("access.ini", "[ring ROOT/Main]\nread = alice, 1000\n");
	k = load_well();
	r = keystore_ring(k, "root", "main");
	assert_true(keystore_may_read(k, "ALICE", r));
	assert_true(keystore_may_read(k, "1000", r));
	assert_false(keystore_may_read(k, "bob", r));
	assert_false(keystore_may_read(k, NULL, r));
	keystore_put(k);

	put("access.ini", "[ring root/main]\nread = *\n");
	k = load_well();
	r = keystore_ring(k, "root", "main");
	assert_true(keystore_may_read(k, "bob", r));
	assert_true(keystore_may_read(k, NULL, r));
	keystore_put(k);
}

/* Where two directories spell an owner alike, the writer takes the one that is there. */
static void test_store_keeps_spelling(void **state)
{
	struct ring_refs none = {0};
	struct err_list err;
	struct store *s;
	struct keystore *k;
	size_t certs, rings;

	(void)state;
	err_init(&err);
	s = store_open(dir, &err);
	assert_true(store_write_ring(s, "ROOT", "MAIN", &none, &err));
	assert_true(store_remove_cert(s, "alice", ".hidden", &err));
	assert_false(store_has_cert(s, "ALICE", ".hidden"));
	store_close(s);
	k = load_well();
	keystore_count(k, &certs, &rings);
	assert_int_equal(certs, 2);
	assert_int_equal(rings, 1);
	assert_int_equal(keystore_ring(k, "root", "main")->connection_count, 0);
	keystore_put(k);
	err_fini(&err);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_load),
		CASE(test_names_in_files),
		CASE(test_missing_and_empty),
		CASE(test_notrust),
		CASE(test_loose_permissions),
		CASE(test_foreign_owner),
		CASE(test_links),
		CASE(test_all_problems),
		CASE(test_wrong_key),
		CASE(test_two_in_one),
		CASE(test_same_owner_twice),
		CASE(test_access),
		CASE(test_store_keeps_spelling),
	};

	return cmocka_run_group_tests_name("keyring", tests, make_all, free_all);
}
