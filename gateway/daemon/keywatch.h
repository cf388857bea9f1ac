/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * keywatch.h - notice that something in the keyring directory may have changed
 *
 * Folders are watched, not files: changes are renames. After each burst of changes all folders
 * are watched anew by their paths, so new folders, folders that were replaced and lost events need
 * no care of their own. What has changed is found by looking (keyring/manifest.h).
 */
#ifndef ATTLS_DAEMON_KEYWATCH_H
#define ATTLS_DAEMON_KEYWATCH_H

#include "base/clock.h"

#include <stdbool.h>

struct keywatch {
	int fd;       /* for poll(); -1: none */
	usec_t since; /* first change that was not looked at yet */
	usec_t due;   /* when to look; USEC_NEVER: no change is known of */
	bool partial; /* some folder cannot be watched */
};

/** keywatch_renew() - watch all folders of keyring directory @dir; earlier changes are forgotten */
void keywatch_renew(struct keywatch *w, const char *dir);

/**
 * keywatch_note() - take what was noticed: it is due once it has been quiet for a moment
 * Changes of several files that follow each other are so looked at as one, within two seconds.
 */
void keywatch_note(struct keywatch *w, usec_t now);

/** keywatch_poll() - be due after a minute in any case: for what cannot be watched */
void keywatch_poll(struct keywatch *w, usec_t now);

void keywatch_close(struct keywatch *w);

#endif
