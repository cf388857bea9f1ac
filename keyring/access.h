/* SPDX-License-Identifier: GPL-3.0-or-later */
/* access.h - access.ini: what users may do with rings that are not their own */
#ifndef ATTLS_KEYRING_ACCESS_H
#define ATTLS_KEYRING_ACCESS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/ini.h"

/* How far a user may go with a ring (RDATALIB OWNER.RING.LST); each includes those before it. */
enum ring_right {
	RIGHT_NONE,
	RIGHT_READ,    /* its certificates, and private keys of the user's own */
	RIGHT_UPDATE,  /* also private keys of other users */
	RIGHT_CONTROL, /* also private keys of SITE and CERTAUTH */
	RIGHTS,
};

/* What one section grants. Text is owned. */
struct access {
	struct grant {
		char *user;
		enum ring_right right;
	} * grants;
	size_t grant_count;
	enum ring_right everyone;
	bool given; /* there is a section */
};

/**
 * access_parse() - "[ring OWNER/NAME]" with lists "read =", "update =", "control ="
 * A list names users, "group:NAME" and "*". Groups are resolved now, user ids to names as well, so
 * this asks the account database.
 * @owner, @name: NAME_SIZE buffers for the ring's name
 * Return: false (and @err) if the section is not understood; @a is then empty.
 */
bool access_parse(struct access *a, const struct ini_section *s, char *owner, char *name,
	struct err_list *err);

/** access_right() - what @user is granted; NULL is a user nobody knows */
enum ring_right access_right(const struct access *a, const char *user);

void access_fini(struct access *a);

/** ring_right_name() - "READ", "UPDATE", "CONTROL"; static */
const char *ring_right_name(enum ring_right r);

#endif
