/* SPDX-License-Identifier: GPL-3.0-or-later */
/* clock.h - the type of time: microseconds on a monotonic clock; nobody here reads one */
#ifndef ATTLS_BASE_CLOCK_H
#define ATTLS_BASE_CLOCK_H

#include <stdint.h>

/* A point in time, or a duration, in microseconds. Points count from an arbitrary start. */
typedef int64_t usec_t;

#define USEC_MSEC  ((usec_t)1000)
#define USEC_SEC   ((usec_t)1000000)
/* "No deadline": later than every point in time. */
#define USEC_NEVER INT64_MAX

static inline usec_t usec_min(usec_t a, usec_t b)
{
	return a < b ? a : b;
}

static inline usec_t usec_max(usec_t a, usec_t b)
{
	return a > b ? a : b;
}

#endif
