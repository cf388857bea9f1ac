/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rfc3339.h - instants as text: 2026-03-29T01:30:00+01:00 */
#ifndef ATTLS_BASE_RFC3339_H
#define ATTLS_BASE_RFC3339_H

#include <stdbool.h>
#include <stdint.h>

/** rfc3339_parse() - to seconds since the epoch; fractions are dropped; false if @text is none */
bool rfc3339_parse(const char *text, int64_t *t);

/** rfc3339_format() - @t in UTC into @buf. Return: @buf */
enum { RFC3339_TEXT = 32 };
const char *rfc3339_format(int64_t t, char *buf);

#endif
