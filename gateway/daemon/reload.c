/* SPDX-License-Identifier: GPL-3.0-or-later */
/* reload.c - another policy comes into force, whole or not at all */
#include "gateway/daemon/reload.h"

#include "base/log.h"
#include "gateway/daemon/uses.h"
#include "gateway/worker/drive.h"
#include "rules/candidate.h"

#include <stdlib.h>

struct change {
	struct snapshot *next;
	struct rule_use *uses; /* of the old rules */
};

/* As text: what the policy in force, the replaced ones, and @next (NULL: none) can match. */
static char *candidates_text(const struct daemon *d, const struct snapshot *next, size_t *len)
{
	const struct policy *last = NULL;
	struct candidate_list all = {0}, one;
	char *text = NULL;
	FILE *out = open_memstream(&text, len);

	for (size_t i = 0; i < d->retired_count + 2; i++) {
		const struct snapshot *s = i < d->retired_count    ? d->retired[i]
					   : i == d->retired_count ? d->snapshot
								   : next;

		if (!s || s->policy == last)
			continue;
		last = s->policy;
		candidates_of(s->policy, &one);
		candidates_join(&all, &one);
		candidates_free(&one);
	}
	if (out) {
		candidates_write(&all, out);
		fclose(out);
	}
	candidates_free(&all);
	return text;
}

/* @order is helper_note() or helper_refresh(). */
static bool tell_helper(struct daemon *d, const struct snapshot *next,
	bool (*order)(struct helper *h, const char *text, size_t len, struct err_list *err),
	struct err_list *err)
{
	size_t len = 0;
	char *text = candidates_text(d, next, &len);
	bool ok = text && order(&d->helper, text, len, err);

	if (!text)
		err_add(err, "out of memory");
	free(text);
	return ok;
}

bool reload_note(struct daemon *d, struct err_list *err)
{
	return tell_helper(d, NULL, helper_note, err);
}

bool reload_restore(struct daemon *d, struct err_list *err)
{
	return tell_helper(d, NULL, helper_refresh, err);
}

/* What a worker has counted for the old rules is taken over before the new ones come. */
static void call_use(struct worker *w, void *arg)
{
	uses_add(w, &((struct change *)arg)->uses);
	intake_use(&w->intake, ((struct change *)arg)->next);
}

/* Flows of rules that are gone, as these wished. */
static void call_remove(struct worker *w, void *arg)
{
	drive_removed(w, arg);
}

/* Replaced policies: of snapshots that follow each other several may share one. */
static size_t retired_policies(const struct daemon *d)
{
	const struct policy *later = d->snapshot->policy;
	size_t count = 0;

	for (size_t i = d->retired_count; i-- > 0;) {
		count += d->retired[i]->policy != later;
		later = d->retired[i]->policy;
	}
	return count;
}

static void retire(struct daemon *d, struct snapshot *s)
{
	struct snapshot **more =
		realloc(d->retired, (d->retired_count + 1) * sizeof(struct snapshot *));

	if (!more)
		abort();
	d->retired = more;
	more[d->retired_count++] = s;
}

/* Put @next in force, retire the old one. Rules that go on under their name keep their count. */
static void swap(struct daemon *d, struct snapshot *next)
{
	struct change c = {.next = next, .uses = d->uses};

	pool_call(&d->pool, call_use, &c);
	d->uses = uses_carry(c.uses, d->snapshot, next);
	retire(d, d->snapshot);
	d->snapshot = next;
	pool_call(&d->pool, call_remove, next);
}

/* @seen is taken over in any case. */
static bool reload_all(struct daemon *d, struct manifest *seen, struct err_list *err)
{
	struct snapshot *next = snapshot_load(d->settings, d->snapshot, err);

	if (!next || !tell_helper(d, next, helper_refresh, err)) {
		snapshot_put(next);
		manifest_free(seen);
		return false;
	}
	swap(d, next);
	log_info("policy generation %llu in force: %zu rules", (unsigned long long)next->generation,
		next->policy->rule_count);
	keyrings_loaded(&d->keyrings, next, seen, err);
	reload_settle(d);
	return true;
}

bool reload_run(struct daemon *d, struct err_list *err)
{
	reload_settle(d);
	if (retired_policies(d) >= DAEMON_RETIRED) {
		err_add(err,
			"flows of %d earlier policies are still alive; close some before the next "
			"reload",
			DAEMON_RETIRED);
		return false;
	}
	return reload_all(d, manifest_read(d->settings->keyring), err);
}

void reload_keyrings(struct daemon *d)
{
	struct manifest *seen = manifest_read(d->settings->keyring);
	struct snapshot *next;
	struct err_list err;

	if (keyrings_known(&d->keyrings, seen)) {
		manifest_free(seen);
		return;
	}
	err_init(&err);
	next = snapshot_renew(d->snapshot, d->settings, &err);
	if (next) {
		swap(d, next);
		keyrings_loaded(&d->keyrings, next, seen, &err);
		reload_settle(d);
	} else {
		keyrings_refused(&d->keyrings, d->snapshot, seen, &err);
	}
	err_fini(&err);
}

void reload_settle(struct daemon *d)
{
	size_t kept = 0, policies = retired_policies(d);
	struct err_list err;

	for (size_t i = 0; i < d->retired_count; i++) {
		/* one reference is ours: then no flow and no worker has any */
		if (d->retired[i]->references > 1)
			d->retired[kept++] = d->retired[i];
		else
			snapshot_put(d->retired[i]);
	}
	d->retired_count = kept;
	if (retired_policies(d) == policies)
		return;
	err_init(&err);
	if (!reload_restore(d, &err)) {
		for (size_t i = 0; i < err.count; i++)
			log_warning("%s", err.lines[i]);
	}
	err_fini(&err);
}
