/* SPDX-License-Identifier: GPL-3.0-or-later */
/* plan_filter.c - table filter: acceptance of what is injected, the input-side guard, refusals */
#include "gateway/net/plan_internal.h"

#define RESET "REJECT --reject-with tcp-reset"

/*
 * Ciphertext must not reach the application, whatever became of table mangle: payload from the wire
 * passes only with the mark of a flow that the gateway lets pass.
 */
static void guard(struct writer *w)
{
	const struct candidate *c;

	writer_chain(w, CHAIN_GUARD);
	writer_rule(w, CHAIN_GUARD, " -m mark --mark 0x%x/0x%x -j RETURN", w->options->mark,
		w->options->mark);
	writer_rule(w, CHAIN_GUARD, " -p tcp -m bpf --bytecode \"%s\" -j RETURN",
		bpf_no_payload(w->family));
	for (c = NULL; (c = writer_next(w, DIRECTION_BOTH, c));)
		writer_candidate_rule(w, CHAIN_GUARD, c, PLAIN_BOUND, "DROP");
	if (!w->options->features.conntrack || !writer_next(w, DIRECTION_OUTBOUND, NULL))
		return;
	writer_rule(
		w, CHAIN_GUARD, " -m conntrack --ctstate DNAT --ctdir REPLY -j " CHAIN_GUARD_NAT);
	writer_chain(w, CHAIN_GUARD_NAT);
	for (c = NULL; (c = writer_next(w, DIRECTION_OUTBOUND, c));)
		writer_original_rules(w, CHAIN_GUARD_NAT, c, PLAIN_BOUND, "DROP");
}

/*
 * A connection that DNAT turned towards the wire after it left for a loopback or local address has
 * never met the steal rule.
 */
static void refuse(struct writer *w)
{
	const struct candidate *c;

	writer_chain(w, CHAIN_REFUSE);
	for (c = NULL; (c = writer_next(w, DIRECTION_OUTBOUND, c));) {
		writer_candidate_rule(w, CHAIN_REFUSE, c, WIRE_BOUND, RESET);
		writer_loopback_rule(w, CHAIN_REFUSE, c, RESET);
	}
	if (!w->options->features.conntrack)
		return;
	writer_rule(w, CHAIN_REFUSE,
		" -m conntrack --ctstate DNAT --ctdir ORIGINAL -j " CHAIN_REFUSE_NAT);
	writer_chain(w, CHAIN_REFUSE_NAT);
	for (c = NULL; (c = writer_next(w, DIRECTION_OUTBOUND, c));)
		writer_original_rules(w, CHAIN_REFUSE_NAT, c, WIRE_BOUND, RESET);
}

static void forward(struct writer *w)
{
	writer_chain(w, CHAIN_FORWARD);
	writer_hook(w, "FORWARD", CHAIN_FORWARD, false);
	writer_hook(w, "DOCKER-USER", CHAIN_FORWARD, true);
	writer_rule(w, CHAIN_FORWARD, " -i " DEVICE_WIRE " -j ACCEPT");
}

static void host(struct writer *w)
{
	writer_chain(w, CHAIN_INPUT);
	writer_hook(w, "INPUT", CHAIN_INPUT, false);
	writer_rule(w, CHAIN_INPUT, " -i " DEVICE_PLAIN " -j ACCEPT");
	writer_rule(w, CHAIN_INPUT, " -i lo -j RETURN");
	writer_rule(w, CHAIN_INPUT, " -p tcp -j " CHAIN_GUARD);
	forward(w);
	if (!writer_next(w, DIRECTION_OUTBOUND, NULL))
		return;
	writer_chain(w, CHAIN_OUTPUT);
	writer_hook(w, "OUTPUT", CHAIN_OUTPUT, false);
	/* Not by interface: in OUTPUT it is still the one that was meant before DNAT. */
	writer_rule(w, CHAIN_OUTPUT, " -m mark --mark 0x%x/0x%x -j RETURN", w->options->mark,
		w->options->mark);
	writer_rule(
		w, CHAIN_OUTPUT, " -p tcp --syn -m addrtype ! --dst-type LOCAL -j " CHAIN_REFUSE);
	refuse(w);
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
