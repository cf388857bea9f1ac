/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_keyring.c - the keyring directory as a snapshot: what is read, what is refused and how */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/pem.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keyring/store.h"
#include "unit/folder.h"
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
	return folder_remove(dir);
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

/* What the ring's owner, with all rights, could present. */
static const struct cert *usable(const struct keyring *r, const char *label)
{
	struct ring_view v = {.ring = r, .user = r->owner, .right = RIGHT_CONTROL};

	return keyring_certificate(&v, label, NULL);
}

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
	assert_ptr_equal(usable(r, NULL), usable(r, "srv/1 50%"));
	assert_non_null(usable(r, NULL));
	assert_non_null(cert_key(usable(r, NULL)));
	assert_null(usable(r, "SRV/1 50%")); /* labels have case */
	assert_null(usable(r, "ca"));        /* no PERSONAL usage */
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
	assert_null(usable(keystore_ring(k, "root", "main"), NULL));
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
		"access.ini:7: [ring root/other]: grants nothing");
}

/* What shows only in decoding is told by whoever decodes. */
static void assert_bad(const char *owner, const char *part)
{
	struct keystore *k = load_well();
	struct err_list err;

	err_init(&err);
	assert_false(keyring_check(keystore_ring(k, owner, "*"), &err));
	assert_int_equal(err.count, 1);
	assert_non_null(strstr(err.lines[0], part));
	err_fini(&err);
	keystore_put(k);
}

static void test_wrong_key(void **state)
{
	char from[256], to[256];
	struct keystore *k;

	(void)state;
	path_of("certs/Alice/%2Ehidden.key", from);
	path_of("certs/CERTAUTH/ca.key", to);
	assert_int_equal(rename(from, to), 0);
	assert_bad("CERTAUTH", "ca.pem: the private key beside it does not belong");
	k = load_well();
	assert_null(cert_key(keystore_cert(k, "CERTAUTH", "ca")));
	assert_true(cert_has_key(keystore_cert(k, "CERTAUTH", "ca")));
	keystore_put(k);
	put("certs/CERTAUTH/ca.key", "-----BEGIN PRIVATE KEY-----\nAAAA\n");
	assert_bad("CERTAUTH", "ca.pem: beside it is no usable private key");
	put("certs/CERTAUTH/ca.key", "nothing");
	REFUSED("ca.key: is no usable private key");
}

