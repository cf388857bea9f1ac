/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * err.h - configuration-time errors: sentences for people, collected in a list
 *
 * Every problem of a policy or keyring is reported in one pass, so the reader gets a list to
 * append to rather than one message. An empty list means success. Not for packets or sessions:
 * those have enum drop and enum fault.
 */
#ifndef ATTLS_BASE_ERR_H
#define ATTLS_BASE_ERR_H

#include <stdbool.h>
#include <stddef.h>

struct err_list {
	char **lines; /* owned sentences, each "FILE: [section] key: what and remedy" */
	size_t count;
	size_t said;     /* as count, with what was said again and left out */
	char **warnings; /* the same shape; they do not make a list a failure */
	size_t warning_count;
};

/** err_init() - an empty list */
void err_init(struct err_list *e);

/** err_fini() - free all sentences */
void err_fini(struct err_list *e);

/**
 * err_add() - append a formatted sentence (no newline at its end)
 * Control characters that came in with the arguments are replaced: it is one line, whatever it
 * quotes. A sentence that is in the list already is not added again.
 */
void err_add(struct err_list *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/** err_warn() - append a formatted warning, likewise */
void err_warn(struct err_list *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static inline bool err_any(const struct err_list *e)
{
	return e->count > 0;
}

#endif
