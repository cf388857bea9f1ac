/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * zone.h - time zones as values: what a wall clock shows somewhere, without the process's TZ
 *
 * The C library knows one zone at a time, for the whole process. Here any number are read from the
 * system's zone files (TZif, RFC 8536) and asked side by side.
 */
#ifndef ATTLS_BASE_ZONE_H
#define ATTLS_BASE_ZONE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct zone;

/**
 * zone_load() - "UTC", "local" (TZ of the environment, else /etc/localtime), or an IANA name
 * Return: owned, with zone_free(); NULL if there is no such zone.
 */
struct zone *zone_load(const char *name);

/** zone_parse() - from the content of a zone file; NULL if it is none */
struct zone *zone_parse(const uint8_t *bytes, size_t len);

void zone_free(struct zone *z);

/** zone_offset() - seconds that clocks there are ahead of UTC at @t, seconds since the epoch */
int32_t zone_offset(const struct zone *z, int64_t t);

/** zone_next() - the first instant after @t when the offset may change; INT64_MAX: never */
int64_t zone_next(const struct zone *z, int64_t t);

#endif
