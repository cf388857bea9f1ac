/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_ini.c - the INI reader: what it takes, what it refuses, and that nothing is lost */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "base/ini.h"

static struct ini *load(const char *text, struct err_list *err)
{
	err_init(err);
	return ini_load_text("f.ini", text, strlen(text), err);
}

/* @text must load without a word; its first section is returned through @ini. */
static struct ini *good(const char *text)
{
	struct err_list err;
	struct ini *ini = load(text, &err);

	for (size_t i = 0; i < err.count; i++)
		print_error("%s\n", err.lines[i]);
	assert_int_equal(err.count, 0);
	assert_non_null(ini);
	return ini;
}

static void refused(const char *text, const char *sentence)
{
	struct err_list err;
	struct ini *ini = load(text, &err);

	assert_non_null(ini);
	assert_int_equal(err.count, 1);
	assert_string_equal(err.lines[0], sentence);
	ini_free(ini);
	err_fini(&err);
}

static void value_is(const char *line, const char *value)
{
	char text[512];
	struct ini *ini;

	snprintf(text, sizeof(text), "[s]\n%s\n", line);
	ini = good(text);
	assert_int_equal(ini->section_count, 1);
	assert_int_equal(ini->sections[0].entry_count, 1);
	assert_string_equal(ini->sections[0].entries[0].value, value);
	ini_free(ini);
}

static void test_shape(void **state)
{
	struct ini *ini = good("\xef\xbb\xbf# first\r\n[Rule A b] ; why\r\nKey=Val ue\r\n\r\n"
			       "  [gateway]\n\tmode = host\nInside=x");
	const struct ini_section *s = ini->sections;

	(void)state;
	assert_int_equal(ini->section_count, 2);
	assert_string_equal(s[0].kind, "Rule");
	assert_string_equal(s[0].name, "A b");
	assert_int_equal(s[0].line, 2);
	assert_string_equal(s[0].entries[0].key, "Key");
	assert_string_equal(ini_get(&s[0], "kEY"), "Val ue");
	assert_int_equal(s[0].entries[0].line, 3);
	assert_string_equal(s[1].kind, "gateway");
	assert_string_equal(s[1].name, "");
	assert_string_equal(ini_get(&s[1], "inside"), "x");
	assert_int_equal(s[1].entries[1].line, 7);
	assert_null(ini_get(&s[1], "outside"));
	ini_free(ini);
}

static void test_values(void **state)
{
	(void)state;
	value_is("k = pkcs11:token=a;object=b", "pkcs11:token=a;object=b");
	value_is("k = a#b ;c", "a#b");
	value_is("k = a\t# c", "a");
	value_is("k =", "");
	value_is("k = # nothing", "");
	value_is("k = \"\"", "");
	value_is("k = ''", "");
	value_is("k = \"a ; b # c\" # d", "a ; b # c");
	value_is("k = ' padded '", " padded ");
	value_is("k = \"it's\"", "it's");
	value_is("k = '\"'", "\"");
	value_is("k = it's \"both\";#x", "it's \"both\";#x");
	value_is("k = =x=y", "=x=y");
	value_is("k = 100%s%n", "100%s%n");
	value_is("k = [x]", "[x]");
	value_is("k:x = y:z", "y:z");
	value_is("k = \xc3\xa4", "\xc3\xa4");
	value_is("k = a\\b", "a\\b");
}

static void test_continuation(void **state)
{
	struct ini *ini;

	(void)state;
	value_is("k = a, \\\n    b, \\\r\n c", "a,     b,  c");
	value_is("k = a,\\   \nb", "a,b");
	value_is("k = a, \\ # one\n  # b, \\\n c # two", "a,  c");
	value_is("k = \"a # \\\n b\"", "a #  b");
	value_is("k = a \\\\\n", "a \\");
	ini = good("[s]\n# a comment does not go on \\\nk = 1 # nor this \\\nl = 2\n");
	assert_int_equal(ini->sections[0].entry_count, 2);
	assert_int_equal(ini->sections[0].entries[1].line, 4);
	ini_free(ini);
	refused("[s]\nk = a \\\n", "f.ini:2: [s]: the last line ends in a backslash, but nothing "
				   "follows");
}

