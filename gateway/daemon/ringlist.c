/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ringlist.c - the certificates that the policy uses, and when they expire */
#include "gateway/daemon/ringlist.h"

#include "base/json_text.h"
#include "base/log.h"
#include "base/rfc3339.h"
#include "keyring/heap.h"

#include <stdlib.h>

enum { DAY = 86400 };

static json_t *ring_name(const struct keyring *r)
{
	char *text = heap_format("%s/%s", r->owner, r->name);
	json_t *name = json_text(text);

	free(text);
	return name;
}

/* Whole days, rounded down: of what has expired a negative number. */
static int64_t days_left(int64_t until, int64_t now)
{
	int64_t left = until - now;

	return left >= 0 ? left / DAY : -((-left + DAY - 1) / DAY);
}

static json_t *describe_connection(const struct keyring *r, const struct connection *c, int64_t now)
{
	int64_t until = facts_instant(c->cert->facts.not_after);
	char *subject = facts_name(c->cert->facts.subject), when[RFC3339_TEXT];
	json_t *o = json_pack("{s:o, s:o, s:o, s:s, s:b, s:s, s:b, s:o, s:s, s:I, s:I}", "ring",
		ring_name(r), "owner", json_text(c->cert->owner), "label",
		json_text(c->cert->label), "usage", cert_usage_name(c->usage), "default",
		(int)c->is_default, "status", cert_trust_name(c->cert->trust), "private_key",
		(int)cert_has_key(c->cert), "subject", json_text(subject), "not_after",
		rfc3339_format(until, when), "days_left", (json_int_t)days_left(until, now),
		"seconds_left", (json_int_t)(until - now));

	free(subject);
	return o;
}

static json_t *describe_used(const struct snapshot *s)
{
	json_t *list = json_array();
	int64_t now = (int64_t)time(NULL);

	for (size_t i = 0; i < s->used_count; i++) {
		const struct keyring *r = s->used[i];

		for (size_t j = 0; j < r->connection_count; j++)
			json_array_append_new(
				list, describe_connection(r, &r->connections[j], now));
	}
	return list;
}

static json_t *describe_lines(char *const *lines, size_t count)
{
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, json_text(lines[i]));
	return list;
}

json_t *ringlist_describe(const struct daemon *d)
{
	const struct snapshot *s = d->snapshot;
	const struct err_list *said = &d->keyrings.said;
	char loaded[RFC3339_TEXT];
	size_t certs, rings;

	keystore_count(s->keystore, &certs, &rings);
	return json_pack("{s:I, s:s, s:o, s:I, s:I, s:o, s:o, s:o}", "generation",
		(json_int_t)s->keyring_generation, "loaded",
		rfc3339_format((int64_t)s->keyring_loaded, loaded), "directory",
		json_text(d->settings->keyring), "certificates", (json_int_t)certs, "rings",
		(json_int_t)rings, "used", describe_used(s), "problems",
		describe_lines(said->lines, said->count), "warnings",
		describe_lines(said->warnings, said->warning_count));
}

/* A certificate may be in several rings. */
static bool is_told(const struct snapshot *s, size_t rings, const struct cert *c)
{
	for (size_t i = 0; i < rings; i++) {
		if (keyring_has(s->used[i], c))
			return true;
	}
	return false;
}

static void warn(const struct keyring *r, const struct cert *c, int64_t now)
{
	int64_t until = facts_instant(c->facts.not_after), days = days_left(until, now);
	char when[RFC3339_TEXT];

	rfc3339_format(until, when);
	if (days < 0)
		log_warning("certificate %s/%s of ring %s/%s has expired at %s: renew it", c->owner,
			c->label, r->owner, r->name, when);
	else
		log_warning("certificate %s/%s of ring %s/%s expires in %lld days, at %s: renew it",
			c->owner, c->label, r->owner, r->name, (long long)days, when);
}

void ringlist_warn(const struct daemon *d)
{
	const struct snapshot *s = d->snapshot;
	int64_t now = (int64_t)time(NULL), ahead = d->settings->expiry_warning / USEC_SEC;

	for (size_t i = 0; ahead && i < s->used_count; i++) {
		const struct keyring *r = s->used[i];

		for (size_t j = 0; j < r->connection_count; j++) {
			const struct cert *c = r->connections[j].cert;

			if (c->trust != CERT_NOTRUST && !is_told(s, i, c) &&
				facts_instant(c->facts.not_after) <= now + ahead)
				warn(r, c, now);
		}
	}
}
