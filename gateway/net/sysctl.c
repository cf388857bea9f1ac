/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sysctl.c - the one setting that has no rtnetlink form: IPv6 forwarding */
#include "gateway/net/sysctl.h"

#include "gateway/net/device.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define ROOT           "/proc/sys/"
#define CONF6          "net/ipv6/conf/"
#define ALL_FORWARDING CONF6 "all/forwarding"
#define ALL_FORCE      CONF6 "all/force_forwarding"

#define IF_INET6 "/proc/net/if_inet6"

enum { VALUE_TEXT = 32, SCOPE_HOST = 0x10, SCOPE_LINK = 0x20 };

static bool value_read(const char *path, char *value)
{
	char full[PATH_MAX];
	ssize_t n = -1;
	int fd;

	snprintf(full, sizeof(full), ROOT "%s", path);
	fd = open(full, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, value, VALUE_TEXT - 1);
		close(fd);
	}
	value[n > 0 ? n : 0] = '\0';
	value[strcspn(value, "\n")] = '\0';
	return n > 0;
}

static bool value_write(const char *path, const char *value)
{
	char full[PATH_MAX];
	ssize_t n = -1;
	int fd;

	snprintf(full, sizeof(full), ROOT "%s", path);
	fd = open(full, O_WRONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = write(fd, value, strlen(value));
		close(fd);
	}
	return n > 0;
}

static bool value_is(const char *path, const char *want)
{
	char value[VALUE_TEXT];

	return value_read(path, value) && strcmp(value, want) == 0;
}

static bool can_write(const char *path)
{
	char full[PATH_MAX];

	snprintf(full, sizeof(full), ROOT "%s", path);
	return access(full, W_OK) == 0;
}

static bool can_force(void)
{
	return can_write(ALL_FORCE);
}

bool sysctl_ipv6_present(void)
{
	return access(IF_INET6, F_OK) == 0;
}

/* Whether an interface has an address that a connection beyond its own link could use. */
static bool has_routable(void)
{
	FILE *in = fopen(IF_INET6, "re");
	unsigned scope;
	bool found = false;

	if (!in)
		return false;
	while (!found && fscanf(in, "%*s %*x %*x %x %*x %*s", &scope) == 1)
		found = scope != SCOPE_HOST && scope != SCOPE_LINK;
	fclose(in);
	return found;
}

bool sysctl_ipv6_check(bool explicit, struct err_list *err)
{
	static const char sentence[] =
		"IPv6 forwarding is off and /proc/sys cannot be written: set sysctl "
		"net.ipv6.conf.all.forwarding=1 from outside (container: --sysctl "
		"net.ipv6.conf.all.forwarding=1)";

	if (value_is(ALL_FORWARDING, "1") || can_force() || can_write(ALL_FORWARDING))
		return true;
	if (explicit || has_routable()) {
		err_add(err, "%s, or leave IPv6 addresses out of the rules", sentence);
		return false;
	}
	err_warn(err, "%s; until then IPv6 connections that rules take will hang", sentence);
	return true;
}

/* Call @each for conf/NAME/@leaf of every interface, and of "default". */
static void each_interface(const char *leaf, void (*each)(const char *path, void *data), void *data)
{
	DIR *dir = opendir(ROOT CONF6);
	const struct dirent *d;
	char path[PATH_MAX];

	if (!dir)
		return;
	while ((d = readdir(dir))) {
		if (d->d_name[0] == '.' || strcmp(d->d_name, "all") == 0 ||
			strcmp(d->d_name, device_name(0)) == 0 ||
			strcmp(d->d_name, device_name(1)) == 0)
			continue;
		snprintf(path, sizeof(path), CONF6 "%s/%s", d->d_name, leaf);
		each(path, data);
	}
	closedir(dir);
}

static void remember(const char *path, void *data)
{
	char value[VALUE_TEXT];

	if (value_read(path, value))
		state_sysctl_add(data, path, value);
}

static void remember_if_1(const char *path, void *data)
{
	if (value_is(path, "1"))
		remember(path, data);
}

void sysctl_ipv6_plan(struct state *st)
{
	if (can_force() || !can_write(ALL_FORWARDING) || value_is(ALL_FORWARDING, "1"))
		return;
	/* Restored in this order: "all" overwrites every interface's own value. */
	remember(ALL_FORWARDING, st);
	each_interface("forwarding", remember, st);
	each_interface("accept_ra", remember_if_1, st);
}

static void accept_ra_always(const char *path, void *data)
{
	bool *ok = data;

	if (value_is(path, "1") && !value_write(path, "2"))
		*ok = false;
}

bool sysctl_ipv6_apply(struct err_list *err)
{
	char path[PATH_MAX];
	bool ok = true;

	if (can_force()) {
		for (unsigned i = 0; i < DEVICES; i++) {
			snprintf(path, sizeof(path), CONF6 "%s/force_forwarding", device_name(i));
			ok = value_write(path, "1") && ok;
		}
	} else if (can_write(ALL_FORWARDING) && !value_is(ALL_FORWARDING, "1")) {
		/* First, or the routes learnt from advertisements would be dropped. */
		each_interface("accept_ra", accept_ra_always, &ok);
		ok = ok && value_write(ALL_FORWARDING, "1");
	}
	if (!ok)
		err_add(err, "cannot switch IPv6 forwarding on: %s", strerror(errno));
	return ok;
}

bool sysctl_restore(const struct state *st, struct err_list *err)
{
	bool ok = true;

	for (size_t i = 0; i < st->sysctl_count; i++) {
		const struct state_sysctl *c = &st->sysctls[i];

		/* An interface may have gone meanwhile. */
		if (value_is(c->path, c->value) || value_write(c->path, c->value) ||
			errno == ENOENT)
			continue;
		err_add(err, "cannot restore sysctl %s=%s: %s", c->path, c->value, strerror(errno));
		ok = false;
	}
	return ok;
}

void sysctl_warn(struct err_list *err)
{
	if (value_is("net/ipv4/tcp_fwmark_accept", "1"))
		err_warn(err, "sysctl net.ipv4.tcp_fwmark_accept=1 lets applications' sockets take "
			      "over the mark of the gateway, which the guard trusts; set it to 0");
}
