/* SPDX-License-Identifier: GPL-3.0-or-later */
/* steps.c - how much work the engine does for a segment */
#include "steps.h"

uint64_t steps, steps_most;

void __sanitizer_cov_trace_pc(void);

void __sanitizer_cov_trace_pc(void)
{
	steps++;
}
