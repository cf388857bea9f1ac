/* SPDX-License-Identifier: GPL-3.0-or-later */
/* flowlist.h - all flows as JSON, for the control socket */
#ifndef ATTLS_DAEMON_FLOWLIST_H
#define ATTLS_DAEMON_FLOWLIST_H

#include "gateway/daemon/daemon.h"

/**
 * flowlist_describe() - an array with an object for every flow; a new reference
 * The workers only copy what they know; text is made of it here, on the main thread.
 */
json_t *flowlist_describe(struct daemon *d);

#endif
