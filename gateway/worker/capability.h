/* SPDX-License-Identifier: GPL-3.0-or-later */
/* capability.h - what one thread may do: capabilities belong to threads, not to the process */
#ifndef ATTLS_WORKER_CAPABILITY_H
#define ATTLS_WORKER_CAPABILITY_H

#include <stddef.h>

/**
 * capability_only() - the calling thread keeps those of @wanted that are permitted to it
 * All others are gone from it for good.
 * Return: a bit for each of @wanted that it has, the first at 1 << 0.
 */
unsigned capability_only(const int *wanted, size_t count);

#endif
