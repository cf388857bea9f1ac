/* SPDX-License-Identifier: GPL-3.0-or-later */
/* describe.c - workers and flows as JSON, for the control socket */
#include "gateway/daemon/describe.h"

#include "base/json_text.h"
#include "gateway/worker/now.h"

#include <pwd.h>

/* What is asked of every worker, summed up on its own thread. */
struct census {
	uint64_t intake[INTAKE_COUNTS];
	uint64_t worker[WORKER_COUNTS];
	uint64_t drops[DROPS];
	uint64_t states[FLOW_STATES];
	size_t memory;
};

static void call_census(struct worker *w, void *arg)
{
	struct census *c = arg;

	for (size_t i = 0; i < INTAKE_COUNTS; i++)
		c->intake[i] += w->intake.counts[i];
	for (size_t i = 0; i < WORKER_COUNTS; i++)
		c->worker[i] += w->counts[i];
	for (size_t i = 0; i < DROPS; i++)
		c->drops[i] += w->intake.drops[i];
	list_each (node, &w->intake.table.flows)
		c->states[list_entry(node, struct flow, by_state)->state]++;
	c->memory += w->intake.budget.used;
}

static json_t *number(uint64_t n)
{
	return json_integer((json_int_t)n);
}

static json_t *text_or_null(const char *s)
{
	return s && *s ? json_text(s) : json_null();
}

static json_t *drops_of(const struct census *c)
{
	json_t *drops = json_object();

	for (size_t i = DROP_NONE + 1; i < DROPS; i++)
		json_object_set_new(drops, drop_name((enum drop)i), number(c->drops[i]));
	return drops;
}

json_t *describe_stats(struct daemon *d)
{
	struct census c = {0};
	json_t *counters = json_object();

	pool_call(&d->pool, call_census, &c);
	for (size_t i = 0; i < INTAKE_COUNTS; i++)
		json_object_set_new(
			counters, intake_count_name((enum intake_count)i), number(c.intake[i]));
	for (size_t i = 0; i < WORKER_COUNTS; i++)
		json_object_set_new(
			counters, worker_count_name((enum worker_count)i), number(c.worker[i]));
	return json_pack("{s:o, s:o}", "counters", counters, "drops", drops_of(&c));
}

json_t *describe_status(struct daemon *d)
{
	struct census c = {0};
	size_t certs, rings;
	uint64_t tls;

	pool_call(&d->pool, call_census, &c);
	keystore_count(d->snapshot->keystore, &certs, &rings);
	tls = c.states[FLOW_HANDSHAKE] + c.states[FLOW_ESTABLISHED];
	return json_pack("{s:s, s:I, s:s, s:i, s:I, s:I, s:b, s:{s:I, s:I},"
			 " s:{s:I, s:I, s:I, s:I, s:I, s:I}, s:o, s:{s:I, s:I}}",
		"version", ATTLS_VERSION, "uptime_s",
		(json_int_t)((now_monotonic() - d->started) / USEC_SEC), "mode",
		d->settings->mode == MODE_HOST ? "host" : "router", "workers",
		(int)d->settings->workers, "generation", (json_int_t)d->snapshot->generation,
		"rules", (json_int_t)d->snapshot->policy->rule_count, "quiesced", (int)d->quiesced,
		"keyring", "certificates", (json_int_t)certs, "rings", (json_int_t)rings, "flows",
		"tls", (json_int_t)tls, "pass", (json_int_t)c.states[FLOW_PASS], "pending",
		(json_int_t)c.states[FLOW_OPENING], "linger", (json_int_t)c.states[FLOW_LINGER],
		"closed_total", (json_int_t)c.intake[INTAKE_CLOSED], "reset_total",
		(json_int_t)c.intake[INTAKE_RESET], "drops", drops_of(&c), "memory", "used",
		(json_int_t)c.memory, "limit", (json_int_t)d->settings->memory);
}

/* ---- flows ---- */

static const char *direction_name(enum direction d)
{
	return d == DIRECTION_OUTBOUND  ? "outbound"
	       : d == DIRECTION_INBOUND ? "inbound"
					: "unknown";
}

