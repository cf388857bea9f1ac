/* SPDX-License-Identifier: GPL-3.0-or-later */
/* identity.c - keep what was found out about an owner for as long as its connection lives */
#include "gateway/flow/identity.h"

#include <stdlib.h>
#include <string.h>

enum { STRINGS = 6 };

/* Facts that are not known have fields that mean nothing. */
static void fields_of(struct owner *o, const char **field[STRINGS])
{
	const struct {
		const char **field;
		enum owner_fact fact;
	} all[STRINGS] = {
		{&o->cgroup, OWNER_CGROUP},
		{&o->unit, OWNER_UNIT},
		{&o->container, OWNER_CONTAINER},
		{&o->container_name, OWNER_CONTAINER_NAME},
		{&o->process, OWNER_PROCESS},
		{&o->exe, OWNER_EXE},
	};

	for (size_t i = 0; i < STRINGS; i++) {
		field[i] = all[i].field;
		if (!owner_has(o, all[i].fact))
			*field[i] = NULL;
	}
}

char *identity_keep(struct owner *o)
{
	const char **field[STRINGS];
	char *block, *at;
	size_t len = 0;

	fields_of(o, field);
	for (size_t i = 0; i < STRINGS; i++)
		len += *field[i] ? strlen(*field[i]) + 1 : 0;
	block = len > 0 ? malloc(len) : NULL;
	if (len > 0 && !block)
		o->known &= OWNER_UID;
	at = block;
	for (size_t i = 0; i < STRINGS; i++) {
		size_t n = *field[i] ? strlen(*field[i]) + 1 : 0;

		if (!block || n == 0) {
			*field[i] = NULL;
			continue;
		}
		memcpy(at, *field[i], n);
		*field[i] = at;
		at += n;
	}
	return block;
}
