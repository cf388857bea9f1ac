/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_certuser.c - which user a certificate stands for: stored, by its names, by its extension */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <openssl/x509v3.h>

#include "keyring/certuser.h"
#include "keyring/files.h"
#include "keyring/pem.h"
#include "keyring/store.h"
#include "keyring/subject.h"
#include "keyring/usermap.h"
#include "unit/folder.h"
#include "unit/make_cert.h"

static char dir[] = "/tmp/attls-certuser.XXXXXX";
static struct cert ca, other_ca, leaf;

static void put(const char *name, const char *text)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

static int setup(void **state)
{
	char path[512];

	(void)state;
	memset(dir + strlen(dir) - 6, 'X', 6);
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/maps", dir);
	assert_int_equal(mkdir(path, 0700), 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	return folder_remove(dir);
}

/* The directory must load, with @warnings of these. */
static struct keystore *load(size_t warnings)
{
	struct err_list err;
	struct keystore *k;

	err_init(&err);
	k = keystore_load(dir, &err);
	for (size_t i = 0; i < err.count; i++)
		print_error("%s\n", err.lines[i]);
	assert_int_equal(err.count, 0);
	assert_int_equal(err.warning_count, warnings);
	assert_non_null(k);
	err_fini(&err);
	return k;
}

/* ---- names ---- */

static X509_NAME *name_of(const char *text)
{
	struct err_list err;
	X509_NAME *name;

	err_init(&err);
	name = subject_parse(text, &err);
	for (size_t i = 0; i < err.count; i++)
		print_error("%s\n", err.lines[i]);
	assert_non_null(name);
	err_fini(&err);
	return name;
}

/* Whom the filters give a certificate with these names; "" for nobody. */
static const char *filtered(const char *subject, const char *issuer, const char *applid)
{
	static char user[NAME_SIZE];
	struct keystore *k = load(0);
	X509_NAME *s = name_of(subject), *i = name_of(issuer);
	const char *found = usermap_filter(keystore_usermap(k), s, i, applid);

	snprintf(user, sizeof(user), "%s", found ? found : "");
	X509_NAME_free(s);
	X509_NAME_free(i);
	keystore_put(k);
	return user;
}

static const char bob[] = "CN=Bob,OU=Sales,O=Example,C=DE", root[] = "CN=Root,O=Trust,C=US";

/* Each step wins over those that follow: filters taken away one by one show the order. */
static void test_six_steps(void **state)
{
	static const struct {
		const char *file, *text;
	} filters[] = {
		{"maps/a.map", "[map]\nuser=u1\nsubject=CN=Bob,OU=Sales,O=Example,C=DE\n"
			       "issuer=CN=Root,O=Trust,C=US\n"},
		{"maps/b.map", "[map]\nuser=u2\nsubject=OU=Sales,O=Example,C=DE\n"
			       "issuer=CN=Root,O=Trust,C=US\n"},
		{"maps/c.map", "[map]\nuser=u3\nsubject=O=Example,C=DE\n"
			       "issuer=CN=Root,O=Trust,C=US\n"},
		{"maps/d.map", "[map]\nuser=u4\nsubject=CN=Bob,OU=Sales,O=Example,C=DE\n"},
		{"maps/e.map", "[map]\nuser=u5\nsubject=OU=Sales,O=Example,C=DE\n"},
		{"maps/f.map", "[map]\nuser=u6\nsubject=C=DE\n"},
		{"maps/g.map", "[map]\nuser=u7\nissuer=CN=Root,O=Trust,C=US\n"},
		{"maps/h.map", "[map]\nuser=u8\nissuer=O=Trust,C=US\n"},
		{"maps/i.map", "[map]\nuser=u9\nissuer=C=US\n"},
	};
	size_t count = sizeof(filters) / sizeof(filters[0]);

	(void)state;
	for (size_t i = 0; i < count; i++)
		put(filters[i].file, filters[i].text);
	for (size_t i = 0; i < count; i++) {
		char wanted[] = "u0", path[512];

		wanted[1] = (char)('1' + i);
		assert_string_equal(filtered(bob, root, NULL), wanted);
		snprintf(path, sizeof(path), "%s/%s", dir, filters[i].file);
		assert_int_equal(unlink(path), 0);
	}
	assert_string_equal(filtered(bob, root, NULL), "");
}

/* One filter and one certificate. */
struct fit {
	const char *subject, *issuer; /* of the filter; NULL: any */
	const char *cert_subject, *cert_issuer;
	bool fits;
};

static const struct fit fits[] = {
	{"OU=Sales,O=Example", NULL, "CN=Bob,OU=Sales,O=Example", root, true},
	{"CN=Bob", NULL, "CN=Bob", root, true},
	/* an end begins where an RDN begins */
	{"OU=ales,O=Example", NULL, "CN=Bob,OU=Sales,O=Example", root, false},
	{"O=Example", NULL, "CN=Bob,O=Example,C=DE", root, false},
	{"CN=Bob,C=DE", NULL, "CN=Bob,O=Example,C=DE", root, false},
	{"O=Example", NULL, "CN=Bob\\,O=Example", root, false},
	{"O=Example,C=DE", NULL, "CN=Bob\\,O\\=Example,C=DE", root, false},
	{"O=Example\\, Inc.", NULL, "CN=Bob,O=Example\\, Inc.", root, true},
	{"O=Example\\2C Inc.", NULL, "CN=Bob,O=Example\\, Inc.", root, true},
	{"CN=Inc.", NULL, "CN=Bob,O=Example\\,CN=Inc.", root, false},
	{"O=back\\\\", NULL, "CN=Bob,O=back\\\\", root, true},
	{"O=x", NULL, "CN=back\\\\,O=x", root, true},
	{"O=a\\+b", NULL, "CN=Bob,O=a+b", root, true},
	/* an RDN of two attributes is whole or not there */
	{"CN=Bob+UID=7,O=Example", NULL, "CN=Bob+UID=7,O=Example", root, true},
	{"CN=Bob+UID=7,O=Example", NULL, "OU=x,CN=Bob+UID=7,O=Example", root, true},
	{"UID=7,O=Example", NULL, "CN=Bob+UID=7,O=Example", root, false},
	{"CN=Bob,O=Example", NULL, "CN=Bob+UID=7,O=Example", root, false},
	{"CN=Bob,UID=7,O=Example", NULL, "CN=Bob+UID=7,O=Example", root, false},
	{"CN=Bob\\+UID=7,O=Example", NULL, "CN=Bob+UID=7,O=Example", root, false},
	{"O=Example", NULL, "CN=Bob+UID=7,O=Example", root, true},
	/* case and blanks count within values, not in the names of attributes or between RDNs */
	{"O=example", NULL, "CN=Bob,O=Example", root, false},
	{"o=Example", NULL, "CN=Bob,O=Example", root, true},
	{" O=Example, C=DE", NULL, "CN=Bob,O=Example,C=DE", root, true},
	{"O=Example  Ltd", NULL, "CN=Bob,O=Example Ltd", root, false},
	/* both, and never a whole subject with the end of an issuer */
	{"CN=Bob,O=Example", "CN=Root,O=Trust", "CN=Bob,O=Example", "CN=Root,O=Trust", true},
	{"O=Example", "CN=Root,O=Trust", "CN=Bob,O=Example", "CN=Root,O=Trust", true},
	{"CN=Bob,O=Example", "O=Trust", "CN=Bob,O=Example", "CN=Root,O=Trust", false},
	{"O=Example", "O=Trust", "CN=Bob,O=Example", "CN=Root,O=Trust", false},
	{"O=Example", "CN=Root,O=Trust", "CN=Bob,O=Example", "CN=Root,O=Other", false},
	{"O=Example", "CN=Root,O=Trust", "CN=Bob,O=Other", "CN=Root,O=Trust", false},
	{NULL, "O=Trust", "CN=Bob", "CN=Root,O=Trust", true},
	{NULL, "O=Trust", "CN=Bob,O=Trust", "CN=Root", false},
	{"O=Trust", NULL, "CN=Bob", "CN=Root,O=Trust", false},
};

static void test_fits(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(fits) / sizeof(fits[0]); i++) {
		const struct fit *f = &fits[i];
		struct map_filter filter = {.user = (char *)"alice",
			.subject = (char *)f->subject,
			.issuer = (char *)f->issuer,
			.trust = true};
		char *text = mapfile_text(&filter);

		put("maps/x.map", text);
		if (strcmp(filtered(f->cert_subject, f->cert_issuer, NULL),
			    f->fits ? "alice" : "") != 0)
			fail_msg("row %zu: %s", i, text);
		free(text);
	}
}

