/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ctl.h - one run of attlsctl: what was asked for, and what its parts share */
#ifndef ATTLS_CTL_CTL_H
#define ATTLS_CTL_CTL_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* Exit codes; scripts rely on them. */
enum ctl_exit { CTL_OK = 0, CTL_FAILED = 1, CTL_USAGE = 2, CTL_UNREACHABLE = 3 };

/* The command line, parsed. Text is borrowed from argv. */
struct ctl {
	const char *ini; /* -c, or NULL: the usual place */
	bool json;
	bool prometheus;
	bool effective;
	const char *local;
	const char *remote;
	const char *direction;
	const char *userid;
	const char *jobname;
	const char *at;
	const char *inside_interface;
	const char *
		*files; /* of --rules and what follows the command's words (policy show: a rule) */
	size_t file_count;
	struct err_list err; /* sentences for the end of the run */
};

/** ctl_run() - the whole program but exit(); callable again. Return: the exit code */
enum ctl_exit ctl_run(int argc, char **argv);

/** ctl_print_json() - @json to standard output, indented, with a newline */
void ctl_print_json(const json_t *json);

#endif
