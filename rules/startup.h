/* SPDX-License-Identifier: GPL-3.0-or-later */
/* startup.h - the [startup] section of attls.ini: who may connect before a policy is in force */
#ifndef ATTLS_RULES_STARTUP_H
#define ATTLS_RULES_STARTUP_H

#include "rules/reader.h"
#include "rules/set.h"

/* AT-TLS: the users that INITSTACK permits. */
struct startup {
	bool wanted; /* the section is there */
	struct uid_set users;
	struct addr_set remotes; /* other ends of connections, whoever opens them */
};

/**
 * startup_read() - read r->section into r->object, a struct startup
 * An account that the system does not know (yet) permits nobody: a warning.
 */
void startup_read(struct reader *r);

/**
 * startup_is_wanted() - whether file @path, which may be broken, has a line that begins with
 * [startup], in whatever case and with whatever after the word; false if it cannot be read
 */
bool startup_is_wanted(const char *path);

/** startup_fini() - free what startup_read() took */
void startup_fini(struct startup *s);

#endif