static void test_refusals(void **state)
{
	(void)state;
	refused("k = v\n[s]\n", "f.ini:1: k: stands before the first [section]");
	refused("[s]\nk\n", "f.ini:2: [s]: \"k\" is neither [section] nor key = value");
	refused("[s]\n= v\n", "f.ini:2: [s]: a key is missing before '='");
	refused("[s t\nk = v\n", "f.ini:1: [s t: a section header ends in ]");
	refused("[s] t\nk = v\nk2\n", "f.ini:1: [s] t: nothing but a comment may follow the ]");
	refused("[ ]\n", "f.ini:1: []: a section needs a name");
	refused("[a:b]\n", "f.ini:1: [a:b]: a section name may not contain ':'");
	refused("[a[b]\n", "f.ini:1: [a[b]: a section name may not contain '['");
	refused("[s]\nk = \"a\n",
		"f.ini:2: [s] k: the value begins with \" but does not end with it");
	refused("[s]\nk = \"\n",
		"f.ini:2: [s] k: the value begins with \" but does not end with it");
	refused("[s]\nk = 'a', 'b'\n",
		"f.ini:2: [s] k: text after the closing quote: quote the value as a whole");
	refused("[s]\nk = 1\nK = 2\n", "f.ini:3: [s] K: is there already, in line 2");
	refused("[r a]\n[r b]\n[R  a]\n", "f.ini:3: [R a]: is there already, in line 1");
	refused("[s]\nk = a\x01z\n",
		"f.ini:2: [s]: control character 0x01: write plain text (UTF-8)");
	refused("[s]\rk = v\n", "f.ini:1: control character 0x0d: write plain text (UTF-8)");
}

static void test_case_of_names(void **state)
{
	struct ini *ini = good("[rule A]\nx=1\n[rule a]\nx=2\n");

	(void)state;
	assert_int_equal(ini->section_count, 2);
	assert_string_equal(ini_get(&ini->sections[0], "x"), "1");
	assert_string_equal(ini_get(&ini->sections[1], "x"), "2");
	ini_free(ini);
}

static void test_every_problem(void **state)
{
	struct err_list err;
	struct ini *ini = load("a=1\n[s\n[t]\nb\nc=\"x\n", &err);

	(void)state;
	assert_int_equal(err.count, 4);
	ini_free(ini);
	err_fini(&err);
}

/* Of a key that is there three times the first one counts, and each other is complained of. */
static void test_duplicates(void **state)
{
	struct err_list err;
	struct ini *ini = load("[s]\nk = first\na = 1\nK = \"second\"\nk = 3\n", &err);

	(void)state;
	assert_int_equal(err.count, 2);
	assert_string_equal(err.lines[1], "f.ini:5: [s] k: is there already, in line 2");
	assert_int_equal(ini->sections[0].entry_count, 2);
	assert_string_equal(ini_get(&ini->sections[0], "k"), "first");
	ini_free(ini);
	err_fini(&err);
}

/* What iniparser reads by itself and what it is given in pieces, side by side. */
static void test_mixture(void **state)
{
	struct ini *ini = good("[s]\na = '\"x;'\nb = y\nc = \"p;q\"\nd = 1;2\ne = '\"x'\nf =\n");
	static const char *const values[] = {"\"x;", "y", "p;q", "1;2", "\"x", ""};

	(void)state;
	for (size_t i = 0; i < 6; i++)
		assert_string_equal(ini->sections[0].entries[i].value, values[i]);
	ini_free(ini);
}

static void test_nul(void **state)
{
	static const char text[] = "[s]\nk = a\0b\n";
	struct err_list err;
	struct ini *ini;

	(void)state;
	err_init(&err);
	ini = ini_load_text("f", text, sizeof(text) - 1, &err);
	assert_int_equal(err.count, 1);
	ini_free(ini);
	err_fini(&err);
}

/* Values of every length around iniparser's buffer, plain, with both quotes and with marks. */
static void test_long(void **state)
{
	static const char *const patterns[] = {"a", "a;#", "'\"", "x'y\"z;"};
	static const size_t lengths[] = {
		700, 799, 800, 801, 990, 999, 1000, 1001, 1021, 1024, 5000, 200000};

	(void)state;
	for (size_t p = 0; p < 4; p++) {
		for (size_t l = 0; l < sizeof(lengths) / sizeof(lengths[0]); l++) {
			size_t len = lengths[l], plen = strlen(patterns[p]);
			char *text = malloc(len + 16), *value = text + 9;
			struct ini *ini;

			stpcpy(text, "[s]\nkk = ");
			for (size_t i = 0; i < len; i++)
				value[i] = patterns[p][i % plen];
			value[0] = 'v'; /* a quote there would be another matter */
			value[len] = '\0';
			ini = good(text);
			assert_string_equal(ini->sections[0].entries[0].value, value);
			ini_free(ini);
			free(text);
		}
	}
}

