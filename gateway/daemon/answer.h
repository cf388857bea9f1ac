/* SPDX-License-Identifier: GPL-3.0-or-later */
/* answer.h - one control request to one reply, text to text; control.c moves the bytes */
#ifndef ATTLS_DAEMON_ANSWER_H
#define ATTLS_DAEMON_ANSWER_H

#include "gateway/daemon/control.h"

/**
 * answer_request() - carry out one request line
 * @line: @len bytes, with or without the newline at their end
 * Return: the reply with its newline, malloc'ed; NULL only without memory.
 */
char *answer_request(
	const struct control_command *commands, void *ctx, const char *line, size_t len);

/** answer_refusal() - the reply that refuses with @sentence; malloc'ed, NULL without memory */
char *answer_refusal(const char *sentence);

#endif