/* While both are replaced the file holds two keys; the one that fits is taken. */
static void test_two_keys(void **state)
{
	char path[256];
	struct keystore *k;
	FILE *f;

	(void)state;
	path_of("certs/CERTAUTH/ca.key", path);
	for (int order = 0; order < 2; order++) {
		f = fopen(path, "w");
		assert_non_null(f);
		PEM_write_PrivateKey(f, order ? ca.key : server.key, NULL, NULL, 0, NULL, NULL);
		PEM_write_PrivateKey(f, order ? server.key : ca.key, NULL, NULL, 0, NULL, NULL);
		fclose(f);
		k = load_well();
		assert_int_equal(
			EVP_PKEY_eq(cert_key(keystore_cert(k, "CERTAUTH", "ca")), ca.key), 1);
		keystore_put(k);
	}
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

static enum ring_right right(const char *user, const char *owner, const char *name)
{
	struct keystore *k = load_well();
	enum ring_right r = keystore_right(k, user, keystore_ring(k, owner, name));

	keystore_put(k);
	return r;
}

static void test_access(void **state)
{
	(void)state;
	assert_int_equal(right("Root", "root", "main"), RIGHT_READ);
	assert_int_equal(right("alice", "root", "main"), RIGHT_NONE);
	assert_int_equal(right(NULL, "root", "main"), RIGHT_NONE);
	assert_int_equal(right("root", "root", "*"), RIGHT_READ);
	assert_int_equal(right("root", "alice", "*"), RIGHT_NONE);
	assert_int_equal(right("root", "*AUTH*", "*"), RIGHT_NONE);

	put("access.ini", "[ring ROOT/Main]\nread = alice, 0\nupdate = bob\ncontrol = carol\n"
			  "[ring *AUTH*/*]\nread = *\n[ring alice/*]\nupdate = group:root\n");
	assert_int_equal(right("ALICE", "root", "main"), RIGHT_READ);
	assert_int_equal(right("bob", "root", "main"), RIGHT_UPDATE);
	assert_int_equal(right("carol", "root", "main"), RIGHT_CONTROL);
	assert_int_equal(right("dave", "root", "main"), RIGHT_NONE);
	assert_int_equal(right(NULL, "root", "main"), RIGHT_NONE);
	assert_int_equal(right(NULL, "CERTAUTH", "*"), RIGHT_READ);
	assert_int_equal(right("root", "alice", "*"), RIGHT_UPDATE);
	assert_int_equal(right("bob", "alice", "*"), RIGHT_NONE);

	put("access.ini", "[ring root/main]\ncontrol = *\n");
	assert_int_equal(right("bob", "root", "main"), RIGHT_CONTROL);
	assert_int_equal(right(NULL, "root", "main"), RIGHT_CONTROL);
	put("access.ini", "[ring root/main]\nread = *\nupdate = 0\n");
	assert_int_equal(right("root", "root", "main"), RIGHT_UPDATE);
}

/* Each user once, in order, whatever the user has to do with the store; nobody else. */
static void test_users(void **state)
{
	static const char *const wanted[] = {"Alice", "bob", "root"};
	struct keystore *k;

	(void)state;
	put("access.ini", "[ring root/main]\nread = bob, ALICE, *\n");
	k = load_well();
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(strcasecmp(keystore_user_at(k, i), wanted[i]), 0);
	assert_null(keystore_user_at(k, 3));
	keystore_put(k);
}

/* The table of private-key sharing: whose certificate, which right. */
static void test_key_rules(void **state)
{
	static const struct {
		const char *owner;
		const char *user;
		enum ring_right needed;
	} cases[] = {
		{"alice", "Alice", RIGHT_READ},
		{"alice", "bob", RIGHT_UPDATE},
		{"alice", NULL, RIGHT_UPDATE},
		{"SITE", "alice", RIGHT_CONTROL},
		{"CERTAUTH", "alice", RIGHT_CONTROL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct cert cert = server;
		struct connection c = {.cert = &cert, .is_default = true};
		struct keyring r = {
			.owner = server.owner, .connections = &c, .connection_count = 1};
		struct ring_view v = {.ring = &r, .user = cases[i].user};
		enum ring_right needed;

		cert.owner = (char *)cases[i].owner;
		for (v.right = RIGHT_NONE; v.right < RIGHTS; v.right++) {
			bool enough = v.right >= cases[i].needed;

			assert_true(!!keyring_certificate(&v, NULL, &needed) == enough);
			assert_int_equal(needed, enough ? RIGHT_NONE : cases[i].needed);
		}
		c.usage = CERT_SITE; /* whoever asks */
		assert_null(keyring_certificate(&v, NULL, &needed));
		assert_int_equal(needed, RIGHT_NONE);
	}
}

static void test_virtual_rings(void **state)
{
	struct keystore *k = load_well();
	const struct keyring *r = keystore_ring(k, "*auth*", "*");
	size_t certs, rings;

	(void)state;
	assert_ptr_equal(r, keystore_ring(k, "CertAuth", "*"));
	assert_int_equal(r->connection_count, 1);
	assert_int_equal(r->connections[0].usage, CERT_CERTAUTH);
	r = keystore_ring(k, "ROOT", "*");
	assert_int_equal(r->connection_count, 1);
	assert_int_equal(r->connections[0].usage, CERT_PERSONAL);
	assert_null(usable(r, NULL)); /* a virtual ring has no default */
	assert_non_null(usable(r, "srv/1 50%"));
	assert_null(keystore_ring(k, "*SITE*", "*"));
	assert_null(keystore_ring(k, "nobody", "*"));
	keystore_count(k, &certs, &rings);
	assert_int_equal(rings, 1);
	keystore_put(k);
}

/* One certificate under two names is told, and found by serial number and issuer. */
static void test_same_certificate(void **state)
{
	char from[256], to[256];
	struct err_list err;
	struct keystore *k = load_well();
	const struct cert *c = keystore_cert(k, "CERTAUTH", "ca");

	(void)state;
	assert_ptr_equal(keystore_same(k, &c->facts), c);
	assert_ptr_not_equal(keystore_same(k, &keystore_cert(k, "alice", ".hidden")->facts), c);
	keystore_put(k);
	path_of("certs/CERTAUTH/ca.pem", from);
	path_of("certs/CERTAUTH/copy.pem", to);
	assert_int_equal(link(from, to), 0);
	err_init(&err);
	keystore_put(keystore_load(dir, &err));
	assert_int_equal(err.count, 0);
	assert_int_equal(err.warning_count, 1);
	assert_non_null(strstr(err.warnings[0], "is the same certificate as"));
	err_fini(&err);
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
	assert_true(store_remove_cert(s, "alice", ".hidden", STORE_ALL, &err));
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
		CASE(test_two_keys),
		CASE(test_two_in_one),
		CASE(test_same_owner_twice),
		CASE(test_access),
		CASE(test_users),
		CASE(test_key_rules),
		CASE(test_virtual_rings),
		CASE(test_same_certificate),
		CASE(test_store_keeps_spelling),
	};

	return cmocka_run_group_tests_name("keyring", tests, make_all, free_all);
}
