/* SPDX-License-Identifier: GPL-3.0-or-later */
/* report.h - a check that fails ends the run, and says where */
#ifndef ATTLS_SIM_REPORT_H
#define ATTLS_SIM_REPORT_H

#include <stdbool.h>

#include "base/clock.h"

/* Of the run that is going on. */
extern bool sim_verbose;
extern usec_t sim_now;
extern uint64_t sim_events;

/** sim_fail() - note what is wrong, exit 1 */
void sim_fail(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));

#define sim_check(ok, ...) (__builtin_expect(!!(ok), 1) ? (void)0 : sim_fail(__VA_ARGS__))

#endif
