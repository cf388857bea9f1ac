/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_manifest.c - what has changed in a keyring directory */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sys/stat.h>
#include <unistd.h>

#include "keyring/manifest.h"
#include "unit/folder.h"

static char folder[] = "/tmp/attls-manifest-XXXXXX";

static char *path_of(const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static void put(const char *name, const char *text)
{
	FILE *f = fopen(path_of(name), "w");

	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

static int setup(void **state)
{
	static const char *const folders[] = {"certs", "certs/root", "rings", "rings/root", "maps"};

	(void)state;
	if (!mkdtemp(folder))
		return -1;
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		if (mkdir(path_of(folders[i]), 0700) < 0)
			return -1;
	}
	put("certs/root/a.pem", "a");
	put("rings/root/r.ring", "r");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	return folder_remove(folder);
}

/* That @change is what has been done since @was, which is freed. */
static void expect(struct manifest *was, const char *change)
{
	struct manifest *is = manifest_read(folder);
	char *text = manifest_changes(was, is);

	assert_string_equal(text, change);
	assert_int_equal(manifest_equal(was, is), *change == '\0');
	free(text);
	manifest_free(is);
	manifest_free(was);
}

static void test_changes(void **state)
{
	struct manifest *was = manifest_read(folder);

	(void)state;
	put("certs/root/.tmp", "no name that counts");
	expect(was, "");
	was = manifest_read(folder);
	put("certs/root/b.pem", "b");
	put("access.ini", "");
	expect(was, "new: access.ini, certs/root/b.pem");
	was = manifest_read(folder);
	assert_int_equal(remove(path_of("certs/root/b.pem")), 0);
	assert_int_equal(chmod(path_of("rings/root/r.ring"), 0400), 0);
	put("maps/m.map", "m");
	expect(was, "new: maps/m.map; changed: rings/root/r.ring; gone: certs/root/b.pem");
}

/* Replaced by rename, with the same text and the same time of modification. */
static void test_replacement(void **state)
{
	struct manifest *was;
	char *from;
	struct timespec times[2] = {{.tv_sec = 1}, {.tv_sec = 1}};

	(void)state;
	assert_int_equal(utimensat(0, path_of("certs/root/a.pem"), times, 0), 0);
	was = manifest_read(folder);
	put("certs/root/.a", "a");
	assert_int_equal(utimensat(0, path_of("certs/root/.a"), times, 0), 0);
	from = strdup(path_of("certs/root/.a"));
	assert_int_equal(rename(from, path_of("certs/root/a.pem")), 0);
	free(from);
	expect(was, "changed: certs/root/a.pem");
}

static void test_many(void **state)
{
	struct manifest *was = manifest_read(folder);

	(void)state;
	for (int i = 0; i < 12; i++) {
		char name[32];

		snprintf(name, sizeof(name), "maps/%02d.map", i);
		put(name, "");
	}
	expect(was, "new: maps/00.map, maps/01.map, maps/02.map, maps/03.map, maps/04.map, "
		    "maps/05.map, maps/06.map, maps/07.map and 4 more");
}

static void test_links(void **state)
{
	struct manifest *m = manifest_read(folder);

	(void)state;
	assert_false(manifest_has_links(m));
	manifest_free(m);
	assert_int_equal(symlink("a.pem", path_of("certs/root/l.pem")), 0);
	m = manifest_read(folder);
	assert_true(manifest_has_links(m));
	manifest_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_changes),
		cmocka_unit_test(test_replacement),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_links),
	};

	return cmocka_run_group_tests_name("manifest", tests, setup, teardown);
}
