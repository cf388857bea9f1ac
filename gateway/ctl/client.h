/* SPDX-License-Identifier: GPL-3.0-or-later */
/* client.h - ask the daemon over its control socket */
#ifndef ATTLS_CTL_CLIENT_H
#define ATTLS_CTL_CLIENT_H

#include "gateway/ctl/ctl.h"

/**
 * client_call() - send one command and wait for its reply
 * @path:   of the control socket
 * @args:   an object or NULL; the reference is taken over
 * @result: set to a new reference when CTL_OK is returned
 * @err:    receives the daemon's sentences and warnings, or why it could not be asked
 * Return: CTL_OK, CTL_FAILED where the daemon refuses, CTL_UNREACHABLE where no reply comes
 */
enum ctl_exit client_call(
	const char *path, const char *command, json_t *args, json_t **result, struct err_list *err);

#endif
