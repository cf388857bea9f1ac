/* SPDX-License-Identifier: GPL-3.0-or-later */
/* intake.c - what becomes of a captured packet: the decision between pass, steal and drop */
#include "gateway/flow/intake.h"

#include "gateway/flow/handshake.h"
#include "gateway/flow/identity.h"
#include "gateway/flow/report.h"

#include <stdlib.h>
#include <string.h>

enum {
	REPLY_TTL = 64,
	PASS_IDLE_S = 5 * 24 * 3600,
	PASS_CLOSED_S = 60,
	LOGS_PER_SECOND = 20,
	TOMBSTONES_PER_FLOW = 4
};

static const char *const count_names[] = {
	[INTAKE_OPENED] = "opened",
	[INTAKE_PASSED] = "passed",
	[INTAKE_REFUSED] = "refused",
	[INTAKE_MIDSTREAM] = "midstream",
	[INTAKE_ESTABLISHED] = "established",
	[INTAKE_RESET] = "reset",
	[INTAKE_CLOSED] = "closed",
};
_Static_assert(sizeof(count_names) / sizeof(count_names[0]) == INTAKE_COUNTS, "a name per count");

const char *intake_count_name(enum intake_count c)
{
	return (unsigned)c < INTAKE_COUNTS ? count_names[c] : "unknown";
}

static void take_snapshot(struct intake *in, struct snapshot *s)
{
	in->snapshot = snapshot_get(s);
	in->uses = calloc(s->policy->rule_count + 1, sizeof(*in->uses));
}

static void let_go(struct intake *in)
{
	snapshot_put(in->snapshot);
	free(in->uses);
}

bool intake_init(struct intake *in, struct snapshot *s, const struct intake_limits *limits)
{
	*in = (struct intake){
		.budget = {.limit = limits->memory},
		.limits = {&in->budget, limits->buffer, limits->near},
	};
	if (!table_init(&in->table, limits->flows) ||
		!tombstones_init(&in->tombstones, TOMBSTONES_PER_FLOW * limits->flows))
		return false;
	take_snapshot(in, s);
	return true;
}

void intake_fini(struct intake *in)
{
	table_fini(&in->table);
	tombstones_fini(&in->tombstones);
	contexts_clear(&in->contexts);
	let_go(in);
}

void intake_use(struct intake *in, struct snapshot *s)
{
	contexts_clear(&in->contexts);
	let_go(in);
	take_snapshot(in, s);
}

void intake_retire(struct intake *in, struct flow *f)
{
	if (f->rule && f->rule->action->mode == ACTION_TLS && f->reported)
		in->counts[f->fault == FAULT_NONE ? INTAKE_CLOSED : INTAKE_RESET]++;
	table_remove(&in->table, f);
}

void intake_end(struct intake *in, struct flow *f, usec_t now)
{
	if (f->has_ended)
		tombstone_set(&in->tombstones, f, now);
	intake_retire(in, f);
}

/* Both ends of a passed connection have spoken: it may be silent for days. */
static void pass_goes_on(struct flow *f, usec_t now)
{
	f->seen = 3;
	f->expires = now + PASS_IDLE_S * USEC_SEC;
	table_grown(f);
}

void intake_adopt(struct intake *in, const struct tuple *key, usec_t now)
{
	struct flow *f;

	if (table_find(&in->table, SIDE_PLAIN, key))
		return;
	f = flow_new(in->snapshot, NULL, key, DIRECTION_BOTH, now);
	if (f && !table_add(&in->table, f))
		flow_free(f);
	else if (f)
		pass_goes_on(f, now);
}

/* ---- answers without a flow ---- */

static void reply(struct intake *in, enum side side, const struct segment *seg)
{
	if (in->reply_count < REPLIES_MAX)
		in->replies[in->reply_count++] = (struct reply){.side = side, .seg = *seg};
}

static void reply_reset(struct intake *in, enum side side, const struct endpoint *src,
	const struct endpoint *dst, struct segment numbers)
{
	numbers.src = *src;
	numbers.dst = *dst;
	numbers.ttl = REPLY_TTL;
	reply(in, side, &numbers);
}

