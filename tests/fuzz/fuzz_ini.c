/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fuzz_ini.c - libFuzzer target: the INI reader, attls.ini and rules files
 *
 *   clang-14 -g -O1 -fsanitize=fuzzer,address,undefined -I. -D_GNU_SOURCE -DATTLS_VERSION='"x"' \
 *       -o fuzz_ini tests/fuzz/fuzz_ini.c base/ini*.c base/err.c base/log.c rules/[a-z]*.c \
 *       gateway/packet/addr.c -liniparser -lssl -lcrypto
 *   ./fuzz_ini -dict=tests/fuzz/ini.dict CORPUS rules/examples
 *
 * Held: nothing crashes or leaks; iniparser reads whatever it is handed; an accepted policy prints
 * as INI that is accepted again and prints the same.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/ini.h"
#include "rules/candidate.h"
#include "rules/policy.h"
#include "rules/settings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *printed(const struct policy *p)
{
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		abort();
	policy_print(p, out);
	fclose(out);
	return text;
}

/* A policy from @text by way of the path of a memory file, as policy_load() reads paths. */
static struct policy *policy_of(const void *text, size_t size)
{
	int fd = memfd_create("rules", MFD_CLOEXEC);
	struct err_list err;
	struct policy *p;
	char path[64];

	if (fd < 0 || write(fd, text, size) != (ssize_t)size)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	err_init(&err);
	p = policy_load(path, &err);
	if ((p != NULL) == err_any(&err))
		abort();
	err_fini(&err);
	settings_free(settings_load(path, &err));
	err_fini(&err);
	close(fd);
	return p;
}

static void policy_check(const uint8_t *data, size_t size)
{
	struct policy *p = policy_of(data, size), *again;
	struct candidate_list list;
	char *text, *text_again;

	if (!p)
		return;
	text = printed(p);
	again = policy_of(text, strlen(text));
	if (!again)
		abort();
	text_again = printed(again);
	if (strcmp(text, text_again) != 0)
		abort();
	if (p->rule_count < 16) { /* the product of long lists takes its time */
		candidates_of(p, &list);
		candidates_free(&list);
	}
	free(text);
	free(text_again);
	policy_put(p);
	policy_put(again);
}

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), end_len = strlen(end);

	return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err_list err;
	struct ini *ini;

	err_init(&err);
	ini = ini_load_text("f", (const char *)data, size, &err);
	for (size_t i = 0; i < err.count; i++) {
		if (ends_with(err.lines[i], "iniparser cannot read it through /proc/self/fd"))
			abort(); /* it was handed something that it does not read as meant */
	}
	ini_free(ini);
	err_fini(&err);
	policy_check(data, size);
	return 0;
}
