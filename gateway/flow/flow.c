/* SPDX-License-Identifier: GPL-3.0-or-later */
/* flow.c - one connection through the gateway: life, time and addresses */
#include "gateway/flow/flow.h"

#include "base/log.h"
#include "gateway/flow/handshake.h"
#include "gateway/flow/keepalive.h"
#include "gateway/flow/report.h"

#include <stdatomic.h>
#include <stdlib.h>

enum {
	OPENING_TIMEOUT_S = 75,    /* as long as kernels keep trying */
	FIN_WAIT_S = 60,           /* as long as kernels wait for a FIN when nobody else does */
	NEAR_WINDOW = 1024 * 1024, /* more would only fill the queue to us */
	BULK = 4096,               /* bytes of a packet that are worth a turn of their own */
};

static const char *const state_names[] = {
	[FLOW_OPENING] = "opening",
	[FLOW_HANDSHAKE] = "handshake",
	[FLOW_ESTABLISHED] = "established",
	[FLOW_PASS] = "pass",
	[FLOW_DEAD] = "dead",
};
_Static_assert(sizeof(state_names) / sizeof(state_names[0]) == FLOW_STATES, "a name per state");

const char *flow_state_name(enum flow_state s)
{
	return (unsigned)s < FLOW_STATES ? state_names[s] : "unknown";
}

void flow_set_state(struct flow *f, enum flow_state state)
{
	if (f->state == state)
		return;
	log_debug("flow %llu: %s -> %s", (unsigned long long)f->id, flow_state_name(f->state),
		flow_state_name(state));
	f->state = state;
}

struct flow *flow_new(struct snapshot *s, const struct rule *rule, const struct tuple *key,
	enum direction direction, usec_t now)
{
	static _Atomic uint64_t last_id;
	struct flow *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->id = ++last_id;
	f->key[SIDE_PLAIN] = f->key[SIDE_WIRE] = *key;
	f->direction = direction;
	f->opened = now;
	f->snapshot = snapshot_get(s);
	f->rule = rule;
	f->deadline = USEC_NEVER;
	list_init(&f->by_key[SIDE_PLAIN]);
	list_init(&f->by_key[SIDE_WIRE]);
	list_init(&f->by_local);
	list_init(&f->by_state);
	list_init(&f->dirty);
	list_init(&f->by_age);
	f->retry = USEC_NEVER;
	f->expires = now + OPENING_TIMEOUT_S * USEC_SEC;
	f->state = rule && rule->action->mode == ACTION_TLS ? FLOW_OPENING : FLOW_PASS;
	return f;
}

/* Legs that were never begun are zero, which tcb_fini() takes for empty. */
static void release_legs(struct flow *f)
{
	session_free(f->session);
	f->session = NULL;
	tcb_fini(&f->leg[SIDE_PLAIN].tcb);
	tcb_fini(&f->leg[SIDE_WIRE].tcb);
}

void flow_free(struct flow *f)
{
	release_legs(f);
	context_put(f->context);
	snapshot_put(f->snapshot);
	free(f->identity);
	free(f);
}

static size_t least_size(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* A short handshake only with the same peer, under the same rule, for the same user. */
static void share_session(struct flow *f)
{
	uint8_t key[SESSION_KEY_MAX];
	const struct endpoint *remote = &f->key[SIDE_PLAIN].remote;
	bool known = owner_has(&f->owner, OWNER_UID);
	uid_t uid = known ? f->owner.uid : 0;
	size_t len = 0;
	const struct span parts[] = {
		span_of(&remote->addr.family, sizeof(remote->addr.family)),
		span_of(remote->addr.bytes, sizeof(remote->addr.bytes)),
		span_of(&remote->port, sizeof(remote->port)),
		span_of(&f->rule, sizeof(f->rule)),
		span_of(&known, sizeof(known)),
		span_of(&uid, sizeof(uid)),
	};

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		memcpy(key + len, parts[i].ptr, parts[i].len);
		len += parts[i].len;
	}
	session_share(f->session, span_of(key, len));
}