/* RFC 9293 3.10.7.1: the RST that the sender of @seg will believe. */
static void reset_sender(struct intake *in, const struct arrival *a)
{
	const struct segment *seg = &a->seg;
	struct segment n = {.seq = seg->ack, .flags = SEG_RST};

	if (!(seg->flags & SEG_ACK))
		n = (struct segment){
			.ack = seg->seq + segment_len(seg), .flags = SEG_RST | SEG_ACK};
	reply_reset(in, a->side, &seg->dst, &seg->src, n);
}

/* The other end: as if the sender had given up right here. */
static void reset_receiver(struct intake *in, const struct arrival *a)
{
	const struct segment *seg = &a->seg;
	struct segment n = {
		.seq = seg->seq, .ack = seg->ack, .flags = SEG_RST | (seg->flags & SEG_ACK)};

	reply_reset(in, side_peer(a->side), &seg->src, &seg->dst, n);
}

bool intake_reply(struct intake *in, struct reply *r)
{
	if (in->reply_count == 0)
		return false;
	*r = in->replies[--in->reply_count];
	return true;
}

static enum verdict drop(struct intake *in, enum drop why)
{
	in->drops[why]++;
	return VERDICT_DROP;
}

/* ---- mapping ---- */

static struct tuple arrival_key(const struct arrival *a)
{
	bool plain = a->side == SIDE_PLAIN;

	return (struct tuple){
		.local = plain ? a->seg.src : a->seg.dst,
		.remote = plain ? a->seg.dst : a->seg.src,
	};
}

static bool is_opening(const struct segment *seg)
{
	return (seg->flags & (SEG_SYN | SEG_ACK | SEG_RST)) == SEG_SYN;
}

static struct query arrival_query(const struct arrival *a)
{
	struct query q = {.tuple = arrival_key(a), .owner = a->owner};

	if (*a->inside)
		q.inside_interface = a->inside;
	q.direction = !is_opening(&a->seg)    ? DIRECTION_BOTH
		      : a->side == SIDE_PLAIN ? DIRECTION_OUTBOUND
					      : DIRECTION_INBOUND;
	return q;
}

static struct flow *find_flow(const struct intake *in, const struct arrival *a)
{
	struct tuple key = arrival_key(a);

	return table_find(&in->table, a->side, &key);
}

static bool is_to_be_mapped(const struct intake *in, const struct arrival *a)
{
	const struct flow *f = find_flow(in, a);

	return !f || (is_opening(&a->seg) && f->state == FLOW_PASS);
}

bool intake_wants_interface(const struct intake *in, const struct arrival *a)
{
	return in->snapshot->policy->asks_interface && is_to_be_mapped(in, a);
}

unsigned intake_wants_owner(const struct intake *in, const struct arrival *a)
{
	struct query q = arrival_query(a);
	unsigned wants = 0;

	if (!is_to_be_mapped(in, a))
		return 0;
	if (in->snapshot->owner_rings && is_opening(&a->seg))
		wants = OWNER_UID & ~a->owner.known;
	return wants | policy_wants_owner(in->snapshot->policy, &q);
}

/* A flood of refusals must not flood the log: what is left out is counted all the same. */
static bool may_log(struct intake *in)
{
	if (in->now - in->log_second >= USEC_SEC) {
		in->log_second = in->now;
		in->logged = 0;
	}
	return in->logged++ < LOGS_PER_SECOND;
}

static enum verdict refuse(
	struct intake *in, const struct arrival *a, const struct rule *rule, const char *why)
{
	struct query q = arrival_query(a);

	in->counts[INTAKE_REFUSED]++;
	if (may_log(in))
		report_refused(&q.tuple, q.direction, rule, why);
	reset_sender(in, a);
	return drop(in, DROP_REJECTED);
}

static struct flow *add_flow(struct intake *in, const struct arrival *a, const struct rule *rule,
	enum direction direction, usec_t now)
{
	struct tuple key = arrival_key(a);
	struct flow *f = flow_new(in->snapshot, rule, &key, direction, now);

	if (!f)
		return NULL;
	f->owner = a->owner;
	memcpy(f->inside, a->inside, sizeof(f->inside));
	f->identity = identity_keep(&f->owner);
	if (in->table.count >= in->table.limit && table_oldest_young(&in->table))
		intake_retire(in, table_oldest_young(&in->table));
	if (table_add(&in->table, f))
		return f;
	flow_free(f);
	return NULL;
}