static json_t *describe_leg(const struct leg *leg)
{
	struct tcb_info i;

	tcb_info(&leg->tcb, &i);
	return json_pack("{s:s, s:I, s:I, s:I, s:I, s:I}", "state", tcb_state_name(i.state),
		"srtt_us", (json_int_t)i.srtt, "retransmits", (json_int_t)i.retransmits, "cwnd",
		(json_int_t)i.cwnd, "snd_wnd", (json_int_t)i.snd_wnd, "rcv_wnd",
		(json_int_t)i.rcv_wnd);
}

static void add_tls(json_t *o, const struct flow *f)
{
	static const struct session_info none;
	const struct session_info *i =
		f->session && f->state == FLOW_ESTABLISHED ? session_info(f->session) : &none;

	json_object_set_new(o, "tls_version", text_or_null(i->version));
	json_object_set_new(o, "suite", text_or_null(i->suite));
	json_object_set_new(o, "group", text_or_null(i->group));
	json_object_set_new(o, "peer_subject", text_or_null(i->peer_subject));
	json_object_set_new(o, "peer_issuer", text_or_null(i->peer_issuer));
	json_object_set_new(o, "own_label", text_or_null(i->own_label));
	json_object_set_new(o, "resumed", json_boolean(i->resumed));
}

static void add_policy(json_t *o, const struct flow *f, uint64_t generation)
{
	uint64_t own = f->snapshot->generation;

	json_object_set_new(o, "rule", text_or_null(f->rule ? f->rule->name : NULL));
	json_object_set_new(o, "action", text_or_null(f->rule ? f->rule->action->name : NULL));
	json_object_set_new(o, "generation", number(own));
	json_object_set_new(o, "stale", json_boolean(own != generation));
}

/* As far as the rules asked for it. */
static void add_owner(json_t *o, const struct owner *owner)
{
	const struct {
		const char *key;
		const char *text;
	} facts[] = {
		{"process", owner->process},
		{"exe", owner->exe},
		{"unit", owner->unit},
		{"cgroup", owner->cgroup},
		{"container", owner->container},
		{"container_name", owner->container_name},
	};

	for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++)
		json_object_set_new(o, facts[i].key, text_or_null(facts[i].text));
}

static json_t *describe_flow(const struct worker *w, const struct flow *f)
{
	const struct tuple *key = &f->key[SIDE_PLAIN];
	char local[ENDPOINT_TEXT], remote[ENDPOINT_TEXT];
	json_t *o = json_pack("{s:I, s:i, s:s, s:s, s:s, s:s, s:I, s:I, s:f}", "id",
		(json_int_t)f->id, "worker", (int)w->number, "local",
		endpoint_format(&key->local, local), "remote",
		endpoint_format(&key->remote, remote), "direction", direction_name(f->direction),
		"state", flow_state_name(f->state), "bytes_out", (json_int_t)f->bytes[SIDE_PLAIN],
		"bytes_in", (json_int_t)f->bytes[SIDE_WIRE], "age_s",
		(double)(now_monotonic() - f->opened) / (double)USEC_SEC);

	add_policy(o, f, w->intake.snapshot->generation);
	add_tls(o, f);
	json_object_set_new(
		o, "uid", owner_has(&f->owner, OWNER_UID) ? number(f->owner.uid) : json_null());
	add_owner(o, &f->owner);
	if (flow_has_legs(f)) {
		json_object_set_new(o, "plain", describe_leg(&f->leg[SIDE_PLAIN]));
		json_object_set_new(o, "wire", describe_leg(&f->leg[SIDE_WIRE]));
	}
	return o;
}

static void call_flows(struct worker *w, void *arg)
{
	json_t *list = arg;

	list_each (node, &w->intake.table.flows)
		json_array_append_new(
			list, describe_flow(w, list_entry(node, struct flow, by_state)));
}

/* The account's name is asked for here, on the main thread: the data base may take its time. */
static void add_users(json_t *list)
{
	size_t i;
	json_t *o;

	json_array_foreach(list, i, o)
	{
		const json_t *uid = json_object_get(o, "uid");
		const struct passwd *account =
			json_is_integer(uid) ? getpwuid((uid_t)json_integer_value(uid)) : NULL;

		json_object_set_new(o, "user", text_or_null(account ? account->pw_name : NULL));
	}
}

json_t *describe_flows(struct daemon *d)
{
	json_t *list = json_array();

	pool_call(&d->pool, call_flows, list);
	add_users(list);
	return list;
}
