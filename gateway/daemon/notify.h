/* SPDX-License-Identifier: GPL-3.0-or-later */
/* notify.h - tell the service manager how we are (sd_notify(3) protocol) */
#ifndef ATTLS_DAEMON_NOTIFY_H
#define ATTLS_DAEMON_NOTIFY_H

/** notify_send() - send @state, for example "READY=1", to $NOTIFY_SOCKET; nothing without it */
void notify_send(const char *state);

#endif
