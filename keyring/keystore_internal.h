/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * keystore_internal.h - what a keystore is made of, for those who fill it and look things up in it
 *
 * keystore_read.c goes through the directory, keystore.c keeps everything sorted. In this order:
 * certificates, sorted; rings, whose references are looked up among them, sorted; serial numbers
 * and virtual rings, which follow from the certificates; access lists, which are looked up among
 * the rings; users, who follow from all of it.
 */
#ifndef ATTLS_KEYRING_KEYSTORE_INTERNAL_H
#define ATTLS_KEYRING_KEYSTORE_INTERNAL_H

#include <stdatomic.h>

#include "keyring/files.h"
#include "keyring/keyring.h"
#include "keyring/usermap.h"

struct ring_entry {
	struct keyring ring;
	struct access access;
};

struct keystore {
	atomic_uint references;
	struct guard guard;
	struct cert **certs; /* sorted by owner without case, then label */
	size_t cert_count;
	struct cert **by_serial;   /* the same, sorted by issuer and serial number */
	struct ring_entry **rings; /* stored ones, sorted by owner and name without case */
	size_t ring_count;
	struct ring_entry **virtuals; /* one for each owner of certificates, sorted alike */
	size_t virtual_count;
	struct usermap usermap;
	char **users; /* sorted without case */
	size_t user_count;
};

/** keystore_sort_certs() - make keystore_cert() work; says which ones are there twice */
void keystore_sort_certs(struct keystore *k, struct err_list *err);

/** keystore_sort_rings() - the same for rings */
void keystore_sort_rings(struct keystore *k, struct err_list *err);

/** keystore_sort_serials() - make keystore_same() work; warns of what is the same */
void keystore_sort_serials(struct keystore *k, struct err_list *err);

/** keystore_add_virtuals() - each owner's certificates once more, as a ring that is not stored */
void keystore_add_virtuals(struct keystore *k);

/** keystore_add_users() - who owns a ring, or is named in an access list */
void keystore_add_users(struct keystore *k);

/** keystore_find_ring() - a ring with its access list, stored or virtual; NULL without */
struct ring_entry *keystore_find_ring(
	const struct keystore *k, const char *owner, const char *name);

/** keystore_connect() - append *@c to @r */
void keystore_connect(struct keyring *r, const struct connection *c);

#endif
