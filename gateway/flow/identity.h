/* SPDX-License-Identifier: GPL-3.0-or-later */
/* identity.h - keep what was found out about an owner for as long as its connection lives */
#ifndef ATTLS_FLOW_IDENTITY_H
#define ATTLS_FLOW_IDENTITY_H

#include "rules/owner.h"

/**
 * identity_keep() - let the strings of @o point into one block of their own
 * Return: the block, owned, with free(). NULL if there are none, or without memory: then the facts
 * that have strings are unknown from now on.
 */
char *identity_keep(struct owner *o);

#endif
