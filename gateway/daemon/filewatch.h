/* SPDX-License-Identifier: GPL-3.0-or-later */
/* filewatch.h - `watch = on`: notice when a rule file changes */
#ifndef ATTLS_DAEMON_FILEWATCH_H
#define ATTLS_DAEMON_FILEWATCH_H

#include "rules/settings.h"

/**
 * filewatch_open() - begin to look at [gateway] rules, the folder or the file
 * Return: a descriptor for poll(); -1 where it is off, or (with a warning) cannot be done.
 */
int filewatch_open(const struct settings *s);

/** filewatch_drain() - take what was noticed. Return: whether a rule file may have changed */
bool filewatch_drain(int fd, const struct settings *s);

#endif
