/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * startup_window.c - attls-net startup, ready: who may connect before a policy is in force
 *
 * In a table of its own (security), which up and down do not touch, and only for packets that open
 * a connection: a packet of a socket that is closed already has no owner.
 */
#include "gateway/net/net.h"
#include "gateway/net/sysctl.h"
#include "gateway/net/tables.h"

#include <stdio.h>
#include <stdlib.h>

#define CHAIN_OUT "ATTLS-START-OUT"
#define CHAIN_IN  "ATTLS-START-IN"

static void write_addresses(FILE *out, const struct startup *s, uint8_t family)
{
	char from[ADDR_TEXT], to[ADDR_TEXT];

	for (size_t i = 0; i < s->remotes.count; i++) {
		const struct addr_range *r = &s->remotes.items[i];

		if (r->from.family != family)
			continue;
		addr_format(&r->from, from);
		addr_format(&r->to, to);
		fprintf(out, "-A " CHAIN_OUT " -m iprange --dst-range %s-%s -j RETURN\n", from, to);
		fprintf(out, "-A " CHAIN_IN " -m iprange --src-range %s-%s -j RETURN\n", from, to);
	}
}

/* Both chains are emptied and filled in one transaction; the jumps are the caller's affair. */
static void write_chains(FILE *out, const struct startup *s, uint8_t family)
{
	fputs(":" CHAIN_OUT " - [0:0]\n:" CHAIN_IN " - [0:0]\n"
	      "-A " CHAIN_OUT " -o lo -j RETURN\n-A " CHAIN_IN " -i lo -j RETURN\n",
		out);
	write_addresses(out, s, family);
	for (size_t i = 0; i < s->users.count; i++)
		fprintf(out, "-A " CHAIN_OUT " -m owner --uid-owner %u-%u -j RETURN\n",
			s->users.items[i].from, s->users.items[i].to);
	fputs("-A " CHAIN_OUT " -j DROP\n-A " CHAIN_IN " -j DROP\n", out);
}

/* @command: "-I OUTPUT 1" and "-I INPUT 1", or "-D ..." */
static void write_jumps(FILE *out, const char *output, const char *input)
{
	fprintf(out, "%s -p tcp --syn -j " CHAIN_OUT "\n%s -p tcp --syn -j " CHAIN_IN "\n", output,
		input);
}

static bool change(struct net *n, uint8_t family, bool open, bool present)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	bool ok;

	if (!out)
		abort();
	fputs("*security\n", out);
	if (open)
		write_chains(out, &n->settings->startup, family);
	if (open && !present)
		write_jumps(out, "-I OUTPUT 1", "-I INPUT 1");
	if (!open) {
		write_jumps(out, "-D OUTPUT", "-D INPUT");
		fputs("-F " CHAIN_OUT "\n-F " CHAIN_IN "\n-X " CHAIN_OUT "\n-X " CHAIN_IN "\n",
			out);
	}
	fputs("COMMIT\n", out);
	fclose(out);
	ok = tables_write(family, "security", text, len, &n->err);
	free(text);
	return ok;
}

/* In every family that this kernel speaks: @open the window, or close it. */
static int change_all(struct net *n, bool open)
{
	bool ok = true;

	for (int f = 0; f < FAMILIES; f++) {
		bool present = tables_hold(net_families[f], "security", CHAIN_OUT);

		if (f == 1 && !sysctl_ipv6_present())
			continue;
		if (open || present)
			ok = change(n, net_families[f], open, present) && ok;
	}
	return ok ? NET_OK : NET_FAILED;
}

int net_startup(struct net *n)
{
	if (!n->settings->startup.wanted) {
		puts("attls-net: startup: there is no [startup] section; nothing to do");
		return NET_OK;
	}
	return change_all(n, true);
}

int net_ready(struct net *n)
{
	return change_all(n, false);
}
