/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * mapfile.h - certificate name filters, maps/LABEL.map (RACDCERT MAP)
 *
 * A filter says which user a certificate stands for by its subject's or issuer's name: the whole
 * name, or its end from some attribute on ("OU=Sales,O=Example,C=DE" for all below it).
 */
#ifndef ATTLS_KEYRING_MAPFILE_H
#define ATTLS_KEYRING_MAPFILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* One filter. Text is owned. */
struct map_filter {
	char *label;
	char *user;     /* NULL: MULTIID, which user @criteria decides */
	char *criteria; /* "APPLID=&APPLID" and the like; NULL without */
	char *subject;  /* as subject_text() writes names; NULL: any */
	char *issuer;   /* NULL: any */
	bool trust;     /* false: not in force */
};

struct map_filters {
	struct map_filter *items; /* by label */
	size_t count;
};

/**
 * maps_read() - all filters of keyring directory @dir
 * @err has every problem; a file with one is left out.
 */
void maps_read(struct map_filters *m, const char *dir, struct err_list *err);
void maps_free(struct map_filters *m);

/** maps_find() - by label; NULL if there is none */
struct map_filter *maps_find(const struct map_filters *m, const char *label);

/** map_check() - whether @f says enough and not too much. Return: false with a sentence. */
bool map_check(const struct map_filter *f, struct err_list *err);

/** mapfile_text() - the file's text for @f, owned */
char *mapfile_text(const struct map_filter *f);

#endif
