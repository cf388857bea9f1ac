/* SPDX-License-Identifier: GPL-3.0-or-later */
/* reload.c - another policy comes into force, whole or not at all */
#include "gateway/daemon/reload.h"

#include "base/log.h"
#include "rules/candidate.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

char *reload_keep_path(const struct settings *s)
{
	char *path;

	if (asprintf(&path, "%s.keep", s->control) < 0)
		abort(); /* start of the program, or a reload: nothing is lost yet */
	return path;
}

/* List what the replaced policies, and @also, can match; without any, no file. */
static bool write_keep(const struct daemon *d, const struct snapshot *also, struct err_list *err)
{
	struct candidate_list all = {0}, one;
	char *path = reload_keep_path(d->settings);
	FILE *out;
	bool ok;

	for (size_t i = 0; i <= d->retired_count; i++) {
		const struct snapshot *s = i < d->retired_count ? d->retired[i] : also;

		if (!s)
			continue;
		candidates_of(s->policy, &one);
		candidates_join(&all, &one);
		candidates_free(&one);
	}
	unlink(path);
	out = all.count ? fopen(path, "we") : NULL;
	if (out)
		candidates_write(&all, out);
	ok = all.count == 0 || (out && !ferror(out));
	if (out && fclose(out) != 0)
		ok = false;
	if (!ok)
		err_add(err, "%s: cannot be written: %s", path, strerror(errno));
	candidates_free(&all);
	free(path);
	return ok;
}

static void call_use(struct worker *w, void *arg)
{
	intake_use(&w->intake, arg);
}

/* Put @next in force; the old one is retired, or let go when there is no room to remember it. */
static void swap(struct daemon *d, struct snapshot *next)
{
	pool_call(&d->pool, call_use, next);
	d->retired[d->retired_count++] = d->snapshot;
	d->snapshot = next;
}

bool reload_run(struct daemon *d, struct err_list *err)
{
	struct snapshot *next;

	reload_settle(d);
	if (d->retired_count == DAEMON_RETIRED) {
		err_add(err,
			"flows of %d earlier policies are still alive; close some before the next reload",
			DAEMON_RETIRED);
		return false;
	}
	next = snapshot_load(d->settings, d->snapshot->generation + 1, err);
	if (!next)
		return false;
	if (!write_keep(d, d->snapshot, err) || !helper_refresh(&d->helper, err)) {
		snapshot_put(next);
		return false;
	}
	swap(d, next);
	log_info("policy generation %llu in force: %zu rules", (unsigned long long)next->generation,
		next->policy->rule_count);
	reload_settle(d);
	return true;
}

void reload_settle(struct daemon *d)
{
	struct err_list err;
	size_t kept = 0;

	for (size_t i = 0; i < d->retired_count; i++) {
		/* one reference is ours: then no flow and no worker has any */
		if (d->retired[i]->references > 1)
			d->retired[kept++] = d->retired[i];
		else
			snapshot_put(d->retired[i]);
	}
	if (kept == d->retired_count)
		return;
	d->retired_count = kept;
	err_init(&err);
	if (!write_keep(d, NULL, &err) || !helper_refresh(&d->helper, &err)) {
		for (size_t i = 0; i < err.count; i++)
			log_warning("%s", err.lines[i]);
	}
	err_fini(&err);
}
