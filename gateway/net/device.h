/* SPDX-License-Identifier: GPL-3.0-or-later */
/* device.h - the two persistent TUN devices through which the gateway injects packets */
#ifndef ATTLS_NET_DEVICE_H
#define ATTLS_NET_DEVICE_H

#include "base/err.h"
#include "rules/settings.h"

/**
 * device_up_all() - create what is missing, configure all, bring it up; changes nothing twice
 * Return: false and sentences in @err.
 */
bool device_up_all(const struct settings *s, struct err_list *err);

/** device_down_all() - delete them; whoever still holds one open gets errors from now on */
bool device_down_all(struct err_list *err);

/* Of what there is: a line for `attls-net show`. */
enum device_state { DEVICE_ABSENT, DEVICE_PRESENT, DEVICE_FOREIGN };

enum { DEVICES = 2 };

/** device_name() - @i below DEVICES */
const char *device_name(unsigned i);

/** device_state() - foreign: the name is taken by a device that is not a TUN of ours */
enum device_state device_state(const char *name);

#endif
