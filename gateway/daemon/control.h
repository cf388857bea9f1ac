/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * control.h - the control socket: one JSON object per line in, one per line out
 *
 *   {"command": "flows", "args": {...}}           "args" may be left out
 *   {"ok": true, "result": ...}                   "warnings": [...] where there are any
 *   {"ok": false, "errors": ["sentence", ...]}    likewise
 *
 * A server without a thread of its own: its owner waits for control_fd() to be readable and then
 * calls control_serve(), which answers what has arrived and never waits for a client. A client may
 * send several requests; they are answered one after the other. The number of clients and the
 * length of a request are bounded; when all places are taken, the client that has been silent
 * longest makes room. Only root and the user the daemon runs as are served.
 */
#ifndef ATTLS_DAEMON_CONTROL_H
#define ATTLS_DAEMON_CONTROL_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"

enum {
	CONTROL_CLIENTS = 16,      /* served at a time */
	CONTROL_LINE = 1024 * 1024 /* longest request in bytes, with its newline */
};

/* One row of the command table, which ends with a NULL name. */
struct control_command {
	const char *name;
	/*
	 * Carry the command out. @args is an object or NULL, borrowed. On success *@result may be
	 * set to a new reference (NULL: JSON null) and true is returned; on failure @err holds the
	 * sentences and *@result stays NULL. Warnings in @err reach the client either way. May
	 * take its time: the other clients wait.
	 */
	bool (*handle)(void *ctx, const json_t *args, json_t **result, struct err_list *err);
};

struct control;

/**
 * control_open() - listen at @path
 * @mode:     permissions of the socket file; the umask only takes away from them
 * @commands: borrowed for life, as is @ctx, which each handler gets
 * @err:      receives the sentence on failure
 *
 * The folder of @path is made if it is missing. What a dead daemon left there is replaced; a socket
 * that somebody answers, or a file that is no socket, is not.
 * Return: owned, with control_close(); NULL on failure.
 */
struct control *control_open(const char *path, mode_t mode, const struct control_command *commands,
	void *ctx, struct err_list *err);

/** control_fd() - becomes readable when control_serve() has something to do; lives as long as @c */
int control_fd(const struct control *c);

/** control_serve() - accept, read, answer as far as that goes without waiting */
void control_serve(struct control *c);

/** control_close() - leave all clients, remove the socket file if it is still ours; NULL is fine */
void control_close(struct control *c);

#endif
