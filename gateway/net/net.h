/* SPDX-License-Identifier: GPL-3.0-or-later */
/* net.h - the commands of attls-net */
#ifndef ATTLS_NET_NET_H
#define ATTLS_NET_NET_H

#include "base/err.h"
#include "rules/candidate.h"
#include "rules/settings.h"

#include <stdbool.h>

/* Exit statuses. */
enum { NET_OK = 0, NET_FAILED = 1, NET_USAGE = 2, NET_NOT_UP = 3, NET_DAMAGED = 4, NET_NAT = 5 };

enum { FAMILIES = 2 };

/* 4, 6 */
extern const uint8_t net_families[FAMILIES];

struct net {
	const char *config;               /* path of the settings */
	const struct settings *settings;  /* NULL: not needed, or they do not load */
	struct candidate_list candidates; /* up, show: of the policy, and kept ones */
	bool if_up;
	bool force;
	bool dry_run;
	struct err_list err;
};

/** net_up() - bring rules, devices and settings to what the candidates need */
int net_up(struct net *n);

/** net_down() - remove all of it, and the state file */
int net_down(struct net *n);

/** net_show() - what should be and what is */
int net_show(struct net *n);

/** net_startup() - let only those of [startup] open connections, until net_ready() */
int net_startup(struct net *n);

/**
 * net_startup_broken() - the same with settings that do not load: where they seem to ask for a
 * window nobody may, through no router either
 * Return: NET_FAILED
 */
int net_startup_broken(struct net *n);

/** net_ready() - a policy is in force: anybody may again; fine if there was no such window */
int net_ready(struct net *n);

/** net_remove() - take away rules, devices and changed settings, as far as they are there */
bool net_remove(struct net *n);

/** net_is_up() - whether any rule of ours is installed, in either family */
bool net_is_up(struct net *n, bool *up);

#endif
