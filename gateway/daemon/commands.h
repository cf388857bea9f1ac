/* SPDX-License-Identifier: GPL-3.0-or-later */
/* commands.h - what attlsctl and attls-net can ask of the daemon */
#ifndef ATTLS_DAEMON_COMMANDS_H
#define ATTLS_DAEMON_COMMANDS_H

#include "gateway/daemon/daemon.h"

/** daemon_commands - the table for control_open(); its ctx is a struct daemon */
extern const struct control_command daemon_commands[];

/** daemon_quiesce() - on: no new connections, all TLS flows are reset; off: as usual */
void daemon_quiesce(struct daemon *d, bool on);

#endif