static void test_notrust_is_passed_over(void **state)
{
	(void)state;
	put("maps/a.map", "[map]\nuser=alice\nsubject=CN=Bob,O=Example\ntrust=notrust\n");
	assert_string_equal(filtered("CN=Bob,O=Example", root, NULL), "");
	put("maps/b.map", "[map]\nuser=all\nsubject=O=Example\n");
	assert_string_equal(filtered("CN=Bob,O=Example", root, NULL), "all");
}

/* A name of a thousand RDNs costs a bounded number of look-ups, and fits nothing by its end. */
static void test_endless_name(void **state)
{
	X509_NAME *name = name_of("O=Example"), *issuer = name_of(root);
	struct keystore *k;

	(void)state;
	put("maps/a.map", "[map]\nuser=alice\nsubject=O=Example\n");
	k = load(0);
	assert_string_equal(usermap_filter(keystore_usermap(k), name, issuer, NULL), "alice");
	for (int i = 0; i < 1000; i++)
		X509_NAME_add_entry_by_txt(
			name, "OU", MBSTRING_UTF8, (const unsigned char *)"x", -1, -1, 0);
	assert_null(usermap_filter(keystore_usermap(k), name, issuer, NULL));
	X509_NAME_free(name);
	X509_NAME_free(issuer);
	keystore_put(k);
}