static enum verdict open_pass(struct intake *in, const struct arrival *a, const struct rule *rule,
	usec_t now, struct flow **flow)
{
	struct query q = arrival_query(a);

	*flow = add_flow(in, a, rule, q.direction, now);
	if (!*flow)
		return drop(in, DROP_TABLE_FULL);
	(*flow)->seen = (uint8_t)(1 << a->side);
	in->counts[INTAKE_PASSED]++;
	return VERDICT_ACCEPT;
}

static enum verdict follow_opening(
	struct intake *in, struct flow *f, const struct arrival *a, usec_t now);

static enum verdict open_tls(struct intake *in, const struct arrival *a, const struct rule *rule,
	usec_t now, struct flow **flow)
{
	struct query q = arrival_query(a);
	struct context *context;
	char why[512];

	if (in->budget.used > in->budget.limit)
		return drop(in, DROP_NO_MEMORY);
	context = contexts_get(
		&in->contexts, in->snapshot, rule->action, &a->owner, why, sizeof(why));
	if (!context)
		return refuse(in, a, rule, why);
	*flow = add_flow(in, a, rule, q.direction, now);
	if (!*flow) {
		context_put(context);
		return drop(in, DROP_TABLE_FULL);
	}
	(*flow)->context = context;
	in->counts[INTAKE_OPENED]++;
	return follow_opening(in, *flow, a, now);
}

static void count_use(struct intake *in, const struct rule *rule, usec_t now)
{
	if (!in->uses || !rule)
		return;
	in->uses[rule->place].hits++;
	in->uses[rule->place].last_used = now;
}

static enum verdict open_connection(
	struct intake *in, const struct arrival *a, usec_t now, struct flow **flow)
{
	struct query q = arrival_query(a);
	const struct rule *rule;
	enum outcome outcome;

	if (in->quiesced)
		return drop(in, DROP_REJECTED);
	outcome = policy_match(in->snapshot->policy, &q, &rule);
	count_use(in, rule, now);
	if (outcome == OUTCOME_UNKNOWN_REJECT)
		return refuse(in, a, rule, "the rule asks for the owner, which is not known");
	if (outcome == OUTCOME_UNMATCHED)
		return in->snapshot->policy->unmatched_reject
			       ? refuse(in, a, NULL, "no rule matches")
			       : open_pass(in, a, NULL, now, flow);
	switch (rule->action->mode) {
	case ACTION_TLS: return open_tls(in, a, rule, now, flow);
	case ACTION_PASS: return open_pass(in, a, rule, now, flow);
	case ACTION_REJECT: break;
	}
	return refuse(in, a, rule, fault_name(FAULT_REJECTED));
}

/* ---- packets of known flows ---- */

static enum verdict abandon_opening(struct intake *in, struct flow *f, const struct arrival *a)
{
	in->counts[INTAKE_REFUSED]++;
	f->fault = FAULT_UNSUPPORTED;
	report_end(f);
	reset_sender(in, a);
	reset_receiver(in, a);
	intake_retire(in, f);
	return drop(in, DROP_REJECTED);
}

/* A packet in FLOW_OPENING, where the real endpoints shake hands. */
static enum verdict follow_opening(
	struct intake *in, struct flow *f, const struct arrival *a, usec_t now)
{
	enum handshake_step step = handshake_note(f, a->side, &a->seg, now);

	switch (step) {
	case HANDSHAKE_PASS: return VERDICT_ACCEPT;
	case HANDSHAKE_STRIP: return VERDICT_STRIP;
	case HANDSHAKE_COMPLETE:
	case HANDSHAKE_COMPLETE_DATA:
		list_remove(&f->by_local);
		table_grown(f);
		flow_take_over(f, &in->limits, step == HANDSHAKE_COMPLETE_DATA, now);
		return step == HANDSHAKE_COMPLETE ? VERDICT_ACCEPT : VERDICT_STEAL;
	case HANDSHAKE_REFUSED: intake_retire(in, f); return VERDICT_ACCEPT;
	case HANDSHAKE_IMPOSSIBLE: return abandon_opening(in, f, a);
	case HANDSHAKE_DROP: break;
	}
	return drop(in, DROP_UNACCEPTABLE);
}

