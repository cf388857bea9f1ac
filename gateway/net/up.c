/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * up.c - attls-net up: bring rules, devices and settings to what the candidates need
 *
 * Everything that can be refused is checked before anything is changed; what was changed is noted
 * on disk before it is changed.
 */
#include "gateway/net/ask.h"
#include "gateway/net/device.h"
#include "gateway/net/inside.h"
#include "gateway/net/nat.h"
#include "gateway/net/net.h"
#include "gateway/net/older.h"
#include "gateway/net/state.h"
#include "gateway/net/sysctl.h"
#include "gateway/net/tables.h"

#include <stdio.h>
#include <stdlib.h>

/* All that one run works on. */
struct work {
	struct net *net;
	struct state state;
	struct addr_range *inside;
	size_t inside_count;
	unsigned workers;
	bool was_up;
	bool fresh;             /* neither rules nor a state file were there */
	bool present[FAMILIES]; /* the kernel speaks this family */
	struct tables have[FAMILIES];
	struct plan want[FAMILIES];
};

static void work_free(struct work *w)
{
	for (int f = 0; f < FAMILIES; f++) {
		tables_free(&w->have[f]);
		plan_free(&w->want[f]);
	}
	state_free(&w->state);
	free(w->inside);
}

/* The daemon that may be running has as many workers as are recorded: no other number now. */
static void choose_workers(struct work *w)
{
	unsigned wish = w->net->settings->workers, recorded = w->state.workers;

	w->workers = w->was_up && recorded ? recorded : wish;
	if (w->workers != wish)
		err_warn(&w->net->err,
			"workers = %u of [gateway] counts after down and up; now there are %u",
			wish, w->workers);
}

static bool read_present(struct work *w)
{
	struct err_list *err = &w->net->err;

	w->present[0] = true;
	w->present[1] = sysctl_ipv6_present();
	for (int f = 0; f < FAMILIES; f++) {
		if (!w->present[f])
			continue;
		if (!tables_read(&w->have[f], net_families[f], err))
			return false;
		w->was_up = w->was_up || tables_any(&w->have[f]);
	}
	return true;
}

static void warn_of_missing(
	const struct plan_features *have, bool nat, uint8_t family, struct err_list *err)
{
	if (nat && !have->conntrack)
		err_warn(err,
			"IPv%d: this kernel has no conntrack match; connections that NAT turns "
			"elsewhere are neither followed nor guarded",
			family);
	if (!have->ttl)
		err_warn(err,
			"IPv%d: this kernel cannot change hop limits; packets show one hop more",
			family);
}

static bool wants_family(const struct candidate_list *list, uint8_t family)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].family == family)
			return true;
	return false;
}

/*
 * To follow NAT is to have connection tracking, for all connections. So a host without NAT does
 * without; once followed, it is until down, for connections that are translated may be older.
 */
static bool follow_nat(struct work *w, int f)
{
	bool before = w->was_up && w->state.nat[f];

	w->state.nat[f] =
		w->net->settings->mode == MODE_ROUTER || before || nat_present(net_families[f]);
	return w->state.nat[f];
}

static void build(struct work *w, int f)
{
	struct net *n = w->net;
	struct plan_options o;

	plan_options_from(&o, n->settings, w->workers);
	o.features.conntrack = follow_nat(w, f);
	o.inside_nets = w->inside;
	o.inside_net_count = w->inside_count;
	if (!n->dry_run && wants_family(&n->candidates, net_families[f])) {
		bool nat = w->state.nat[f];

		tables_features(net_families[f], nat, &o.features);
		warn_of_missing(&o.features, nat, net_families[f], &n->err);
	}
	plan_build(&w->want[f], &o, &n->candidates, net_families[f]);
}

static bool any_address(const struct addr_range *r)
{
	struct addr_range all;

	return addr_prefix(&r->from, 0, &all) && addr_compare(&all.from, &r->from) == 0 &&
	       addr_compare(&all.to, &r->to) == 0;
}

/* Whether some rule names an IPv6 address, rather than any address of any family. */
static bool names_ipv6(const struct candidate_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct candidate *c = &list->items[i];

		if (c->family == 6 && !(any_address(&c->local) && any_address(&c->remote)))
			return true;
	}
	return false;
}

/* Nothing has been changed when this says no. */
static bool check(struct work *w)
{
	struct net *n = w->net;

	for (int f = 0; f < FAMILIES; f++) {
		if (!w->present[f])
			continue;
		build(w, f);
		if (!tables_test(&w->have[f], &w->want[f], &n->err))
			return false;
	}
	return plan_rules(&w->want[1]) == 0 ||
	       sysctl_ipv6_check(names_ipv6(&n->candidates), &n->err);
}

