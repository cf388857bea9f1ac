/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cmdline.h - the command line of attlsctl: verbs and options as tables */
#ifndef ATTLS_CTL_CMDLINE_H
#define ATTLS_CTL_CMDLINE_H

#include "gateway/ctl/ctl.h"

/* Options that only some verbs take. */
enum {
	OPT_LOCAL = 1 << 0,
	OPT_REMOTE = 1 << 1,
	OPT_DIRECTION = 1 << 2,
	OPT_USERID = 1 << 3,
	OPT_JOBNAME = 1 << 4,
	OPT_AT = 1 << 5,
	OPT_RULES = 1 << 6,
	OPT_PROMETHEUS = 1 << 7,
	OPT_EFFECTIVE = 1 << 8,
	OPT_INSIDE = 1 << 9,
};

/* A command of one or two words. A table of them ends with NULL words. */
struct verb {
	const char *words;
	const char *summary;
	unsigned required;    /* options that must be given */
	unsigned optional;    /* options that may be */
	const char *operands; /* what may follow the words, for the help; NULL: nothing */
	enum ctl_exit (*run)(struct ctl *ctl);
};

enum cmdline { CMDLINE_RUN, CMDLINE_DONE, CMDLINE_USAGE };

/**
 * cmdline_parse() - understand the command line
 * @ctl:  filled in; ctl->files is malloc'ed, its elements are borrowed from @argv
 * @verb: set when CMDLINE_RUN is returned
 * Return: CMDLINE_RUN; CMDLINE_DONE after --help and --version; CMDLINE_USAGE with a sentence in
 *         ctl->err
 */
enum cmdline cmdline_parse(
	int argc, char **argv, const struct verb *verbs, struct ctl *ctl, const struct verb **verb);

#endif
