/* SPDX-License-Identifier: GPL-3.0-or-later */
/* calendar.c - rules that hold at certain times: judged when one begins or ends */
#include "gateway/daemon/calendar.h"

#include "base/log.h"

#include <errno.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { LONGEST_WAIT = 366 * 86400 }; /* seconds, where no time condition will change */

int calendar_open(void)
{
	int fd = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);

	if (fd < 0)
		log_warning("time conditions are judged at a reload only: %s", strerror(errno));
	return fd;
}

void calendar_run(struct daemon *d, int fd)
{
	int64_t now = time(NULL), next = policy_activate(d->snapshot->policy, now);
	/* a timer that is off would not tell of a clock that was set */
	struct itimerspec when = {
		.it_value.tv_sec = (time_t)(next == INT64_MAX ? now + LONGEST_WAIT : next)};
	uint64_t expired;

	/* ECANCELED, and not a number, is what a clock that was set reads like */
	while (read(fd, &expired, sizeof(expired)) < 0 && errno == ECANCELED)
		;
	timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &when, NULL);
}
