/* SPDX-License-Identifier: GPL-3.0-or-later */
/* plan_raw.c - table raw: the plain side's steal, marks, and what the gateway injects towards it */
#include "gateway/net/plan_internal.h"

/* Before any rule that drops what comes from an unexpected interface (Docker's, for one). */
static void injected(struct writer *w)
{
	writer_chain(w, CHAIN_PRE);
	if (w->options->features.notrack)
		writer_rule(w, CHAIN_PRE, " -i " DEVICE_PLAIN " -j CT --notrack");
	writer_rule(w, CHAIN_PRE, " -i " DEVICE_PLAIN " -j ACCEPT");
	writer_rule(w, CHAIN_PRE, " -i " DEVICE_WIRE " -j MARK --or-mark 0x%x", w->options->mark);
	writer_rule(w, CHAIN_PRE, " -i " DEVICE_WIRE " -j ACCEPT");
}

/*
 * Our own ICMP errors about what was injected are meant for an endpoint, which knows nothing; those
 * about what was to be delivered quote cleartext, and the gateway keeps them in.
 */
static void errors(struct writer *w)
{
	writer_chain(w, CHAIN_OUT);
	writer_hook(w, "OUTPUT", CHAIN_OUT, "%s-p %s",
		w->options->mode == MODE_HOST ? "! -o lo " : "", writer_icmp(w));
	writer_icmp_errors(w, CHAIN_OUT);
}

static void host(struct writer *w)
{
	writer_hook(w, "PREROUTING", CHAIN_PRE, "-i " DEVICES_ALL);
	writer_hook(w, "OUTPUT", CHAIN_PLAIN, "! -o lo -p tcp");
}

/*
 * Here nobody knows yet where a packet will be routed. What is for the router itself or for a
 * network of an inside interface is left alone; SYNs are taken later, in FORWARD.
 */
static void router(struct writer *w)
{
	const struct plan_options *o = w->options;
	const char *fragment = writer_fragment(w);
	char text[2 * ADDR_TEXT];

	writer_hook(w, "PREROUTING", CHAIN_PRE, "%s", "");
	for (char *const *name = o->inside; *name; name++)
		writer_rule(w, CHAIN_PRE, " -i %s -j " CHAIN_INSIDE, *name);
	writer_chain(w, CHAIN_INSIDE);
	writer_rule(w, CHAIN_INSIDE, " -m addrtype --dst-type LOCAL -j RETURN");
	for (size_t i = 0; i < o->inside_net_count; i++)
		if (o->inside_nets[i].from.family == w->family)
			writer_rule(w, CHAIN_INSIDE, " -d %s -j RETURN",
				addr_range_format(&o->inside_nets[i], text));
	if (fragment) {
		writer_rule(w, CHAIN_INSIDE, "%s -j " CHAIN_FRAGMENT, fragment);
		writer_drop_fragments(w);
	}
	writer_rule(w, CHAIN_INSIDE, " -p tcp ! --syn -j " CHAIN_PLAIN);
}

void plan_raw(struct writer *w)
{
	injected(w);
	errors(w);
	if (w->options->mode == MODE_HOST)
		host(w);
	else
		router(w);
	writer_steal_plain(w);
	writer_dispatch(w, NULL);
}
