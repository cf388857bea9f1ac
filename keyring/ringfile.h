/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ringfile.h - a ring's file: INI sections of references, not yet resolved */
#ifndef ATTLS_KEYRING_RINGFILE_H
#define ATTLS_KEYRING_RINGFILE_H

#include "base/ini.h"
#include "keyring/keyring.h"

/* One [connection N]. Text is owned. */
struct ring_ref {
	char *owner;
	char *label;
	enum cert_usage usage;
	bool is_default;
	int line;
};

struct ring_refs {
	struct ring_ref *items;
	size_t count;
};

/**
 * ringfile_read() - the references in @path, a file of a ring of @ring_owner
 * A connection without owner is to a certificate of the ring's owner; without usage it has that of
 * the certificate's category. @refs has what could be understood, @err every problem.
 */
void ringfile_read(
	struct ring_refs *refs, const char *path, const char *ring_owner, struct err_list *err);

/** ringfile_text() - the file's text for @refs, owned */
char *ringfile_text(const struct ring_refs *refs);

/** refs_find() - the reference to @owner/@label, or NULL */
struct ring_ref *refs_find(const struct ring_refs *refs, const char *owner, const char *label);

/** refs_add() - append a reference; the text is copied */
void refs_add(struct ring_refs *refs, const struct ring_ref *ref);

/** refs_drop() - take @ref out of @refs */
void refs_drop(struct ring_refs *refs, struct ring_ref *ref);

void refs_free(struct ring_refs *refs);

/** usage_of_owner() - CERTAUTH, SITE, else PERSONAL */
enum cert_usage usage_of_owner(const char *owner);

#endif