static void test_criteria(void **state)
{
	char host[256] = "", text[1024];

	(void)state;
	assert_int_equal(gethostname(host, sizeof(host) - 1), 0);
	put("maps/a.map", "[map]\ncriteria=APPLID=&APPLID\nsubject=CN=Bob,O=Example\n");
	put("maps/b.map", "[map]\ncriteria=&applid on &SYSID\nissuer=CN=Root,O=Trust,C=US\n");
	put("maps/c.map", "[map]\ncriteria=SYSID=&SYSID\nissuer=C=US\n");
	assert_string_equal(filtered("CN=Bob,O=Example", root, "web"), "");
	snprintf(text, sizeof(text),
		"[criteria APPLID=web]\nuser=alice\n[criteria mail on %s]\nuser=carol\n"
		"[criteria SYSID=elsewhere]\nuser=eve\n",
		host);
	put("identity.ini", text);
	assert_string_equal(filtered("CN=Bob,O=Example", root, "web"), "alice");
	assert_string_equal(filtered("CN=Bob,O=Example", root, "WEB"), "alice");
	/* whom nobody means is passed over: the next step decides */
	assert_string_equal(filtered("CN=Bob,O=Example", root, "mail"), "carol");
	assert_string_equal(filtered("CN=Bob,O=Example", root, "news"), "");
	assert_string_equal(filtered("CN=Bob,O=Example", root, NULL), "");
}

static void refused(const char *part)
{
	struct err_list err;

	err_init(&err);
	assert_null(keystore_load(dir, &err));
	assert_int_equal(err.count, 1);
	if (!strstr(err.lines[0], part))
		fail_msg("\"%s\" is not in \"%s\"", part, err.lines[0]);
	err_fini(&err);
}

