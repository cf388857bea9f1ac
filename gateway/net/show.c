/* SPDX-License-Identifier: GPL-3.0-or-later */
/* show.c - attls-net show: what should be and what is */
#include "gateway/net/device.h"
#include "gateway/net/nat.h"
#include "gateway/net/net.h"
#include "gateway/net/state.h"
#include "gateway/net/sysctl.h"
#include "gateway/net/tables.h"

#include <stdio.h>

/* What is found while showing. */
struct view {
	struct net *net;
	struct state state;
	bool up;    /* rules are installed */
	bool whole; /* and all of them, and the devices */
	bool nat;   /* NAT has come that they do not follow */
};

static void show_router(const struct settings *s)
{
	fputs("mode        router, inside", stdout);
	for (char **name = s->inside; *name; name++)
		printf("%s %s", name == s->inside ? "" : ",", *name);
	printf(", outside %s\n", s->outside);
}

static void show_settings(const struct view *v)
{
	const struct settings *s = v->net->settings;
	unsigned workers = v->state.workers ? v->state.workers : s->workers;

	if (s->mode == MODE_HOST)
		puts("mode        host");
	else
		show_router(s);
	printf("workers     %u (queues %u to %u)\n", workers, s->queue_base,
		s->queue_base + 2 * workers);
	printf("mark        0x%x\n", s->mark);
}

static void show_devices(struct view *v)
{
	static const char *const words[] = {
		[DEVICE_ABSENT] = "absent",
		[DEVICE_PRESENT] = "present",
		[DEVICE_FOREIGN] = "a device of another kind",
	};

	for (unsigned i = 0; i < DEVICES; i++) {
		enum device_state state = device_state(device_name(i));

		printf("device      %s %s\n", device_name(i), words[state]);
		v->whole = v->whole && state == DEVICE_PRESENT;
	}
}

static void show_family(struct view *v, int f, const struct tables *have)
{
	size_t rules = tables_rules(have);
	struct plan_options o;
	struct plan want;
	bool whole = rules == v->state.rules[f];

	plan_options_from(&o, v->net->settings, v->state.workers ? v->state.workers : 1);
	o.features.conntrack = v->state.nat[f];
	plan_build(&want, &o, &v->net->candidates, net_families[f]);
	for (int id = 0; rules > 0 && id < PLAN_TABLES; id++)
		whole = installed_hooked(&have->table[id], &want.tables[id]) && whole;
	plan_free(&want);
	printf("rules       IPv%d: %zu installed of %zu%s\n", net_families[f], rules,
		v->state.rules[f], whole ? "" : ", not whole");
	for (int id = 0; id < PLAN_TABLES; id++)
		if (tables_any(have))
			printf("            %s %zu rules, %zu jumps\n", plan_table_name(id),
				have->table[id].rule_count, have->table[id].hook_count);
	v->up = v->up || rules > 0;
	v->nat = v->nat || (rules > 0 && !v->state.nat[f] && nat_present(net_families[f]));
	v->whole = v->whole && whole;
}

static bool show_rules(struct view *v)
{
	for (int f = 0; f < FAMILIES; f++) {
		struct tables have;

		if (net_families[f] == 6 && !sysctl_ipv6_present())
			continue;
		if (!tables_read(&have, net_families[f], &v->net->err))
			return false;
		show_family(v, f, &have);
		tables_free(&have);
	}
	return true;
}

static int verdict(const struct view *v)
{
	if (!v->up) {
		puts("state       not up");
		return NET_NOT_UP;
	}
	if (v->state.candidates != v->net->candidates.count)
		printf("note        rules are of %zu candidates; the policy has %zu now\n",
			v->state.candidates, v->net->candidates.count);
	if (v->whole && v->nat) {
		puts("state       up, but made before there was NAT: run attls-net up");
		return NET_NAT;
	}
	puts(v->whole ? "state       up" : "state       damaged: run attls-net up");
	return v->whole ? NET_OK : NET_DAMAGED;
}

int net_show(struct net *n)
{
	struct view v = {.net = n, .whole = true};
	int status = NET_FAILED, lock = state_lock(n->settings, false);

	if (state_load(&v.state, n->settings, &n->err)) {
		show_settings(&v);
		printf("candidates  %zu\n", n->candidates.count);
		candidates_write(&n->candidates, stdout);
		show_devices(&v);
		if (show_rules(&v))
			status = verdict(&v);
		state_free(&v.state);
	}
	state_unlock(lock);
	return status;
}
