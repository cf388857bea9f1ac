/* SPDX-License-Identifier: GPL-3.0-or-later */
/* now.c - the one place that reads the clock */
#include "gateway/worker/now.h"

#include <time.h>

usec_t now_monotonic(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (usec_t)ts.tv_sec * USEC_SEC + ts.tv_nsec / 1000;
}
