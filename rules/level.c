/* SPDX-License-Identifier: GPL-3.0-or-later */
/* level.c - [level NAME]: versions, cipher suites and groups, so that many actions share them */
#include <openssl/tls1.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "rules/loader.h"
#include "rules/suite.h"

enum { MIN_KEY_LEAST = 1024, MIN_KEY_MOST = 16384 };

static void read_versions(struct reader *r, const char *key, const char *value)
{
	static const char *const words[] = {"TLSv1.2", "TLSv1.3", NULL};
	static const char *const later[] = {"SSLv2", "SSLv3", "TLSv1", "TLSv1.0", "TLSv1.1"};
	struct level *level = ((struct object *)r->object)->u.level;
	struct reader_list list;

	if (!reader_list(r, key, value, &list))
		return;
	level->min_version = TLS1_3_VERSION;
	level->max_version = TLS1_2_VERSION;
	for (size_t i = 0; i < list.count; i++) {
		size_t word = 0;
		int version;

		while (word < 5 && strcasecmp(later[word], list.items[i]) != 0)
			word++;
		if (word < 5) {
			ini_error(r->err, r->section, key,
				"attls " ATTLS_VERSION " does not support %s", later[word]);
			continue;
		}
		if (!reader_word(r, key, list.items[i], words, &word))
			continue;
		version = word ? TLS1_3_VERSION : TLS1_2_VERSION;
		if (version < level->min_version)
			level->min_version = version;
		if (version > level->max_version)
			level->max_version = version;
	}
	reader_list_free(&list);
}

/* Append @item to the ':'-joined @text, unless it is there: a name counts at its first place. */
static void join(char **text, const char *item)
{
	size_t old = *text ? strlen(*text) : 0, len = strlen(item);

	for (const char *p = *text; p && *p; p += strcspn(p, ":"), p += *p == ':') {
		if (strcspn(p, ":") == len && strncmp(p, item, len) == 0)
			return;
	}
	*text = reader_alloc(*text, old + len + 2);
	stpcpy(stpcpy(*text + old, old ? ":" : ""), item);
}

static void suite_add(struct reader *r, const char *key, const char *name, struct level *level)
{
	const struct suite *suite = suite_find(name),
			   *meant = suite ? NULL : suite_find_openssl(name);
	const char *nearest = meant ? meant->name : suite_nearest(name);

	if (!suite)
		ini_error(r->err, r->section, key,
			"\"%s\" is no cipher suite by its IANA name%s%s%s", name,
			nearest ? "; did you mean " : "", nearest ? nearest : "",
			nearest ? "?" : "");
	else if (suite->refusal)
		ini_error(r->err, r->section, key, "%s %s: attls does not use it", suite->name,
			suite->refusal);
	else
		join(suite->tls13 ? &level->ciphers13 : &level->ciphers12, suite->openssl);
}

static void read_ciphers(struct reader *r, const char *key, const char *value)
{
	struct level *level = ((struct object *)r->object)->u.level;
	struct reader_list list;

	if (!reader_list(r, key, value, &list))
		return;
	for (size_t i = 0; i < list.count; i++)
		suite_add(r, key, list.items[i], level);
	reader_list_free(&list);
}

static void read_groups(struct reader *r, const char *key, const char *value)
{
	struct level *level = ((struct object *)r->object)->u.level;
	struct reader_list list;
	char hint[READER_HINT];

	if (!reader_list(r, key, value, &list))
		return;
	for (size_t i = 0; i < list.count; i++) {
		const char *group = group_find(list.items[i]);

		if (group)
			join(&level->groups, group);
		else
			ini_error(r->err, r->section, key, "\"%s\" is no group%s", list.items[i],
				reader_hint(list.items[i], group_words(), hint));
	}
	reader_list_free(&list);
}

static void read_min_key(struct reader *r, const char *key, const char *value)
{
	struct level *level = ((struct object *)r->object)->u.level;
	uint64_t bits;

	if (!reader_number(r, key, value, MIN_KEY_LEAST, MIN_KEY_MOST, &bits))
		return;
	level->min_key = (unsigned)bits;
	if (bits < PROFILE_MIN_KEY)
		ini_warn(r->err, r->section, key,
			"RSA keys of less than %d bits are weak: renew such certificates",
			PROFILE_MIN_KEY);
}

static bool has_version(const struct level *l, int version)
{
	return l->min_version <= version && version <= l->max_version;
}

