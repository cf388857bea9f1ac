/* SPDX-License-Identifier: GPL-3.0-or-later */
/* plan_filter.c - table filter: acceptance of what is injected, the input-side guard, refusals */
#include "gateway/net/plan_internal.h"

/*
 * Ciphertext must not reach the application, whatever became of table mangle: payload from the wire
 * passes only with the mark of a flow that the gateway lets pass.
 */
static void guard(struct writer *w)
{
	const struct candidate *c;

	writer_chain(w, CHAIN_GUARD);
	writer_candidates(w, CHAIN_GUARD, DIRECTION_BOTH, PLAIN_BOUND, CHAIN_PAYLOAD);
	writer_chain(w, CHAIN_PAYLOAD);
	writer_rule(w, CHAIN_PAYLOAD, " -m mark --mark 0x%x/0x%x -j RETURN", w->options->mark,
		w->options->mark);
	writer_rule(w, CHAIN_PAYLOAD, " -i " DEVICE_PLAIN " -j RETURN");
	writer_rule(w, CHAIN_PAYLOAD, " -p tcp -m bpf --bytecode \"%s\" -j RETURN",
		bpf_no_payload(w->family));
	writer_rule(w, CHAIN_PAYLOAD, " -j DROP");
	if (!w->options->features.conntrack || !writer_next(w, DIRECTION_OUTBOUND, NULL))
		return;
	writer_rule(
		w, CHAIN_GUARD, " -m conntrack --ctstate DNAT --ctdir REPLY -j " CHAIN_GUARD_NAT);
	writer_chain(w, CHAIN_GUARD_NAT);
	for (c = NULL; (c = writer_next(w, DIRECTION_OUTBOUND, c));)
		writer_original_rules(w, CHAIN_GUARD_NAT, c, PLAIN_BOUND, CHAIN_PAYLOAD);
}

/*
 * A connection that DNAT turned towards the wire after it left for a loopback or local address has
 * never met the steal rule. Whether it is such a one is asked last: it is dearer than ports.
 */
static void refuse(struct writer *w)
{
	const struct candidate *c;

	writer_chain(w, CHAIN_REFUSE);
	writer_candidates(w, CHAIN_REFUSE, DIRECTION_OUTBOUND, WIRE_BOUND, CHAIN_RESET);
	writer_loopback(w, CHAIN_REFUSE, CHAIN_RESET);
	writer_chain(w, CHAIN_RESET);
	if (w->options->mode == MODE_HOST) {
		/* Not by interface: in OUTPUT it is still the one that was meant before DNAT. */
		writer_rule(w, CHAIN_RESET, " -m mark --mark 0x%x/0x%x -j RETURN", w->options->mark,
			w->options->mark);
		writer_rule(w, CHAIN_RESET, " -m addrtype --dst-type LOCAL -j RETURN");
	}
	writer_rule(w, CHAIN_RESET, " -p tcp -j REJECT --reject-with tcp-reset");
	if (!w->options->features.conntrack)
		return;
	writer_rule(w, CHAIN_REFUSE,
		" -m conntrack --ctstate DNAT --ctdir ORIGINAL -j " CHAIN_REFUSE_NAT);
	writer_chain(w, CHAIN_REFUSE_NAT);
	for (c = NULL; (c = writer_next(w, DIRECTION_OUTBOUND, c));)
		writer_original_rules(w, CHAIN_REFUSE_NAT, c, WIRE_BOUND, CHAIN_RESET);
}

/*
 * Rules that do not follow NAT were made where there was none. What NAT that came later turns from
 * a local address towards the wire is refused, be it a candidate's or not: here the interface is
 * still the one that was meant, the destination the new one.
 */
static void refuse_turned(struct writer *w)
{
	writer_chain(w, CHAIN_TURNED);
	writer_hook(w, "OUTPUT", CHAIN_TURNED, "! -d %s -o lo -p tcp",
		w->family == 4 ? "127.0.0.0/8" : "::1/128");
	writer_rule(w, CHAIN_TURNED,
		" -p tcp -m addrtype ! --dst-type LOCAL -j REJECT --reject-with tcp-reset");
}

/* What is injected is forwarded from the wire's device; in router mode from the other one too. */
static void forward(struct writer *w)
{
	const char *match = w->options->mode == MODE_HOST ? "-i " DEVICE_WIRE : "";

	writer_chain(w, CHAIN_FORWARD);
	writer_hook(w, "FORWARD", CHAIN_FORWARD, "%s", match);
	writer_hook(w, "DOCKER-USER", CHAIN_FORWARD, "%s", match)->optional = true;
	writer_rule(w, CHAIN_FORWARD, " -i " DEVICE_WIRE " -j ACCEPT");
}

static void host(struct writer *w)
{
	writer_chain(w, CHAIN_INPUT);
	writer_hook(w, "INPUT", CHAIN_INPUT, "-i " DEVICE_PLAIN);
	writer_rule(w, CHAIN_INPUT, " -j ACCEPT");
	writer_hook(w, "INPUT", CHAIN_GUARD, "! -i lo -p tcp");
	forward(w);
	if (!writer_next(w, DIRECTION_OUTBOUND, NULL))
		return;
	writer_hook(w, "OUTPUT", CHAIN_REFUSE, "-p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN");
	refuse(w);
	if (!w->options->features.conntrack)
		refuse_turned(w);
}

/*
 * A connection from inside that DNAT turned elsewhere shows one destination in raw and another in
 * FORWARD: the gateway could not pair them, so it is refused at its SYN.
 */
static void router(struct writer *w)
{
	const struct plan_options *o = w->options;

	forward(w);
	writer_rule(w, CHAIN_FORWARD, " -i " DEVICE_PLAIN " -j ACCEPT");
	for (char *const *name = o->inside; *name; name++)
		writer_rule(
			w, CHAIN_FORWARD, " -i %s -o %s -p tcp -j " CHAIN_GUARD, o->outside, *name);
	if (!o->features.conntrack || !writer_next(w, DIRECTION_OUTBOUND, NULL))
		return;
	for (char *const *name = o->inside; *name; name++)
		writer_rule(w, CHAIN_FORWARD,
			" -i %s -o %s -p tcp --syn -m conntrack --ctstate DNAT -j " CHAIN_REFUSE,
			*name, o->outside);
	refuse(w);
}

void plan_filter(struct writer *w)
{
	if (w->options->mode == MODE_HOST)
		host(w);
	else
		router(w);
	guard(w);
}