/* A packet of a flow that is let through: only its end is watched, to forget it. */
static enum verdict follow_pass(struct flow *f, const struct arrival *a, usec_t now)
{
	f->seen |= (uint8_t)(1 << a->side);
	if (a->seg.flags & SEG_RST)
		f->fin_seen = 3;
	if (a->seg.flags & SEG_FIN)
		f->fin_seen |= (uint8_t)(1 << a->side);
	if (f->fin_seen == 3)
		f->expires = now + PASS_CLOSED_S * USEC_SEC;
	else if (f->seen == 3)
		pass_goes_on(f, now);
	return VERDICT_ACCEPT;
}

/* A SYN on the tuple of a connection that never was ours: a new connection. */
static bool reopens(const struct flow *f, const struct arrival *a)
{
	return is_opening(&a->seg) && f->state == FLOW_PASS;
}

/* The answer to a connection that this host has DNATed comes from an address nobody dialled. */
static struct flow *pair_answer(struct intake *in, const struct arrival *a)
{
	struct tuple key = arrival_key(a);
	struct flow *f;

	if (a->side != SIDE_WIRE || !(a->seg.flags & SEG_ACK) ||
		!(a->seg.flags & (SEG_SYN | SEG_RST)))
		return NULL;
	f = table_find_opening(&in->table, &key.local, a->seg.ack);
	if (f)
		table_rekey(&in->table, f, &key);
	return f;
}

static enum verdict reset_both(struct intake *in, const struct arrival *a)
{
	in->counts[INTAKE_MIDSTREAM]++;
	if (!(a->seg.flags & SEG_RST)) {
		reset_sender(in, a);
		reset_receiver(in, a);
	}
	return drop(in, DROP_NO_FLOW);
}

/* The beginning was not seen: what a TLS rule could take is never passed. */
static enum verdict decide_midstream(
	struct intake *in, const struct arrival *a, usec_t now, struct flow **flow)
{
	struct query q = arrival_query(a);

	if (!a->carried && !policy_may_protect(in->snapshot->policy, &q))
		return open_pass(in, a, NULL, now, flow);
	return a->elsewhere ? VERDICT_CARRY : reset_both(in, a);
}

/* What comes after the end of a flow goes nowhere, whatever the policy says by now. */
static enum verdict follow_end(
	struct intake *in, struct tombstone *stone, const struct arrival *a, usec_t now)
{
	struct segment answer;

	if (tombstone_answer(&in->tombstones, stone, a->side, &a->seg, now, &answer))
		reply(in, a->side, &answer);
	return drop(in, DROP_UNACCEPTABLE);
}

/* The tuple of a flow that has ended: with a SYN it is used again, and its kernels judge that. */
static struct tombstone *find_end(struct intake *in, const struct arrival *a)
{
	struct tuple key = arrival_key(a);
	struct tombstone *stone = tombstone_find(&in->tombstones, a->side, &key);

	if (!stone || !is_opening(&a->seg))
		return stone;
	tombstone_remove(&in->tombstones, stone);
	return NULL;
}

enum verdict intake_decide(
	struct intake *in, const struct arrival *a, usec_t now, struct flow **flow)
{
	struct flow *f = find_flow(in, a);
	struct tombstone *stone;

	in->now = now;
	if (f && (reopens(f, a) || (a->carried && f->state == FLOW_PASS))) {
		intake_retire(in, f);
		f = NULL;
	}
	*flow = NULL;
	if (!f)
		f = pair_answer(in, a);
	stone = f ? NULL : find_end(in, a);
	if (stone)
		return follow_end(in, stone, a, now);
	if (!f && is_opening(&a->seg))
		return open_connection(in, a, now, flow);
	if (!f)
		return decide_midstream(in, a, now, flow);
	*flow = f;
	switch (f->state) {
	case FLOW_OPENING: return follow_opening(in, f, a, now);
	case FLOW_PASS: return follow_pass(f, a, now);
	default: return VERDICT_STEAL;
	}
}