/*
 * The list of suites is what may be used, so each version needs one in it, and each suite a
 * version. Without `versions` those count that the list has suites for.
 */
static void suites_fit_versions(struct reader *r, struct level *l)
{
	const struct {
		int version;
		const char *name;
		const char *suites;
	} rows[] = {
		{TLS1_2_VERSION, "TLSv1.2", l->ciphers12},
		{TLS1_3_VERSION, "TLSv1.3", l->ciphers13},
	};

	if (!l->ciphers12 && !l->ciphers13)
		return;
	if (!ini_get(r->section, "versions")) {
		l->min_version = l->ciphers12 ? TLS1_2_VERSION : TLS1_3_VERSION;
		l->max_version = l->ciphers13 ? TLS1_3_VERSION : TLS1_2_VERSION;
		return;
	}
	for (size_t i = 0; i < 2; i++) {
		if (has_version(l, rows[i].version) && !rows[i].suites)
			ini_error(r->err, r->section, "ciphers",
				"has no suite for %s, which is one of versions", rows[i].name);
		else if (!has_version(l, rows[i].version) && rows[i].suites)
			ini_error(r->err, r->section, "ciphers",
				"has suites for %s, which is not one of versions", rows[i].name);
	}
}

/* What @level says of a parameter, or NULL. */
static const char *parameter_text(const struct level *level, const char *key)
{
	return level->parameters.values[parameter_find(PARAMETER_OF_LEVEL, key)].text;
}

/* OpenSSL sends a share for the group that it likes best. */
static void share_first(struct reader *r, struct level *l)
{
	const char *share = parameter_text(l, "key_shares"), *group;
	char *groups = NULL, *rest, *copy, *name;
	bool found = false;

	if (!share)
		return;
	if (strchr(share, ',')) {
		ini_error(r->err, r->section, "key_shares",
			"names several groups; attls " ATTLS_VERSION " sends a share for one");
		return;
	}
	copy = rest = reader_strdup(l->groups ? l->groups : PROFILE_GROUPS);
	group = group_find(share);
	join(&groups, group);
	while ((name = strsep(&rest, ":"))) {
		found = found || strcmp(name, group) == 0;
		join(&groups, name);
	}
	free(copy);
	if (!found)
		ini_error(r->err, r->section, "key_shares", "%s is not one of groups", group);
	free(l->groups);
	l->groups = groups;
}

/* RSASSA-PKCS1 and digests of 224 bits are for TLS 1.2 alone (RFC 8446 4.2.3). */
static void signatures_fit_versions(struct reader *r, const struct level *l)
{
	const char *signatures = parameter_text(l, "signatures");

	if (signatures && has_version(l, TLS1_3_VERSION) && !strcasestr(signatures, "_pss_") &&
		!strcasestr(signatures, "_secp") && !strcasestr(signatures, "ed25519") &&
		!strcasestr(signatures, "ed448"))
		ini_error(r->err, r->section, "signatures",
			"has none for TLSv1.3, which is one of versions: ecdsa_secp..., "
			"rsa_pss_rsae_..., ed25519 or ed448");
}

static void read_parameter(struct reader *r, const char *key, const char *value)
{
	struct level *level = ((struct object *)r->object)->u.level;

	parameter_read(r, parameter_find(PARAMETER_OF_LEVEL, key), value, &level->parameters);
}

void level_read(struct reader *r)
{
	static const struct reader_key keys[] = {
		{"versions", read_versions},
		{"ciphers", read_ciphers},
		{"groups", read_groups},
		{"min_key", read_min_key},
		{"inherit", read_nothing},
	};
	struct level *level = reader_alloc(NULL, sizeof(*level));
	size_t before = r->err->said;

	*level = (struct level){.min_version = TLS1_2_VERSION,
		.max_version = TLS1_3_VERSION,
		.min_key = PROFILE_MIN_KEY};
	((struct object *)r->object)->u.level = level;
	r->more = (struct reader_more){parameter_names(PARAMETER_OF_LEVEL), read_parameter};
	reader_keys(r, keys, sizeof(keys) / sizeof(keys[0]));
	if (r->err->said != before)
		return;
	suites_fit_versions(r, level);
	signatures_fit_versions(r, level);
	share_first(r, level);
}

void level_free(struct level *level)
{
	if (!level)
		return;
	free(level->ciphers12);
	free(level->ciphers13);
	free(level->groups);
	parameter_fini(&level->parameters);
	free(level);
}
