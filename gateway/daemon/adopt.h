/* SPDX-License-Identifier: GPL-3.0-or-later */
/* adopt.h - `established = keep`: let connections that are older than the rules go on */
#ifndef ATTLS_DAEMON_ADOPT_H
#define ATTLS_DAEMON_ADOPT_H

#include "gateway/daemon/daemon.h"

/**
 * adopt_established() - take over the list that attls-net has made before it installed the rules
 * A line counts only while the socket that was listed is still the one with these addresses, so
 * that no later connection, which may have been protected, is taken for an old one.
 */
void adopt_established(struct daemon *d);

#endif
