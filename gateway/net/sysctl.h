/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sysctl.h - the one setting that has no rtnetlink form: IPv6 forwarding
 *
 * Kernels from 6.17 on have force_forwarding for the device alone. Before, all.forwarding must be
 * on, which makes the kernel ignore router advertisements unless accept_ra is 2.
 */
#ifndef ATTLS_NET_SYSCTL_H
#define ATTLS_NET_SYSCTL_H

#include "gateway/net/state.h"

/** sysctl_ipv6_present() - whether this kernel speaks IPv6 at all */
bool sysctl_ipv6_present(void);

/**
 * sysctl_ipv6_check() - whether IPv6 forwarding is on or can be
 * If not, that is an error in @err where IPv6 is meant: @explicit (some rule names IPv6 addresses),
 * or an interface has an address beyond link-local. Otherwise a warning.
 */
bool sysctl_ipv6_check(bool explicit, struct err_list *err);

/**
 * sysctl_ipv6_plan() - remember in @st the present value of everything that will change
 * Save @st before sysctl_ipv6_apply().
 */
void sysctl_ipv6_plan(struct state *st);

/** sysctl_ipv6_apply() - switch forwarding on for the devices of ours, which must exist */
bool sysctl_ipv6_apply(struct err_list *err);

/** sysctl_restore() - give every setting of @st its former value */
bool sysctl_restore(const struct state *st, struct err_list *err);

/** sysctl_warn() - warn of settings that defeat the guard */
void sysctl_warn(struct err_list *err);

#endif
