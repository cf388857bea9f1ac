/* SPDX-License-Identifier: GPL-3.0-or-later */
/* plan_mangle.c - table mangle: the wire side's steal, the guard, marks and hop limits */
#include "gateway/net/plan_internal.h"

/* Errors about TCP go to worker 0, from any interface: for our own packets they arrive over lo. */
static void icmp_errors(struct writer *w, const char *chain)
{
	static const int types4[] = {3, 11, 12, 0}, types6[] = {1, 2, 3, 4, 0};
	const struct plan_options *o = w->options;

	for (const int *t = w->family == 4 ? types4 : types6; *t; t++)
		writer_rule(w, chain,
			" -p %s %d -m bpf --bytecode \"%s\" -j NFQUEUE --queue-num %u",
			w->family == 4 ? "icmp --icmp-type" : "ipv6-icmp --icmpv6-type", *t,
			bpf_icmp_tcp(w->family), o->queue_base + 2 * o->workers);
}

static void mark_injected(struct writer *w)
{
	writer_chain(w, CHAIN_PRE);
	writer_hook(w, "PREROUTING", CHAIN_PRE, false);
	writer_rule(w, CHAIN_PRE, " -i " DEVICE_WIRE " -j MARK --or-mark 0x%x", w->options->mark);
}

/*
 * Outbound candidates come first in both directions' chains, so both choose the same worker. A
 * connection DNATed on this machine shows its real peer here; it is known by where it first went.
 */
static void steal_wire(struct writer *w)
{
	const struct candidate *c;

	writer_chain(w, CHAIN_WIRE);
	for (c = NULL; (c = writer_next(w, DIRECTION_OUTBOUND, c));)
		writer_candidate_rule(w, CHAIN_WIRE, c, PLAIN_BOUND, CHAIN_DPORT);
	if (w->options->features.conntrack && writer_next(w, DIRECTION_OUTBOUND, NULL)) {
		writer_rule(w, CHAIN_WIRE,
			" -m conntrack --ctstate DNAT --ctdir REPLY -j " CHAIN_WIRE_NAT);
		writer_chain(w, CHAIN_WIRE_NAT);
		for (c = NULL; (c = writer_next(w, DIRECTION_OUTBOUND, c));)
			writer_original_rules(w, CHAIN_WIRE_NAT, c, PLAIN_BOUND, CHAIN_DPORT);
	}
	for (c = NULL; (c = writer_next(w, DIRECTION_INBOUND, c));)
		writer_candidate_rule(w, CHAIN_WIRE, c, PLAIN_BOUND, CHAIN_SPORT);
}

static void input(struct writer *w)
{
	writer_chain(w, CHAIN_IN);
	writer_hook(w, "INPUT", CHAIN_IN, false);
	icmp_errors(w, CHAIN_IN);
	if (w->options->mode != MODE_HOST)
		return;
	writer_rule(w, CHAIN_IN, " -i " DEVICE_PLAIN " -j RETURN");
	writer_rule(w, CHAIN_IN, " -i lo -j RETURN");
	writer_rule(w, CHAIN_IN, " -p tcp -j " CHAIN_WIRE);
}

/* What is injected is forwarded once more than the endpoint's own packet was: give the hop back. */
static void restore_hop(struct writer *w, const char *device)
{
	if (w->options->features.ttl)
		writer_rule(w, CHAIN_FWD, " -i %s -j %s", device,
			w->family == 4 ? "TTL --ttl-inc 1" : "HL --hl-inc 1");
}

/*
 * Our own errors about what was injected are meant for an endpoint, which knows nothing; those
 * about what was to be delivered quote cleartext, and the gateway keeps them in.
 */
static void output(struct writer *w)
{
	writer_chain(w, CHAIN_OUT);
	writer_hook(w, "OUTPUT", CHAIN_OUT, false);
	if (w->options->mode == MODE_HOST)
		writer_rule(w, CHAIN_OUT, " -o lo -j RETURN");
	icmp_errors(w, CHAIN_OUT);
}

static void forward(struct writer *w)
{
	const struct plan_options *o = w->options;

	writer_chain(w, CHAIN_FWD);
	writer_hook(w, "FORWARD", CHAIN_FWD, false);
	restore_hop(w, DEVICE_WIRE);
	if (o->mode != MODE_ROUTER)
		return;
	restore_hop(w, DEVICE_PLAIN);
	icmp_errors(w, CHAIN_FWD);
	for (char *const *name = o->inside; *name; name++) {
		writer_rule(w, CHAIN_FWD, " -i %s -o %s -p tcp -j " CHAIN_WIRE, o->outside, *name);
		/* Only here a SYN is known to go from inside to outside. */
		writer_rule(w, CHAIN_FWD, " -i %s -o %s -p tcp --syn -j " CHAIN_PLAIN, *name,
			o->outside);
	}
	writer_steal_plain(w);
}

/*
 * Nothing with payload leaves for the wire unless the gateway sent it or let it pass, whatever
 * became of the steal rules. Who is not the plain side is spared: in host mode packets that are
 * forwarded, in router mode those of the router itself.
 */
static void guard(struct writer *w)
{
	const struct plan_options *o = w->options;
	const char *fragment = writer_fragment(w);
	const struct candidate *c;

	writer_chain(w, CHAIN_POST);
	writer_hook(w, "POSTROUTING", CHAIN_POST, false);
	if (o->mode == MODE_HOST)
		writer_rule(w, CHAIN_POST, " -o lo -j RETURN");
	else
		writer_rule(w, CHAIN_POST, " ! -o %s -j RETURN", o->outside);
	writer_rule(w, CHAIN_POST, " -m mark --mark 0x%x/0x%x -j RETURN", o->mark, o->mark);
	writer_rule(w, CHAIN_POST, " -m addrtype %s--src-type LOCAL -j RETURN",
		o->mode == MODE_HOST ? "! " : "");
	if (o->mode == MODE_ROUTER && fragment) {
		writer_rule(w, CHAIN_POST, "%s -j " CHAIN_FRAGMENT, fragment);
		writer_drop_fragments(w);
	}
	writer_rule(w, CHAIN_POST, " -p tcp -j " CHAIN_GUARD);
	writer_chain(w, CHAIN_GUARD);
	writer_rule(w, CHAIN_GUARD, " -p tcp -m bpf --bytecode \"%s\" -j RETURN",
		bpf_no_payload(w->family));
	for (c = NULL; (c = writer_next(w, DIRECTION_BOTH, c));)
		writer_candidate_rule(w, CHAIN_GUARD, c, WIRE_BOUND, "DROP");
	if (o->mode != MODE_HOST)
		return;
	for (c = NULL; (c = writer_next(w, DIRECTION_OUTBOUND, c));)
		writer_loopback_rule(w, CHAIN_GUARD, c, "DROP");
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
		writer_original_rules(w, CHAIN_GUARD_NAT, c, WIRE_BOUND, "DROP");
}

void plan_mangle(struct writer *w)
{
	mark_injected(w);
	input(w);
	output(w);
	forward(w);
	guard(w);
	guard_nat(w);
	steal_wire(w);
	writer_dispatch(w);
}
