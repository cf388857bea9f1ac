/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * store.h - changing the keyring directory: one writer at a time, each change atomic and durable
 *
 * A file is written beside its place, synced, renamed over it, and the folder is synced. Several
 * files are changed in an order that leaves readers a consistent directory after each step. What
 * root writes is given to the keyring directory's owner and group.
 */
#ifndef ATTLS_KEYRING_STORE_H
#define ATTLS_KEYRING_STORE_H

#include "keyring/keyring.h"
#include "keyring/mapfile.h"
#include "keyring/ringfile.h"

struct store;

/* The files of a certificate that store_write_cert() writes. */
enum store_part {
	STORE_CERT = 1 << 0,
	STORE_KEY = 1 << 1,
	STORE_META = 1 << 2,
	STORE_ALL = STORE_CERT | STORE_KEY | STORE_META,
};

/**
 * store_open() - take the writers' lock of directory @dir, creating it if it is missing
 * Waits for another writer. Return: NULL with a sentence in @err.
 */
struct store *store_open(const char *dir, struct err_list *err);

/** store_close() - release the lock; NULL is fine */
void store_close(struct store *s);

/**
 * store_write_cert() - write files of @c
 * @parts: which, of enum store_part; of STORE_KEY and STORE_CERT together readers see the old pair
 *         or the new one
 * Return: false with a sentence in @err, as all that follow.
 */
bool store_write_cert(struct store *s, const struct cert *c, unsigned parts, struct err_list *err);

/** store_write_map() - write filter @f as maps/LABEL.map; store_remove_map() - remove it */
bool store_write_map(struct store *s, const struct map_filter *f, struct err_list *err);
bool store_remove_map(struct store *s, const char *label, struct err_list *err);

/** store_has_cert() - whether there is a file of a certificate, even one that cannot be read */
bool store_has_cert(struct store *s, const char *owner, const char *label);

/** store_remove_cert() - delete @parts of a certificate; rings are the caller's matter */
bool store_remove_cert(struct store *s, const char *owner, const char *label, unsigned parts,
	struct err_list *err);

/** store_write_ring() - write a ring with exactly these references */
bool store_write_ring(struct store *s, const char *owner, const char *name,
	const struct ring_refs *refs, struct err_list *err);

bool store_remove_ring(struct store *s, const char *owner, const char *name, struct err_list *err);

/**
 * store_ring_path() - path of the file of ring @owner/@name, in any case; owned
 * Return: NULL if there is none.
 */
char *store_ring_path(struct store *s, const char *owner, const char *name);

#endif