/* "[s]", and @before, @len times 'x', @after; owned. */
static char *with_long(const char *before, size_t len, const char *after)
{
	char *text = malloc(strlen(before) + len + strlen(after) + 1), *at;

	at = stpcpy(text, before);
	memset(at, 'x', len);
	stpcpy(at + len, after);
	return text;
}

/* A line of iniparser has 1,024 bytes, whatever they are; here none is too long. */
static void test_long_lines(void **state)
{
	static const size_t lengths[] = {1015, 1021, 1022, 1024, 1025, 3000};

	(void)state;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		static const char *const around[][2] = {
			{"[s]\n# ", "\nk = v\n"},
			{"[s]\nk = v # ", "\n"},
			{"[s] ; ", "\nk = v\n"},
			{"[s]\n", " = v\n"},
			{"[", "]\nk = v\n"},
		};

		for (size_t k = 0; k < sizeof(around) / sizeof(around[0]); k++) {
			char *text = with_long(around[k][0], lengths[i], around[k][1]);
			struct ini *ini = good(text);

			assert_int_equal(ini->section_count, 1);
			assert_int_equal(ini->sections[0].entry_count, 1);
			assert_string_equal(ini->sections[0].entries[0].value, "v");
			if (k == 3)
				assert_int_equal(
					strlen(ini->sections[0].entries[0].key), lengths[i]);
			if (k == 4)
				assert_int_equal(strlen(ini->sections[0].kind), lengths[i]);
			ini_free(ini);
			free(text);
		}
	}
}

/* One value of 500 lines, longer than any line that iniparser takes. */
static void test_long_continuation(void **state)
{
	char *text, *want;
	size_t len, want_len;
	FILE *f = open_memstream(&text, &len), *w = open_memstream(&want, &want_len);
	struct ini *ini;

	(void)state;
	fprintf(f, "[s]\nk = ");
	for (int i = 0; i < 500; i++) {
		fprintf(f, "item%d, \\\n", i);
		fprintf(w, "item%d, ", i);
	}
	fprintf(f, "end\nl = 1\n");
	fprintf(w, "end");
	fclose(f);
	fclose(w);
	ini = good(text);
	assert_string_equal(ini_get(&ini->sections[0], "k"), want);
	assert_int_equal(ini->sections[0].entries[1].line, 503);
	ini_free(ini);
	free(text);
	free(want);
}

/* A byte order mark is one at the start of a file only. */
static void test_byte_order_mark(void **state)
{
	struct ini *ini = good("\xef\xbb\xbf");

	(void)state;
	assert_int_equal(ini->section_count, 0);
	ini_free(ini);
	ini = good("\xef\xbb\xbf[s]\nk = \xef\xbb\xbf\n");
	assert_string_equal(ini->sections[0].kind, "s");
	assert_string_equal(ini->sections[0].entries[0].value, "\xef\xbb\xbf");
	ini_free(ini);
	refused("\n\xef\xbb\xbf[s]\n",
		"f.ini:2: \"\xef\xbb\xbf[s]\" is neither [section] nor key = value");
}

/* What is wrong with one section does no harm to those beside it. */
static void test_neighbours(void **state)
{
	struct err_list err;
	struct ini *ini =
		load("[r a]\nk = 1\n[r b:k]\nk = 2\n[r A]\nk = 3\n[r b]\nk:k = 4\n", &err);
	static const char *const names[] = {"a", "A", "b"}, *const values[] = {"1", "3", "4"};
	size_t found = 0;

	(void)state;
	assert_int_equal(err.count, 1);
	for (size_t i = 0; i < ini->section_count; i++) {
		for (size_t k = 0; k < 3; k++) {
			if (strcmp(ini->sections[i].name, names[k]) != 0)
				continue;
			assert_string_equal(ini->sections[i].entries[0].value, values[k]);
			found++;
		}
	}
	assert_int_equal(found, 3);
	ini_free(ini);
	err_fini(&err);
}

