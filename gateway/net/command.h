/* SPDX-License-Identifier: GPL-3.0-or-later */
/* command.h - run a program without a shell, with text in and text out */
#ifndef ATTLS_NET_COMMAND_H
#define ATTLS_NET_COMMAND_H

#include <stddef.h>

struct command_result {
	int status; /* exit status; 127 if there is no such program */
	char *out;  /* standard output, NUL-terminated; owned */
	char *err;  /* standard error, the same */
};

/**
 * command_run() - run @argv[0], found in PATH, and wait for it
 * @input: its standard input, @len bytes; NULL for none
 */
void command_run(const char *const argv[], const char *input, size_t len, struct command_result *r);

void command_result_free(struct command_result *r);

#endif
