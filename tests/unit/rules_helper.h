/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rules_helper.h - policies from text, and what was said about them */
#ifndef ATTLS_TESTS_RULES_HELPER_H
#define ATTLS_TESTS_RULES_HELPER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "rules/policy.h"

/* A fresh file with @text; its path is in a static buffer. */
static inline const char *file_with(const char *text)
{
	static char path[64];
	int fd;

	snprintf(path, sizeof(path), "/tmp/attls-test.XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	return path;
}

/* Load @text as a rules file; NULL where it was refused. @err is initialised here. */
static inline struct policy *policy_try(const char *text, struct err_list *err)
{
	const char *path = file_with(text);
	struct policy *p;

	err_init(err);
	p = policy_load(path, err);
	unlink(path);
	return p;
}

/* A policy that must load without a word. */
static inline struct policy *policy_good(const char *text)
{
	struct err_list err;
	struct policy *p = policy_try(text, &err);

	for (size_t i = 0; i < err.count; i++)
		print_error("%s\n", err.lines[i]);
	for (size_t i = 0; i < err.warning_count; i++)
		print_error("%s\n", err.warnings[i]);
	assert_int_equal(err.count + err.warning_count, 0);
	assert_non_null(p);
	err_fini(&err);
	return p;
}

/* What stands after "PATH:" in @line: "LINE: [section] key: sentence". */
static inline const char *after_path(const char *line)
{
	const char *colon = strchr(line, ':');

	return colon ? colon + 1 : line;
}

/* @text must be refused with exactly @sentence, from the line number on. */
static inline void policy_refused(const char *text, const char *sentence)
{
	struct err_list err;
	struct policy *p = policy_try(text, &err);

	assert_null(p);
	for (size_t i = 1; i < err.count; i++)
		print_error("%s\n", err.lines[i]);
	assert_true(err.count > 0);
	assert_string_equal(after_path(err.lines[0]), sentence);
	assert_int_equal(err.count, 1);
	err_fini(&err);
}

/* @text must load with exactly one warning. */
static inline void policy_warned(const char *text, const char *sentence)
{
	struct err_list err;
	struct policy *p = policy_try(text, &err);

	assert_non_null(p);
	assert_int_equal(err.warning_count, 1);
	assert_string_equal(after_path(err.warnings[0]), sentence);
	policy_put(p);
	err_fini(&err);
}

/* A connection of an unknown owner between two "ADDR:PORT". */
static inline struct query query_of(const char *local, const char *remote, enum direction direction)
{
	struct query q = {.direction = direction};

	assert_true(endpoint_parse(local, &q.tuple.local));
	assert_true(endpoint_parse(remote, &q.tuple.remote));
	return q;
}

static inline char *policy_text(const struct policy *p)
{
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	policy_print(p, out);
	fclose(out);
	return text;
}

#endif
