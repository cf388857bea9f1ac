/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * zone.c - time zones as values: zone files (TZif, RFC 8536), and the rule that goes on after them
 *
 * A file lists instants at which the offset changed, and ends in a rule as in POSIX's TZ for the
 * time after the last of them.
 */
#include "base/zone.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/zone_rule.h"

enum { HEADER_LEN = 44, FILE_MAX = 1 << 18, NAME_MAX_LEN = 128 };

struct zone {
	int64_t *instants; /* ascending; from each on, the offset beside it */
	int32_t *offsets;
	size_t count;
	int32_t first; /* before the first instant */
	bool has_rule;
	struct zone_rule rule;
};

/* What follows a header: how many of each, and how long all are with times of @width bytes. */
struct block {
	uint32_t times, types, chars, leaps, std_flags, utc_flags;
};

static bool header_parse(const uint8_t *bytes, size_t len, struct block *b)
{
	if (len < HEADER_LEN || memcmp(bytes, "TZif", 4) != 0)
		return false;
	*b = (struct block){
		.utc_flags = load_be32(bytes + 20),
		.std_flags = load_be32(bytes + 24),
		.leaps = load_be32(bytes + 28),
		.times = load_be32(bytes + 32),
		.types = load_be32(bytes + 36),
		.chars = load_be32(bytes + 40),
	};
	return b->times < FILE_MAX && b->types && b->types <= 256 && b->chars < FILE_MAX &&
	       b->leaps < FILE_MAX && b->std_flags <= 256 && b->utc_flags <= 256;
}

static size_t block_len(const struct block *b, size_t width)
{
	return b->times * (width + 1) + (size_t)b->types * 6 + b->chars + b->leaps * (width + 4) +
	       b->std_flags + b->utc_flags;
}

static int64_t get_be64(const uint8_t *p)
{
	return (int64_t)((uint64_t)load_be32(p) << 32 | load_be32(p + 4));
}

/* The 64-bit data of @b at @p. */
static bool block_read(struct zone *z, const uint8_t *p, const struct block *b)
{
	const uint8_t *indexes = p + (size_t)b->times * 8, *types = indexes + b->times;

	z->instants = calloc(b->times + 1, sizeof(*z->instants));
	z->offsets = calloc(b->times + 1, sizeof(*z->offsets));
	if (!z->instants || !z->offsets)
		return false;
	z->first = (int32_t)load_be32(types);
	z->count = b->times;
	for (size_t i = 0; i < b->times; i++) {
		z->instants[i] = get_be64(p + i * 8);
		if (indexes[i] >= b->types || (i && z->instants[i] <= z->instants[i - 1]))
			return false;
		z->offsets[i] = (int32_t)load_be32(types + (size_t)indexes[i] * 6);
	}
	return true;
}

/* "\n", a rule, "\n"; an empty rule says nothing of the time after the last instant. */
static bool footer_read(struct zone *z, const uint8_t *p, size_t len)
{
	const uint8_t *end = len > 1 && *p == '\n' ? memchr(p + 1, '\n', len - 1) : NULL;
	char text[64];

	if (!end || (size_t)(end - p) > sizeof(text))
		return false;
	memcpy(text, p + 1, (size_t)(end - p) - 1);
	text[end - p - 1] = '\0';
	z->has_rule = *text != '\0';
	return !z->has_rule || zone_rule_parse(&z->rule, text);
}

struct zone *zone_parse(const uint8_t *bytes, size_t len)
{
	struct zone *z = calloc(1, sizeof(*z));
	struct block b;
	size_t at = 0;

	/* the first block has 32-bit times, for readers of old */
	if (z && header_parse(bytes, len, &b) && bytes[4] >= '2' &&
		len - HEADER_LEN > block_len(&b, 4)) {
		at = HEADER_LEN + block_len(&b, 4);
		if (header_parse(bytes + at, len - at, &b) &&
			len - at - HEADER_LEN > block_len(&b, 8) &&
			block_read(z, bytes + at + HEADER_LEN, &b)) {
			at += HEADER_LEN + block_len(&b, 8);
			if (footer_read(z, bytes + at, len - at))
				return z;
		}
	}
	zone_free(z);
	return NULL;
}

static struct zone *file_load(const char *path)
{
	FILE *in = fopen(path, "re");
	uint8_t *bytes = malloc(FILE_MAX);
	struct zone *z = NULL;

	if (in && bytes)
		z = zone_parse(bytes, fread(bytes, 1, FILE_MAX, in));
	free(bytes);
	if (in)
		fclose(in);
	return z;
}

/* Below the system's zone files, and nowhere else. */
static struct zone *named_load(const char *name)
{
	char path[NAME_MAX_LEN + 32];

	if (strlen(name) > NAME_MAX_LEN || *name == '/' || strstr(name, ".."))
		return NULL;
	snprintf(path, sizeof(path), "/usr/share/zoneinfo/%s", name);
	return file_load(path);
}

static struct zone *rule_load(const char *text)
{
	struct zone *z = calloc(1, sizeof(*z));

	if (z && zone_rule_parse(&z->rule, text)) {
		z->has_rule = true;
		return z;
	}
	free(z);
	return NULL;
}

static struct zone *local_load(void)
{
	const char *tz = getenv("TZ");
	struct zone *z;

	if (!tz || !*tz) {
		z = file_load("/etc/localtime");
	} else {
		tz += *tz == ':';
		z = *tz == '/' ? file_load(tz) : named_load(tz);
		if (!z)
			z = rule_load(tz);
	}
	return z ? z : rule_load("UTC0"); /* as the C library does */
}

struct zone *zone_load(const char *name)
{
	if (strcmp(name, "local") == 0)
		return local_load();
	return strcmp(name, "UTC") == 0 ? rule_load("UTC0") : named_load(name);
}

void zone_free(struct zone *z)
{
	if (!z)
		return;
	free(z->instants);
	free(z->offsets);
	free(z);
}

/* How many instants are at or before @t. */
static size_t instants_until(const struct zone *z, int64_t t)
{
	size_t low = 0, high = z->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (z->instants[middle] <= t)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

int32_t zone_offset(const struct zone *z, int64_t t)
{
	size_t n = instants_until(z, t);

	if (n == z->count && z->has_rule)
		return zone_rule_offset(&z->rule, t);
	return n ? z->offsets[n - 1] : z->first;
}

int64_t zone_next(const struct zone *z, int64_t t)
{
	size_t n = instants_until(z, t);

	if (n < z->count)
		return z->instants[n];
	return z->has_rule ? zone_rule_next(&z->rule, t) : INT64_MAX;
}
