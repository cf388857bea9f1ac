/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ringlist.h - the certificates that the policy uses, and when they expire */
#ifndef ATTLS_DAEMON_RINGLIST_H
#define ATTLS_DAEMON_RINGLIST_H

#include "gateway/daemon/daemon.h"

#include <jansson.h>

/**
 * ringlist_describe() - generation, what the rings of the policy hold, and what is wrong
 * Return: an object; one row of "used" for each certificate of each ring that an action may use.
 */
json_t *ringlist_describe(const struct daemon *d);

/** ringlist_warn() - log what expires within `expiry_warning` of now, each certificate once */
void ringlist_warn(const struct daemon *d);

#endif
