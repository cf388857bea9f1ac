/* SPDX-License-Identifier: GPL-3.0-or-later */
/* flowlist.c - all flows as JSON, for the control socket */
#include "gateway/daemon/flowlist.h"

#include "base/json_text.h"
#include "gateway/flow/identity.h"
#include "gateway/worker/now.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>

/* A flow as it was when its worker copied it. */
struct record {
	uint64_t id;
	unsigned worker;
	struct tuple key;
	enum direction direction;
	enum flow_state state;
	usec_t opened;
	uint64_t bytes[SIDES];
	const struct rule *rule;   /* of the snapshot */
	struct snapshot *snapshot; /* referenced */
	struct owner owner;
	char inside[IF_NAMESIZE];
	char *identity; /* what its strings lie in; owned */
	bool draining;
	bool has_legs;
	bool has_tls;
	struct tcb_info leg[SIDES];
	struct session_info tls;
};

struct records {
	struct record *items;
	size_t count;
};

/* ---- on the workers' threads ---- */

static void take(struct record *r, const struct worker *w, const struct flow *f)
{
	*r = (struct record){
		.id = f->id,
		.worker = w->number,
		.key = f->key[SIDE_PLAIN],
		.direction = f->direction,
		.state = f->state,
		.opened = f->opened,
		.bytes = {f->bytes[SIDE_PLAIN], f->bytes[SIDE_WIRE]},
		.rule = f->rule,
		.snapshot = snapshot_get(f->snapshot),
		.owner = f->owner,
		.draining = f->draining,
		.has_legs = flow_has_legs(f),
		.has_tls = f->session && f->state == FLOW_ESTABLISHED,
	};
	memcpy(r->inside, f->inside, sizeof(r->inside));
	r->identity = identity_keep(&r->owner);
	for (enum side side = SIDE_PLAIN; side < SIDES && r->has_legs; side++)
		tcb_info(&f->leg[side].tcb, &r->leg[side]);
	if (r->has_tls)
		r->tls = *session_info(f->session);
}

static void call_take(struct worker *w, void *arg)
{
	struct records *all = arg;
	struct record *more =
		reallocarray(all->items, all->count + w->intake.table.count + 1, sizeof(*more));

	if (!more)
		return;
	all->items = more;
	list_each (node, &w->intake.table.flows)
		take(&more[all->count++], w, list_entry(node, struct flow, by_state));
}

/* ---- on the main thread ---- */

static json_t *number(uint64_t n)
{
	return json_integer((json_int_t)n);
}

static json_t *text_or_null(const char *s)
{
	return s && *s ? json_text(s) : json_null();
}

struct word {
	const char *key;
	const char *text;
};

static void add_words(json_t *o, const struct word *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		json_object_set_new(o, words[i].key, text_or_null(words[i].text));
}

static const char *direction_name(enum direction d)
{
	return d == DIRECTION_OUTBOUND  ? "outbound"
	       : d == DIRECTION_INBOUND ? "inbound"
					: "unknown";
}

static json_t *describe_leg(const struct tcb_info *i)
{
	return json_pack("{s:s, s:I, s:I, s:I, s:I, s:I}", "state", tcb_state_name(i->state),
		"srtt_us", (json_int_t)i->srtt, "retransmits", (json_int_t)i->retransmits, "cwnd",
		(json_int_t)i->cwnd, "snd_wnd", (json_int_t)i->snd_wnd, "rcv_wnd",
		(json_int_t)i->rcv_wnd);
}

static void add_tls(json_t *o, const struct session_info *i)
{
	const struct word words[] = {
		{"tls_version", i->version},
		{"suite", i->suite},
		{"group", i->group},
		{"peer_subject", i->peer_subject},
		{"peer_issuer", i->peer_issuer},
		{"mapped_user", i->mapped_user},
		{"own_label", i->own_label},
	};

	add_words(o, words, sizeof(words) / sizeof(words[0]));
	json_object_set_new(o, "resumed", json_boolean(i->resumed));
}

static void add_policy(json_t *o, const struct record *r, const struct snapshot *now)
{
	const struct action *action = r->rule ? r->rule->action : NULL;
	char digest[ACTION_DIGEST_TEXT];
	const struct word words[] = {
		{"rule", r->rule ? r->rule->name : NULL},
		{"action", action ? action->name : NULL},
		{"action_digest", action ? action_digest_format(action, digest) : NULL},
	};

	add_words(o, words, sizeof(words) / sizeof(words[0]));
	json_object_set_new(o, "generation", number(r->snapshot->generation));
	json_object_set_new(o, "stale", json_boolean(r->rule && snapshot_stale(now, r->rule)));
	json_object_set_new(o, "draining", json_boolean(r->draining));
}

/* What of an owner is known, be it that there is none. */
static json_t *known_facts(const struct owner *owner)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < OWNER_FACTS; i++) {
		if (owner_has(owner, 1u << i))
			json_array_append_new(list, json_string(owner_fact_name(i)));
	}
	return list;
}

/* As far as the rules asked for it. */
static void add_owner(json_t *o, const struct owner *owner)
{
	bool known = owner_has(owner, OWNER_UID);
	const struct passwd *account = known ? getpwuid(owner->uid) : NULL;
	const struct word words[] = {
		{"user", account ? account->pw_name : NULL},
		{"process", owner->process},
		{"exe", owner->exe},
		{"unit", owner->unit},
		{"cgroup", owner->cgroup},
		{"container", owner->container},
		{"container_name", owner->container_name},
	};

	json_object_set_new(o, "owner_known", known_facts(owner));
	json_object_set_new(o, "uid", known ? number(owner->uid) : json_null());
	add_words(o, words, sizeof(words) / sizeof(words[0]));
}

static json_t *describe_record(const struct record *r, const struct snapshot *now)
{
	char local[ENDPOINT_TEXT], remote[ENDPOINT_TEXT];
	json_t *o = json_pack("{s:I, s:i, s:s, s:s, s:s, s:s, s:I, s:I, s:f}", "id",
		(json_int_t)r->id, "worker", (int)r->worker, "local",
		endpoint_format(&r->key.local, local), "remote",
		endpoint_format(&r->key.remote, remote), "direction", direction_name(r->direction),
		"state", flow_state_name(r->state), "bytes_out", (json_int_t)r->bytes[SIDE_PLAIN],
		"bytes_in", (json_int_t)r->bytes[SIDE_WIRE], "age_s",
		(double)(now_monotonic() - r->opened) / (double)USEC_SEC);

	add_policy(o, r, now);
	add_tls(o, &r->tls);
	json_object_set_new(o, "inside_interface", text_or_null(r->inside));
	add_owner(o, &r->owner);
	if (r->has_legs) {
		json_object_set_new(o, "plain", describe_leg(&r->leg[SIDE_PLAIN]));
		json_object_set_new(o, "wire", describe_leg(&r->leg[SIDE_WIRE]));
	}
	return o;
}

json_t *flowlist_describe(struct daemon *d)
{
	struct records all = {0};
	json_t *list = json_array();

	pool_call(&d->pool, call_take, &all);
	for (size_t i = 0; i < all.count; i++) {
		struct record *r = &all.items[i];

		json_array_append_new(list, describe_record(r, d->snapshot));
		snapshot_put(r->snapshot);
		free(r->identity);
	}
	free(all.items);
	return list;
}