void flow_take_over(struct flow *f, const struct flow_limits *limits, bool ack_due, usec_t now)
{
	enum side opened_by = f->direction == DIRECTION_OUTBOUND ? SIDE_PLAIN : SIDE_WIRE;

	for (enum side side = SIDE_PLAIN; side < SIDES; side++) {
		struct tcb_params p = handshake_params(f, side);

		p.answers = true; /* a handshake is a dialogue */
		p.near = limits->near && side == SIDE_PLAIN;
		p.ecn_ok = p.ecn_ok && !p.near; /* nothing lies between us and it */
		p.rcv_limit = p.near ? least_size(limits->buffer, NEAR_WINDOW) : limits->buffer;
		p.snd_limit = limits->buffer;
		p.budget = limits->budget;
		p.ack_due = ack_due && side != opened_by;
		tcb_init(&f->leg[side].tcb, &p, now);
		f->leg[side].heard = now;
	}
	flow_set_state(f, FLOW_HANDSHAKE);
	f->expires = now + f->rule->action->handshake_timeout;
	f->session = session_new(
		f->context, &f->key[SIDE_PLAIN].remote.addr, tcb_outbox(&f->leg[SIDE_WIRE].tcb));
	if (!f->session) {
		flow_abort(f, FAULT_NO_MEMORY);
		return;
	}
	session_wait_as(f->session, f);
	share_session(f);
}

enum drop flow_input(struct flow *f, enum side side, const struct segment *seg, usec_t now)
{
	struct leg *leg = &f->leg[side], *peer = &f->leg[side_peer(side)];
	enum drop why;

	/* what the endpoint shows of its clock is how far we may go on its behalf */
	if (seg->options & SEG_OPT_TS)
		tcb_note_ts(&peer->tcb, seg->ts_val);
	leg->heard = now;
	leg->probes = 0;
	keepalive_heard(f, side);
	if (keepalive_holds(f, side, seg, now))
		return DROP_UNACCEPTABLE;
	why = tcb_take(&leg->tcb, seg, now);
	/* a large packet is sealed or opened where it lies; small ones share a record */
	if (segment_payload_len(seg) >= BULK && f->state == FLOW_ESTABLISHED)
		flow_advance(f, now);
	tcb_keep(&leg->tcb);
	return why;
}

bool flow_output(struct flow *f, enum side side, usec_t now, struct segment *seg)
{
	const struct hello *played = &f->hello[side_peer(side)];
	/* the tuple before this host's DNAT on both sides: conntrack translates what we inject */
	const struct tuple *key = &f->key[SIDE_PLAIN];
	struct leg *leg = &f->leg[side];

	if (!flow_has_legs(f))
		return false;
	if (!tcb_output(&leg->tcb, now, seg)) {
		/* a failed session has left an alert: that is out now, the reset follows it */
		if (f->fault == FAULT_NONE || tcb_fault(&leg->tcb) != FAULT_NONE)
			return false;
		tcb_abort(&leg->tcb, f->fault);
		if (!tcb_output(&leg->tcb, now, seg))
			return false;
	}
	seg->src = side == SIDE_PLAIN ? key->remote : key->local;
	seg->dst = side == SIDE_PLAIN ? key->local : key->remote;
	seg->ttl = played->ttl;
	seg->dscp = played->dscp;
	seg->flow_label = played->flow_label;
	seg->ip_id = leg->ip_id;
	leg->ip_id += (uint16_t)(seg->gso_size ? segment_payload_len(seg) / seg->gso_size + 1 : 1);
	return true;
}

/* RFC 791 and 8200 minima, Linux's min_pmtu. */
enum { MTU_FLOOR_V4 = 552, MTU_FLOOR_V6 = 1280, HEADERS_V4 = 40, HEADERS_V6 = 60 };

/* RFC 1191 7: what a router that does not tell is likely to take, having refused @mtu. */
static uint32_t next_plateau(uint32_t mtu)
{
	static const uint16_t plateaus[] = {32000, 17914, 8166, 4352, 2002, 1492, 1006};

	for (size_t i = 0; i < sizeof(plateaus) / sizeof(plateaus[0]); i++)
		if (plateaus[i] < mtu)
			return plateaus[i];
	return MTU_FLOOR_V4;
}

