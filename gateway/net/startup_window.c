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

enum { OUT, IN, FORWARD, WINDOWS };

static const struct {
	const char *hook;
	const char *chain;
} windows[WINDOWS] = {
	[OUT] = {"OUTPUT", "ATTLS-START-OUT"},
	[IN] = {"INPUT", "ATTLS-START-IN"},
	[FORWARD] = {"FORWARD", "ATTLS-START-FWD"}, /* router only: between the two sides */
};

static bool is_wanted(const struct net *n, int window)
{
	return window != FORWARD || n->settings->mode == MODE_ROUTER;
}

/* To and from these anybody may connect. */
static void write_addresses(FILE *out, int window, const struct startup *s, uint8_t family)
{
	char from[ADDR_TEXT], to[ADDR_TEXT];

	for (size_t i = 0; i < s->remotes.count; i++) {
		const struct addr_range *r = &s->remotes.items[i];

		if (r->from.family != family)
			continue;
		addr_format(&r->from, from);
		addr_format(&r->to, to);
		if (window != IN)
			fprintf(out, "-A %s -m iprange --dst-range %s-%s -j RETURN\n",
				windows[window].chain, from, to);
		if (window != OUT)
			fprintf(out, "-A %s -m iprange --src-range %s-%s -j RETURN\n",
				windows[window].chain, from, to);
	}
}

/* A chain is emptied and filled in one transaction; the jump to it is the caller's affair. */
static void write_chain(FILE *out, int window, const struct startup *s, uint8_t family)
{
	const char *chain = windows[window].chain;

	fprintf(out, ":%s - [0:0]\n", chain);
	if (window != FORWARD)
		fprintf(out, "-A %s %s lo -j RETURN\n", chain, window == OUT ? "-o" : "-i");
	write_addresses(out, window, s, family);
	for (size_t i = 0; window == OUT && i < s->users.count; i++)
		fprintf(out, "-A %s -m owner --uid-owner %u-%u -j RETURN\n", chain,
			s->users.items[i].from, s->users.items[i].to);
	fprintf(out, "-A %s -j DROP\n", chain);
}

static void write_jump(FILE *out, int window, const char *command, const char *place)
{
	fprintf(out, "%s %s%s -p tcp --syn -j %s\n", command, windows[window].hook, place,
		windows[window].chain);
}

static void write_window(FILE *out, const struct net *n, int window, uint8_t family, bool open)
{
	const char *chain = windows[window].chain;
	bool present = tables_hold(family, "security", chain);

	if (open && is_wanted(n, window)) {
		write_chain(out, window, &n->settings->startup, family);
		if (!present)
			write_jump(out, window, "-I", " 1");
	} else if (present) {
		write_jump(out, window, "-D", "");
		fprintf(out, "-F %s\n-X %s\n", chain, chain);
	}
}

static bool change(struct net *n, uint8_t family, bool open)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	bool ok;

	if (!out)
		abort();
	fputs("*security\n", out);
	for (int window = 0; window < WINDOWS; window++)
		write_window(out, n, window, family, open);
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
		bool is_open = tables_hold(net_families[f], "security", windows[OUT].chain);

		if (f == 1 && !sysctl_ipv6_present())
			continue;
		if (open || is_open)
			ok = change(n, net_families[f], open) && ok;
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
