/* SPDX-License-Identifier: GPL-3.0-or-later */
/* decide.c - one packet from its bytes to its verdict */
#include "gateway/worker/decide.h"

#include "gateway/tls/session.h"
#include "gateway/worker/drive.h"
#include "gateway/worker/held.h"
#include "gateway/worker/stray.h"

#include <linux/netfilter.h>
#include <net/if.h>

enum { SLOT_SYN = 1 };

/*
 * The rules queue in FORWARD only what goes between inside and outside. An interface that was
 * created anew has another index: then it is looked up again.
 */
static bool from_outside(struct worker *w, uint32_t indev)
{
	if (indev != w->inside && indev != w->outside) {
		w->outside = if_nametoindex(w->config->outside);
		w->inside = indev == w->outside ? 0 : indev;
	}
	return indev == w->outside;
}

static enum side packet_side(struct worker *w, const struct packet *p)
{
	switch (p->hook) {
	case NF_INET_LOCAL_OUT:
	case NF_INET_PRE_ROUTING: return SIDE_PLAIN;
	case NF_INET_FORWARD: return from_outside(w, p->indev) ? SIDE_WIRE : SIDE_PLAIN;
	default: return SIDE_WIRE;
	}
}

/* ---- the owner ---- */

static bool find_socket(const struct worker *w, const struct packet *p, const struct arrival *a,
	struct socket_facts *facts)
{
	bool plain = a->side == SIDE_PLAIN;
	struct tuple key = {
		.local = plain ? a->seg.src : a->seg.dst,
		.remote = plain ? a->seg.dst : a->seg.src,
	};
	uint32_t interface = plain ? p->outdev : p->indev;

	return sockdiag_find(&w->sockdiag, &key, interface, facts) ||
	       (!plain && sockdiag_find_listener(&w->sockdiag, &key.local, interface, facts));
}

/*
 * Put into @a what the kernel tells at once. Return: true if more could decide and can be looked
 * for; then the packet is held, or dropped where there is no room: its sender will try again.
 */
static bool find_owner(struct worker *w, const struct packet *p, struct arrival *a, usec_t now)
{
	struct socket_facts facts;
	unsigned wants;

	if (p->slot == SLOT_SYN && held_already(w, a)) {
		queue_drop(&w->queue, p);
		return true;
	}
	if (!w->config->host || !intake_wants_owner(&w->intake, a) || !find_socket(w, p, a, &facts))
		return false;
	a->owner = (struct owner){.known = OWNER_UID, .uid = facts.uid};
	wants = p->slot == SLOT_SYN ? intake_wants_owner(&w->intake, a) : 0;
	if (!wants)
		return false;
	if (!held_add(w, p, a, &facts, wants, now)) {
		w->intake.drops[DROP_TABLE_FULL]++;
		queue_drop(&w->queue, p);
	}
	return true;
}

/* A name that is asked for anew each time is right even after interfaces were renamed. */
static void find_interface(const struct worker *w, const struct packet *p, struct arrival *a)
{
	uint32_t index = a->side == SIDE_PLAIN ? p->indev : p->outdev;

	if (!w->config->host && intake_wants_interface(&w->intake, a) &&
		!if_indextoname(index, a->inside))
		*a->inside = '\0';
}

/* ---- the verdict ---- */

/*
 * The guard lets marked packets pass: those of flows that are let through, and the SYN of an
 * application, without which the firewall rules refuse it. Other packets of a handshake carry
 * nothing and need no mark, which a socket could inherit (tcp_fwmark_accept).
 */
static uint32_t mark_for(const struct worker *w, const struct packet *p, const struct stolen *s)
{
	bool passed = s->flow && s->flow->state == FLOW_PASS;
	bool opens = s->arrival.side == SIDE_PLAIN && (s->arrival.seg.flags & SEG_SYN);

	return passed || opens ? p->mark | w->config->mark : p->mark;
}

/*
 * What comes from the wire tells the application how large its segments may be. Return: the length
 * of @p if it was changed.
 */
static size_t leave_room(const struct packet *p, const struct stolen *s)
{
	if (s->arrival.side != SIDE_WIRE || !(s->arrival.seg.flags & SEG_SYN) || !s->flow ||
		s->flow->state != FLOW_OPENING)
		return 0;
	return segment_lower_mss(p->bytes, p->len, session_overhead());
}

/* Return: true if the packet was stolen. */
static bool give_verdict(struct worker *w, const struct packet *p, usec_t now, struct stolen *s)
{
	size_t len;

	switch (intake_decide(&w->intake, &s->arrival, now, &s->flow)) {
	case VERDICT_ACCEPT: queue_accept(&w->queue, p, mark_for(w, p, s), leave_room(p, s)); break;
	case VERDICT_STRIP:
		leave_room(p, s);
		len = segment_strip(p->bytes, p->len);
		if (len > 0)
			queue_accept(&w->queue, p, mark_for(w, p, s), len);
		else
			queue_drop(&w->queue, p);
		break;
	case VERDICT_DROP: queue_drop(&w->queue, p); break;
	case VERDICT_STEAL: queue_drop(&w->queue, p); return true;
	case VERDICT_CARRY:
		stray_carry(w, p, &s->arrival);
		queue_drop(&w->queue, p);
		break;
	}
	if (s->flow && s->flow->state != FLOW_DEAD)
		drive_later(w, s->flow);
	return false;
}

bool decide_arrival(struct worker *w, const struct packet *p, struct arrival *a)
{
	enum drop why;

	*a = (struct arrival){.side = packet_side(w, p)};
	why = segment_decode(&a->seg, span_of(p->bytes, p->len), p->checksum);
	if (why == DROP_NONE) {
		a->elsewhere = stray_elsewhere(w, a) != NULL;
		return true;
	}
	w->intake.drops[why]++;
	queue_drop(&w->queue, p);
	return false;
}

bool decide_packet(struct worker *w, const struct packet *p, usec_t now, struct stolen *s)
{
	if (!decide_arrival(w, p, &s->arrival))
		return false;
	find_interface(w, p, &s->arrival);
	return !find_owner(w, p, &s->arrival, now) && give_verdict(w, p, now, s);
}

/* Stolen or dropped: of a SYN nothing is left to be taken. */
void decide_held(struct worker *w, const struct packet *p, const struct arrival *a, usec_t now)
{
	struct stolen s = {.arrival = *a};

	give_verdict(w, p, now, &s);
}