static bool record(struct work *w)
{
	const struct settings *s = w->net->settings;
	struct state *st = &w->state;

	w->fresh = !w->was_up && st->workers == 0;
	st->mode = s->mode;
	st->workers = w->workers;
	st->queue_base = s->queue_base;
	st->mark = s->mark;
	st->candidates = w->net->candidates.count;
	for (int f = 0; f < FAMILIES; f++)
		st->rules[f] = plan_rules(&w->want[f]);
	if (st->rules[1] > 0)
		sysctl_ipv6_plan(st);
	return state_save(st, s, &w->net->err);
}

/* Connections from before the first rule; after that, one in mid-stream may have been protected. */
static bool note_older(struct work *w)
{
	const struct settings *s = w->net->settings;
	struct older_list list;
	struct err_list why;
	bool ok = true;

	if (!w->fresh || s->mode != MODE_HOST)
		return true;
	err_init(&why);
	if (older_find(&list, &w->net->candidates, &why)) {
		ok = !s->established_keep || older_save(&list, s, &w->net->err);
		older_report(&list, s->established_keep);
	} else if (s->established_keep) {
		err_add(&w->net->err, "%s", why.lines[0]);
		ok = false;
	}
	older_free(&list);
	err_fini(&why);
	return ok;
}

static bool apply(struct work *w)
{
	struct err_list *err = &w->net->err;

	if (!record(w) || !note_older(w) || !device_up_all(w->net->settings, err))
		return false;
	if (plan_rules(&w->want[1]) > 0 && !sysctl_ipv6_apply(err))
		return false;
	for (int f = 0; f < FAMILIES; f++)
		if (w->present[f] && !tables_apply(&w->have[f], &w->want[f], err))
			return false;
	return true;
}

/* Restore text as on a machine where nothing is installed yet. */
static void print_plans(struct work *w)
{
	for (int f = 0; f < FAMILIES; f++) {
		build(w, f);
		printf("# ip%stables-restore --noflush\n", f == 1 ? "6" : "");
		for (int id = 0; id < PLAN_TABLES; id++)
			installed_change(stdout, plan_table_name(id), &w->have[f].table[id],
				&w->want[f].tables[id]);
	}
}

/*
 * A daemon that runs already has to attach to the new devices, and to go on after a down. Not so if
 * it is the daemon that runs us (--if-up): it would be asked while it waits for our end.
 */
static bool resume(struct work *w)
{
	struct net *n = w->net;
	struct err_list why;
	bool ok = true;

	if (n->if_up)
		return true;
	err_init(&why);
	if (ask_daemon(n->settings->control, "resume", &why) == ASK_FAILED) {
		err_add(&n->err, "the rules are up, but %s", why.lines[0]);
		ok = false;
	}
	err_fini(&why);
	return ok;
}

static bool run(struct work *w)
{
	struct net *n = w->net;

	sysctl_warn(&n->err);
	choose_workers(w);
	if (n->settings->mode == MODE_ROUTER &&
		!inside_networks(n->settings->inside, &w->inside, &w->inside_count, &n->err))
		return false;
	if (!check(w))
		return false;
	if (!apply(w)) {
		if (!w->was_up)
			net_remove(n);
		return false;
	}
	printf("attls-net: up: %zu rules for %zu candidates (%s mode, %u workers)\n",
		plan_rules(&w->want[0]) + plan_rules(&w->want[1]), n->candidates.count,
		n->settings->mode == MODE_HOST ? "host" : "router", w->workers);
	return true;
}

/* Nobody else may change the rules between our look at them and our change. */
static bool run_alone(struct work *w, bool *changed)
{
	struct net *n = w->net;
	int lock = state_lock(n->settings, true);
	bool ok = read_present(w) && state_load(&w->state, n->settings, &n->err);

	*changed = ok && (w->was_up || w->state.workers > 0 || !n->if_up);
	if (*changed)
		ok = run(w);
	state_unlock(lock);
	return ok;
}

int net_up(struct net *n)
{
	struct work w = {.net = n};
	bool ok = true, changed;

	if (n->dry_run) {
		w.workers = n->settings->workers;
		if (n->settings->mode == MODE_ROUTER)
			ok = inside_networks(
				n->settings->inside, &w.inside, &w.inside_count, &n->err);
		if (ok)
			print_plans(&w);
	} else {
		ok = run_alone(&w, &changed) && (!changed || resume(&w));
	}
	work_free(&w);
	return ok ? NET_OK : NET_FAILED;
}
