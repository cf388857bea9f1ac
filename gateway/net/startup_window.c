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
#include <string.h>

#define PREFIX "ATTLS-START-"

enum { OUT, IN, FORWARD, WINDOWS };

static const struct {
	const char *hook;
	const char *chain;
} windows[WINDOWS] = {
	[OUT] = {"OUTPUT", PREFIX "OUT"},
	[IN] = {"INPUT", PREFIX "IN"},
	[FORWARD] = {"FORWARD", PREFIX "FWD"}, /* router: between the two sides */
};

static bool is_wanted(const struct net *n, int window)
{
	return window != FORWARD || !n->settings || n->settings->mode == MODE_ROUTER;
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

/* Whether @line, of iptables -S, is the jump to our chain. */
static bool is_jump(const char *line, int window)
{
	char from[32], to[32];
	size_t len = strcspn(line, "\n");
	size_t from_len = (size_t)snprintf(from, sizeof(from), "-A %s ", windows[window].hook);
	size_t to_len = (size_t)snprintf(to, sizeof(to), " -j %s", windows[window].chain);

	return len > from_len + to_len && strncmp(line, from, from_len) == 0 &&
	       strncmp(line + len - to_len, to, to_len) == 0;
}

static bool is_chain(const char *line, int window)
{
	size_t len = strlen(windows[window].chain);

	return strncmp(line, "-N ", 3) == 0 && strncmp(line + 3, windows[window].chain, len) == 0 &&
	       line[3 + len] == '\n';
}

static const char *next_line(const char *line)
{
	line += strcspn(line, "\n");
	return *line ? line + 1 : line;
}

static bool has_jump(const char *list, int window)
{
	for (const char *line = list; *line; line = next_line(line))
		if (is_jump(line, window))
			return true;
	return false;
}

/* All that @list, of iptables -S, has of it: as many jumps as there are, then the chain. */
static void write_removal(FILE *out, const char *list, int window)
{
	const char *chain = windows[window].chain;

	for (const char *line = list; *line; line = next_line(line))
		if (is_jump(line, window))
			fprintf(out, "-D%.*s\n", (int)strcspn(line + 2, "\n"), line + 2);
	for (const char *line = list; *line; line = next_line(line))
		if (is_chain(line, window))
			fprintf(out, "-F %s\n-X %s\n", chain, chain);
}

static void write_window(
	FILE *out, const char *list, int window, const struct startup *who, uint8_t family)
{
	write_chain(out, window, who, family);
	if (!has_jump(list, window))
		fprintf(out, "-I %s 1 -p tcp --syn -j %s\n", windows[window].hook,
			windows[window].chain);
}

/* From what @list says there is to a window for @who. Return: owned. */
static char *change_text(
	const struct net *n, const char *list, const struct startup *who, uint8_t family)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		abort();
	fputs("*security\n", out);
	for (int window = 0; window < WINDOWS; window++) {
		if (who && is_wanted(n, window))
			write_window(out, list, window, who, family);
		else
			write_removal(out, list, window);
	}
	fputs("COMMIT\n", out);
	fclose(out);
	return text;
}

static bool change(struct net *n, const struct startup *who, uint8_t family)
{
	char *list = tables_list(family, "security", &n->err);
	bool ok = list != NULL;

	if (list && (who || strstr(list, PREFIX))) {
		char *text = change_text(n, list, who, family);

		ok = tables_write(family, "security", text, strlen(text), &n->err);
		free(text);
	}
	free(list);
	return ok;
}

/* In every family that this kernel speaks: let @who connect and nobody else; NULL: everybody. */
static int change_all(struct net *n, const struct startup *who)
{
	bool ok = true;

	for (int f = 0; f < FAMILIES; f++)
		if (net_families[f] == 4 || sysctl_ipv6_present())
			ok = change(n, who, net_families[f]) && ok;
	return ok ? NET_OK : NET_FAILED;
}

static const struct startup nobody = {.wanted = true};

/* What the packet filter does not take (a kernel without -m owner) leaves the window shut. */
int net_startup(struct net *n)
{
	if (!n->settings->startup.wanted) {
		puts("attls-net: startup: there is no [startup] section; nothing to do");
		return NET_OK;
	}
	if (change_all(n, &n->settings->startup) == NET_OK)
		return NET_OK;
	change_all(n, &nobody);
	return NET_FAILED;
}

int net_startup_broken(struct net *n)
{
	if (!startup_is_wanted(n->config))
		return NET_FAILED;
	if (change_all(n, &nobody) == NET_OK)
		err_add(&n->err,
			"startup: nobody may connect now: mend %s and run attls-net startup again, "
			"start attlsd, or run attls-net ready to let everybody connect",
			n->config);
	return NET_FAILED;
}

int net_ready(struct net *n)
{
	return change_all(n, NULL);
}