static void test_identity_refused(void **state)
{
	static const char *const rows[][2] = {
		{"[criteria]\nuser=a\n", "names no criteria"},
		{"[criteria A=b]\naccept=a\n", "accept"},
		{"[criteria A=b]\nuser=SITE\n", "\"SITE\" is no user"},
		{"[hosts a]\naccept=a\n", "unknown section"},
		{"[hosts]\nuser=a\n", "user"},
		{"[people]\nx=a\n", "unknown section"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err_list err;
		bool said = false;

		put("identity.ini", rows[i][0]);
		err_init(&err);
		assert_null(keystore_load(dir, &err));
		for (size_t j = 0; j < err.count; j++)
			said = said || strstr(err.lines[j], rows[i][1]);
		if (!said)
			fail_msg("%s: %s", rows[i][0], err.lines[0]);
		err_fini(&err);
	}
	put("identity.ini", "");
	put("maps/a.map", "[map]\nuser=a\nsubject=CN=x\n");
	put("maps/b.map", "[map]\nuser=b\nsubject=cn=x\n");
	refused("filters a and b have the same names");
}

static void test_unknown_variable_is_told(void **state)
{
	(void)state;
	put("maps/a.map", "[map]\ncriteria=&TERMINAL\nsubject=CN=x\n");
	keystore_put(load(1));
}

/* ---- certificates ---- */

static void store_cert(const char *owner, struct cert *c, enum cert_trust trust)
{
	struct err_list err;
	struct store *s;
	struct cert stored = *c;

	err_init(&err);
	stored.owner = (char *)owner;
	stored.trust = trust;
	stored.key = NULL;
	s = store_open(dir, &err);
	assert_true(store_write_cert(s, &stored, STORE_CERT | STORE_META, &err));
	store_close(s);
	err_fini(&err);
}

static const char *user_of(const X509 *x)
{
	static char user[NAME_SIZE];
	struct keystore *k = load(0);

	bool found = certuser_find(k, x, NULL, user);

	assert_true(found == (*user != '\0'));
	keystore_put(k);
	return user;
}

/* The very certificate is stored: then nothing else counts. */
static void test_exact(void **state)
{
	(void)state;
	put("maps/a.map", "[map]\nuser=filter\nsubject=CN=leaf\n");
	assert_string_equal(user_of(leaf.x509), "filter");
	store_cert("Alice", &leaf, CERT_TRUST);
	assert_string_equal(user_of(leaf.x509), "Alice");
	store_cert("Alice", &leaf, CERT_HIGHTRUST);
	assert_string_equal(user_of(leaf.x509), "Alice");
	store_cert("Alice", &leaf, CERT_NOTRUST);
	assert_string_equal(user_of(leaf.x509), "");
}

static void test_exact_of_nobody(void **state)
{
	(void)state;
	put("maps/a.map", "[map]\nuser=filter\nsubject=CN=leaf\n");
	store_cert("SITE", &leaf, CERT_TRUST);
	assert_string_equal(user_of(leaf.x509), "");
}

/* Another certificate with the serial number and issuer of a stored one is an impostor. */
static void test_same_number_is_not_the_same(void **state)
{
	struct issue wish = {.subject = "CN=leaf", .usage = ISSUE_HANDSHAKE};
	struct cert twin = make_cert("twin", &wish, &ca);

	(void)state;
	store_cert("Alice", &leaf, CERT_TRUST);
	assert_int_equal(X509_set_serialNumber(twin.x509, X509_get_serialNumber(leaf.x509)), 1);
	assert_true(X509_sign(twin.x509, ca.key, EVP_sha256()) > 0);
	assert_string_equal(user_of(twin.x509), "");
	make_free(&twin);
}

/* SET { SEQUENCE { [1] host, [2] user } ... } as DER; all lengths are short. */
static X509 *with_host_ids(const char *const (*pairs)[2], size_t count, const struct cert *signer)
{
	struct issue wish = {.subject = "CN=host user", .usage = ISSUE_HANDSHAKE};
	struct cert c = make_cert("h", &wish, signer);
	unsigned char der[200] = {0x31, 0};
	size_t n = 2;
	ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
	ASN1_OBJECT *oid = OBJ_txt2obj("1.3.18.0.2.18.1", 1);
	X509_EXTENSION *e;

	for (size_t i = 0; i < count; i++) {
		size_t host = strlen(pairs[i][0]), user = strlen(pairs[i][1]);

		der[n++] = 0x30;
		der[n++] = (unsigned char)(host + user + 4);
		der[n++] = 0x81;
		der[n++] = (unsigned char)host;
		memcpy(der + n, pairs[i][0], host);
		n += host;
		der[n++] = 0x82;
		der[n++] = (unsigned char)user;
		memcpy(der + n, pairs[i][1], user);
		n += user;
	}
	der[1] = (unsigned char)(n - 2);
	assert_int_equal(ASN1_OCTET_STRING_set(value, der, (int)n), 1);
	e = X509_EXTENSION_create_by_OBJ(NULL, oid, 0, value);
	assert_int_equal(X509_add_ext(c.x509, e, -1), 1);
	assert_true(X509_sign(c.x509, signer->key, EVP_sha256()) > 0);
	X509_EXTENSION_free(e);
	ASN1_OBJECT_free(oid);
	ASN1_OCTET_STRING_free(value);
	EVP_PKEY_free(c.key);
	return c.x509;
}

static void test_host_id_mappings(void **state)
{
	static const char *const pairs[][2] = {
		{"far.example", "eve"}, {"here.example", "carol"}, {"here.example", "dave"}};
	X509 *x = with_host_ids(pairs, 3, &ca);

	(void)state;
	store_cert("CERTAUTH", &ca, CERT_HIGHTRUST);
	assert_string_equal(user_of(x), ""); /* no host is accepted */
	put("identity.ini", "[hosts]\naccept = there.example, HERE.example\n");
	assert_string_equal(user_of(x), "carol");
	put("maps/a.map", "[map]\nuser=filter\nsubject=CN=host user\n");
	assert_string_equal(user_of(x), "filter");
	put("maps/a.map", "[map]\nuser=filter\nsubject=CN=host user\ntrust=notrust\n");
	store_cert("CERTAUTH", &ca, CERT_TRUST);
	assert_string_equal(user_of(x), ""); /* only a HIGHTRUST authority may say so */
	X509_free(x);
}

/* The name of a highly trusted authority is not enough: its signature must be there. */
static void test_host_ids_of_an_impostor(void **state)
{
	static const char *const pairs[][2] = {{"here.example", "root"}};
	X509 *x = with_host_ids(pairs, 1, &other_ca);

	(void)state;
	put("identity.ini", "[hosts]\naccept = here.example\n");
	store_cert("CERTAUTH", &ca, CERT_HIGHTRUST);
	assert_string_equal(user_of(x), "");
	store_cert("CERTAUTH", &other_ca, CERT_TRUST);
	assert_string_equal(user_of(x), "");
	X509_free(x);
}

static void test_bad_host_ids(void **state)
{
	static const char *const pairs[][2] = {{"here.example", "SITE"}, {"here.example", "a/b"},
		{"here.example", ""}, {"here.example", "a b"}, {"", "alice"}};

	(void)state;
	put("identity.ini", "[hosts]\naccept = here.example\n");
	store_cert("CERTAUTH", &ca, CERT_HIGHTRUST);
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		X509 *x = with_host_ids(&pairs[i], 1, &ca);

		assert_string_equal(user_of(x), "");
		X509_free(x);
	}
}

static int make_all(void **state)
{
	struct issue ca_wish = {.subject = "CN=CA", .usage = ISSUE_CERTSIGN};
	struct issue wish = {.subject = "CN=leaf", .usage = ISSUE_HANDSHAKE};

	(void)state;
	ca = make_cert("ca", &ca_wish, NULL);
	other_ca = make_cert("other", &ca_wish, NULL); /* the same name */
	leaf = make_cert("leaf", &wish, &ca);
	return 0;
}

static int free_all(void **state)
{
	(void)state;
	make_free(&ca);
	make_free(&other_ca);
	make_free(&leaf);
	return 0;
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_six_steps),
		CASE(test_fits),
		CASE(test_notrust_is_passed_over),
		CASE(test_endless_name),
		CASE(test_criteria),
		CASE(test_identity_refused),
		CASE(test_unknown_variable_is_told),
		CASE(test_exact),
		CASE(test_exact_of_nobody),
		CASE(test_same_number_is_not_the_same),
		CASE(test_host_id_mappings),
		CASE(test_host_ids_of_an_impostor),
		CASE(test_bad_host_ids),
	};

	return cmocka_run_group_tests_name("certuser", tests, make_all, free_all);
}
