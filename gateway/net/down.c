/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * down.c - attls-net down: leave no rule, device or setting of ours
 *
 * With the rules gone nothing keeps an application from sending in clear on a connection that was
 * protected a moment ago. So the daemon resets those connections first. One that ended in good
 * order has done so; after one that was killed only --force goes on.
 */
#include "gateway/net/ask.h"
#include "gateway/net/device.h"
#include "gateway/net/net.h"
#include "gateway/net/older.h"
#include "gateway/net/state.h"
#include "gateway/net/sysctl.h"
#include "gateway/net/tables.h"

#include <stdio.h>

const uint8_t net_families[FAMILIES] = {4, 6};

static bool family_present(int f)
{
	return net_families[f] == 4 || sysctl_ipv6_present();
}

bool net_is_up(struct net *n, bool *up)
{
	*up = false;
	for (int f = 0; f < FAMILIES; f++) {
		struct tables have;

		if (!family_present(f))
			continue;
		if (!tables_read(&have, net_families[f], &n->err))
			return false;
		*up = *up || tables_any(&have);
		tables_free(&have);
	}
	return true;
}

/* The rules of one family; as text only where nothing is to be changed. */
static bool remove_rules(struct net *n, int f)
{
	struct plan nothing = {.family = net_families[f]};
	struct tables have;
	bool ok = true;

	if (!tables_read(&have, net_families[f], &n->err))
		return false;
	if (n->dry_run) {
		printf("# ip%stables-restore --noflush\n", f == 1 ? "6" : "");
		for (int id = PLAN_TABLES - 1; id >= 0; id--)
			installed_change(
				stdout, plan_table_name(id), &have.table[id], &nothing.tables[id]);
	} else {
		ok = tables_apply(&have, &nothing, &n->err);
	}
	tables_free(&have);
	return ok;
}

bool net_remove(struct net *n)
{
	struct state st;
	bool ok = true;

	for (int f = 0; f < FAMILIES; f++)
		if (family_present(f))
			ok = remove_rules(n, f) && ok;
	if (n->dry_run)
		return ok;
	if (!ok) /* packets of protected connections still have to be kept in */
		return false;
	ok = device_down_all(&n->err);
	if (!state_load(&st, n->settings, &n->err))
		return false;
	ok = sysctl_restore(&st, &n->err) && ok;
	state_free(&st);
	if (!ok)
		return false;
	state_remove(n->settings);
	older_remove(n->settings);
	return true;
}

/* Whether the rules may go. @up: there are any. */
static bool flows_are_reset(struct net *n, bool up)
{
	struct err_list why;
	bool reset = true;

	err_init(&why);
	switch (ask_daemon(n->settings->control, "quiesce", &why)) {
	case ASK_DONE:
	case ASK_ABSENT: break;
	case ASK_DEAD:
	case ASK_FAILED: reset = !up; break;
	}
	if (!reset && n->force)
		err_warn(&n->err, "%s; going on because of --force", why.lines[0]);
	else if (!reset)
		err_add(&n->err,
			"%s; the rules stay, because applications whose connections are still open "
			"could send in clear (--force removes them all the same)",
			why.lines[0]);
	err_fini(&why);
	return reset || n->force;
}

static bool anything_left(struct net *n)
{
	struct state st;
	bool found = false;

	for (unsigned i = 0; i < DEVICES; i++)
		found = found || device_state(device_name(i)) == DEVICE_PRESENT;
	if (state_load(&st, n->settings, &n->err))
		found = found || st.workers > 0;
	state_free(&st);
	return found;
}

int net_down(struct net *n)
{
	bool up, removed;
	int lock;

	if (!net_is_up(n, &up))
		return NET_FAILED;
	if (!up && !anything_left(n)) {
		puts("attls-net: down: was not up");
		return NET_OK;
	}
	if (!n->dry_run && !flows_are_reset(n, up))
		return NET_FAILED;
	lock = state_lock(n->settings, true);
	removed = net_remove(n);
	state_unlock(lock);
	if (!removed)
		return NET_FAILED;
	if (!n->dry_run)
		puts("attls-net: down: rules, devices and settings removed");
	return NET_OK;
}
