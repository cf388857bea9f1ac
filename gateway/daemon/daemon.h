/* SPDX-License-Identifier: GPL-3.0-or-later */
/* daemon.h - the process as a whole: what main.c starts and the control commands act on */
#ifndef ATTLS_DAEMON_DAEMON_H
#define ATTLS_DAEMON_DAEMON_H

#include "gateway/daemon/control.h"
#include "gateway/daemon/helper.h"
#include "gateway/daemon/keeper.h"
#include "gateway/daemon/keyrings.h"
#include "gateway/worker/pool.h"
#include "rules/settings.h"

/* Most replaced policies that are still in use; keyrings alone may be replaced without limit. */
enum { DAEMON_RETIRED = 64 };

struct daemon {
	const char *ini; /* path of attls.ini */
	struct settings *settings;
	struct snapshot *snapshot; /* in force; referenced */
	/* replaced, oldest first; flows live on in them, whose packets are still to be queued */
	struct snapshot **retired;
	size_t retired_count;
	struct keyrings keyrings;
	struct rule_use *uses; /* of the rules in force, from before the last reload */
	struct inject inject;
	struct pool pool;
	struct helper helper;
	struct keeper keeper;
	struct control *control;
	usec_t started; /* CLOCK_MONOTONIC */
	bool quiesced;
	bool damaged; /* quiesced because the rules are not whole and could not be put back */
};

#endif