bool flow_path_mtu(struct flow *f, enum side side, uint32_t seq, uint32_t mtu, usec_t now)
{
	bool v4 = f->key[SIDE_PLAIN].local.addr.family == 4;
	uint32_t floor = v4 ? MTU_FLOOR_V4 : MTU_FLOOR_V6, headers = v4 ? HEADERS_V4 : HEADERS_V6;
	struct tcb *t = &f->leg[side].tcb;

	if (!flow_has_legs(f) || (uint64_t)(seq - (uint32_t)t->snd.una) >= sendq_flight(&t->snd))
		return false;
	if (mtu == 0)
		mtu = next_plateau(t->mss + headers);
	if (mtu < floor)
		mtu = floor;
	if (mtu - headers >= t->mss)
		return false;
	tcb_set_mss(t, (uint16_t)(mtu - headers), now);
	return true;
}

static bool leg_over(const struct leg *leg)
{
	return leg->tcb.state == TCPS_CLOSED || leg->tcb.state == TCPS_TIME_WAIT;
}

/* TLS is over in both directions and the application is gone: only a FIN is missing. */
static bool only_fin_is_missing(const struct flow *f)
{
	return f->state == FLOW_ESTABLISHED && f->leg[SIDE_WIRE].tcb.state == TCPS_FIN_WAIT_2 &&
	       leg_over(&f->leg[SIDE_PLAIN]) && session_ended(f->session);
}

void flow_settle(struct flow *f, usec_t now)
{
	if (f->expires == USEC_NEVER && only_fin_is_missing(f))
		f->expires = now + FIN_WAIT_S * USEC_SEC;
	if (!flow_has_legs(f) || !leg_over(&f->leg[SIDE_PLAIN]) || !leg_over(&f->leg[SIDE_WIRE]))
		return;
	report_end(f);
	f->has_ended = true;
	flow_set_state(f, FLOW_DEAD);
}

void flow_drain(struct flow *f)
{
	f->draining = true;
}

static usec_t drain_at(const struct flow *f)
{
	usec_t heard = usec_max(f->leg[SIDE_PLAIN].heard, f->leg[SIDE_WIRE].heard);

	if (!f->draining || f->state != FLOW_ESTABLISHED)
		return USEC_NEVER;
	return (f->drained ? f->drained : heard) + DRAIN_QUIET;
}

/* As if both had closed: close_notify and FIN towards the network, FIN towards the application. */
static void drain_now(struct flow *f, usec_t now)
{
	if (f->drained || !session_close(f->session)) {
		f->draining = false;
		flow_abort(f, FAULT_ADMIN);
		return;
	}
	f->close_sent = true;
	f->drained = now;
	tcb_finish(&f->leg[SIDE_WIRE].tcb);
	tcb_finish(&f->leg[SIDE_PLAIN].tcb);
}

usec_t flow_deadline(const struct flow *f)
{
	usec_t when = usec_min(f->expires, f->retry);

	if (f->state == FLOW_DEAD)
		return USEC_NEVER;
	if (f->state == FLOW_ESTABLISHED)
		when = usec_min(when, usec_min(keepalive_deadline(f), drain_at(f)));
	if (flow_has_legs(f)) {
		when = usec_min(when, tcb_deadline(&f->leg[SIDE_PLAIN].tcb));
		when = usec_min(when, tcb_deadline(&f->leg[SIDE_WIRE].tcb));
	}
	return when;
}

void flow_expire(struct flow *f, usec_t now)
{
	if (f->state == FLOW_ESTABLISHED)
		keepalive_run(f, now);
	if (now >= drain_at(f))
		drain_now(f, now);
	if (f->state == FLOW_DEAD || now < f->expires)
		return;
	switch (f->state) {
	case FLOW_HANDSHAKE: flow_abort(f, FAULT_HANDSHAKE_TIMEOUT); break;
	case FLOW_ESTABLISHED: tcb_abort(&f->leg[SIDE_WIRE].tcb, FAULT_NONE); break;
	default: flow_set_state(f, FLOW_DEAD); break;
	}
	f->expires = USEC_NEVER;
}

void flow_abort(struct flow *f, enum fault why)
{
	if (f->fault == FAULT_NONE)
		f->fault = why;
	if (flow_has_legs(f)) {
		tcb_abort(&f->leg[SIDE_PLAIN].tcb, why);
		tcb_abort(&f->leg[SIDE_WIRE].tcb, why);
	}
	report_end(f);
}
