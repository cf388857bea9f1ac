/* SPDX-License-Identifier: GPL-3.0-or-later */
/* reload.h - another policy comes into force, whole or not at all */
#ifndef ATTLS_DAEMON_RELOAD_H
#define ATTLS_DAEMON_RELOAD_H

#include "gateway/daemon/daemon.h"

/**
 * reload_run() - read rules and keyrings again and put them in force
 * In order: compile; queue what the old or the new policy can match; swap on every worker. What
 * only the old one can match is queued until its last flow ends: see reload_settle().
 * Return: false with the sentences in @err; then nothing has changed.
 */
bool reload_run(struct daemon *d, struct err_list *err);

/**
 * reload_keyrings() - look at the keyring directory, and put in force what has changed there
 * The policy goes on. What cannot be used is reported, and the keyrings in force stay.
 */
void reload_keyrings(struct daemon *d);

/** reload_settle() - stop queueing for replaced policies whose last flow has ended */
void reload_settle(struct daemon *d);

/** reload_note() - at start: write down which candidates are in force, for attls-net */
bool reload_note(struct daemon *d, struct err_list *err);

/** reload_restore() - put back the rules for what is in force */
bool reload_restore(struct daemon *d, struct err_list *err);

#endif
