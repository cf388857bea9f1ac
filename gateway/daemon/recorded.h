/* SPDX-License-Identifier: GPL-3.0-or-later */
/* recorded.h - what `attls-net up` has written down about the rules that are up */
#ifndef ATTLS_DAEMON_RECORDED_H
#define ATTLS_DAEMON_RECORDED_H

#include "rules/settings.h"

/** recorded_workers() - how many workers the rules are for; 0 if none are up */
unsigned recorded_workers(const struct settings *s);

#endif
