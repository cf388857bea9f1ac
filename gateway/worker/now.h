/* SPDX-License-Identifier: GPL-3.0-or-later */
/* now.h - the one place that reads the clock */
#ifndef ATTLS_WORKER_NOW_H
#define ATTLS_WORKER_NOW_H

#include "base/clock.h"

/** now_monotonic() - CLOCK_MONOTONIC, which jumps with no correction of the time of day */
usec_t now_monotonic(void);

#endif