/* Headers with either mark after them, sections without keys, keys with blanks and dots. */
static void test_headers_and_keys(void **state)
{
	struct ini *ini = good("[s] # one\n[t]  ;two\n[u]\t# three\ntwo words = 1\na.b-c = 2\n");

	(void)state;
	assert_int_equal(ini->section_count, 3);
	assert_int_equal(ini->sections[0].entry_count, 0);
	assert_string_equal(ini_get(&ini->sections[2], "two words"), "1");
	assert_string_equal(ini_get(&ini->sections[2], "A.B-c"), "2");
	ini_free(ini);
}

/* 20,000 sections, and one of 20,000 keys: linear, so far below a second each. */
static void test_many(void **state)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);
	struct timespec from, to;
	struct ini *ini;

	(void)state;
	for (int i = 0; i < 20000; i++)
		fprintf(f, "[rule r%d]\na = %d\nb = x;y\n", i, i);
	fprintf(f, "[big]\n");
	for (int i = 0; i < 20000; i++)
		fprintf(f, "key%d = %d\n", i, i);
	fclose(f);
	clock_gettime(CLOCK_MONOTONIC, &from);
	ini = good(text);
	clock_gettime(CLOCK_MONOTONIC, &to);
	assert_int_equal(ini->section_count, 20001);
	for (int i = 0; i < 20000; i++) {
		assert_int_equal((int)strtol(ini->sections[i].entries[0].value, NULL, 10), i);
		assert_string_equal(ini->sections[i].entries[1].value, "x;y");
		assert_int_equal((int)strtol(ini->sections[20000].entries[i].value, NULL, 10), i);
	}
	assert_true(to.tv_sec - from.tv_sec < 15);
	ini_free(ini);
	free(text);
}

static void test_files(void **state)
{
	char path[] = "/tmp/test_ini.XXXXXX";
	struct err_list err;
	struct ini *ini;
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(dprintf(fd, "[a]\nb = c\n[a]\n"), 14);
	err_init(&err);
	ini = ini_load(path, &err);
	assert_non_null(ini);
	assert_string_equal(ini->sections[0].file, path);
	assert_int_equal(err.count, 1);
	ini_error(&err, &ini->sections[0], "b", "is %d", 7);
	assert_string_equal(strstr(err.lines[1], ":2: "), ":2: [a] b: is 7");
	ini_error(&err, &ini->sections[0], "x", "is missing");
	assert_string_equal(strstr(err.lines[2], ":1: "), ":1: [a] x: is missing");
	ini_error(&err, &ini->sections[0], NULL, "odd");
	assert_string_equal(strstr(err.lines[3], ":1: "), ":1: [a]: odd");
	ini_free(ini);
	remove(path);
	assert_null(ini_load(path, &err));
	assert_non_null(strstr(err.lines[4], "cannot be read: No such file"));
	assert_null(ini_load("/tmp", &err));
	assert_non_null(strstr(err.lines[5], "/tmp: cannot be read: Is a directory"));
	err_fini(&err);
	fclose(fdopen(fd, "r"));
}

static void test_nearest(void **state)
{
	static const char *const words[] = {
		"direction", "local_addr", "remote_addr", "role", "ring", NULL};
	char longer[200];

	(void)state;
	memset(longer, 'a', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	assert_string_equal(ini_nearest("diretcion", words), "direction");
	assert_string_equal(ini_nearest("Remote-Addr", words), "remote_addr");
	assert_string_equal(ini_nearest("rol", words), "role");
	assert_string_equal(ini_nearest("ringg", words), "ring");
	assert_null(ini_nearest("zzzz", words));
	assert_null(ini_nearest("", words));
	assert_null(ini_nearest(longer, words));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shape),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_continuation),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_case_of_names),
		cmocka_unit_test(test_every_problem),
		cmocka_unit_test(test_duplicates),
		cmocka_unit_test(test_mixture),
		cmocka_unit_test(test_nul),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_long_lines),
		cmocka_unit_test(test_long_continuation),
		cmocka_unit_test(test_byte_order_mark),
		cmocka_unit_test(test_neighbours),
		cmocka_unit_test(test_headers_and_keys),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_nearest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
