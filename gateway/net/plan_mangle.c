/* SPDX-License-Identifier: GPL-3.0-or-later */
/* plan_mangle.c - table mangle: the wire side's steal, the guard, hop limits */
#include "gateway/net/plan_internal.h"

/*
 * Outbound candidates come first in both directions' chains, so both choose the same worker. A
 * connection DNATed on this machine shows its real peer here; it is known by where it first went.
 */
static void steal_wire(struct writer *w)
{
	const struct candidate *c;

	writer_chain(w, CHAIN_WIRE);
	writer_candidates(w, CHAIN_WIRE, DIRECTION_OUTBOUND, PLAIN_BOUND, CHAIN_DPORT);
	if (w->options->features.conntrack && writer_next(w, DIRECTION_OUTBOUND, NULL)) {
		writer_rule(w, CHAIN_WIRE,
			" -m conntrack --ctstate DNAT --ctdir REPLY -j " CHAIN_WIRE_NAT);
		writer_chain(w, CHAIN_WIRE_NAT);
		for (c = NULL; (c = writer_next(w, DIRECTION_OUTBOUND, c));)
			writer_original_rules(w, CHAIN_WIRE_NAT, c, PLAIN_BOUND, CHAIN_DPORT);
	}
	writer_candidates(w, CHAIN_WIRE, DIRECTION_INBOUND, PLAIN_BOUND, CHAIN_SPORT);
}

static void input(struct writer *w)
{
	writer_chain(w, CHAIN_IN);
	writer_hook(w, "INPUT", CHAIN_IN, "-p %s", writer_icmp(w));
	writer_icmp_errors(w, CHAIN_IN);
	if (w->options->mode == MODE_HOST)
		writer_hook(w, "INPUT", CHAIN_WIRE, "! -i lo -p tcp");
}

/* What is injected is forwarded once more than the endpoint's own packet was: give the hop back. */
static void restore_hop(struct writer *w, const char *device)
{
	if (w->options->features.ttl)
		writer_rule(w, CHAIN_FWD, " -i %s -j %s", device,
			w->family == 4 ? "TTL --ttl-inc 1" : "HL --hl-inc 1");
}

static void forward(struct writer *w)
{
	const struct plan_options *o = w->options;

	writer_chain(w, CHAIN_FWD);
	writer_hook(w, "FORWARD", CHAIN_FWD, "%s", o->mode == MODE_HOST ? "-i " DEVICE_WIRE : "");
	restore_hop(w, DEVICE_WIRE);
	if (o->mode != MODE_ROUTER)
		return;
	restore_hop(w, DEVICE_PLAIN);
	writer_icmp_errors(w, CHAIN_FWD);
	for (char *const *name = o->inside; *name; name++) {
		writer_rule(w, CHAIN_FWD, " -i %s -o %s -p tcp -j " CHAIN_WIRE, o->outside, *name);
		/* Only here a SYN is known to go from inside to outside. */
		writer_rule(w, CHAIN_FWD, " -i %s -o %s -p tcp --syn -j " CHAIN_PLAIN, *name,
			o->outside);
	}
	writer_steal_plain(w);
}

/*
 * What may go although a candidate matches it: what the gateway sent or let pass, what carries no
 * payload, and who is not the plain side. That is looked at last, since it is dearer than ports.
 */
static void payload(struct writer *w)
{
	const struct plan_options *o = w->options;

	writer_chain(w, CHAIN_PAYLOAD);
	writer_rule(w, CHAIN_PAYLOAD, " -m mark --mark 0x%x/0x%x -j RETURN", o->mark, o->mark);
	writer_rule(w, CHAIN_PAYLOAD, " -p tcp -m bpf --bytecode \"%s\" -j RETURN",
		bpf_no_payload(w->family));
	writer_rule(w, CHAIN_PAYLOAD, " -m addrtype %s--src-type LOCAL -j RETURN",
		o->mode == MODE_HOST ? "! " : "");
	writer_rule(w, CHAIN_PAYLOAD, " -j DROP");
}

/* Fragments show no ports. They are spared like all else that is not the plain side's. */
static void guard_router(struct writer *w)
{
	const struct plan_options *o = w->options;
	const char *fragment = writer_fragment(w);

	writer_chain(w, CHAIN_POST);
	writer_hook(w, "POSTROUTING", CHAIN_POST, "-o %s -p tcp", o->outside);
	if (fragment) {
		writer_rule(w, CHAIN_POST, " -m mark --mark 0x%x/0x%x -j RETURN", o->mark, o->mark);
		writer_rule(w, CHAIN_POST, " -m addrtype --src-type LOCAL -j RETURN");
		writer_rule(w, CHAIN_POST, "%s -j " CHAIN_FRAGMENT, fragment);
		writer_drop_fragments(w);
	}
	writer_rule(w, CHAIN_POST, " -j " CHAIN_GUARD);
}

/*
 * Nothing with payload leaves for the wire unless the gateway sent it or let it pass, whatever
 * became of the steal rules. Who is not the plain side is spared: in host mode packets that are
 * forwarded, in router mode those of the router itself.
 */
static void guard(struct writer *w)
{
	writer_chain(w, CHAIN_GUARD);
	writer_candidates(w, CHAIN_GUARD, DIRECTION_BOTH, WIRE_BOUND, CHAIN_PAYLOAD);
	payload(w);
	if (w->options->mode == MODE_ROUTER) {
		guard_router(w);
		return;
	}
	writer_hook(w, "POSTROUTING", CHAIN_GUARD, "! -o lo -p tcp");
	writer_loopback(w, CHAIN_GUARD, CHAIN_PAYLOAD);
}

/* The same for connections whose packets show another destination after DNAT. */
static void guard_nat(struct writer *w)
{
	const struct candidate *c;

	if (!w->options->features.conntrack || !writer_next(w, DIRECTION_OUTBOUND, NULL))
		return;
	writer_rule(w, CHAIN_GUARD,
		" -m conntrack --ctstate DNAT --ctdir ORIGINAL -j " CHAIN_GUARD_NAT);
	writer_chain(w, CHAIN_GUARD_NAT);
	for (c = NULL; (c = writer_next(w, DIRECTION_OUTBOUND, c));)
		writer_original_rules(w, CHAIN_GUARD_NAT, c, WIRE_BOUND, CHAIN_PAYLOAD);
}

void plan_mangle(struct writer *w)
{
	input(w);
	forward(w);
	guard(w);
	guard_nat(w);
	steal_wire(w);
	/* What is injected towards the application is not stolen again. */
	writer_dispatch(w, " -i " DEVICE_PLAIN);
}
