/* SPDX-License-Identifier: GPL-3.0-or-later */
/* json_text.h - text of unknown origin as a JSON string */
#ifndef ATTLS_BASE_JSON_TEXT_H
#define ATTLS_BASE_JSON_TEXT_H

#include <jansson.h>

/**
 * json_text() - a JSON string of @text, whatever bytes it holds
 * json_string() refuses what is not UTF-8, and a refused sentence would vanish from a reply. Here
 * each byte that belongs to no valid sequence (RFC 3629) becomes '?'.
 * Return: a new reference; JSON null where @text is NULL.
 */
json_t *json_text(const char *text);

#endif
