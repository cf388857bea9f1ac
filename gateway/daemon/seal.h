/* SPDX-License-Identifier: GPL-3.0-or-later */
/* seal.h - shut the key process in: the system calls that it needs, and no others */
#ifndef ATTLS_DAEMON_SEAL_H
#define ATTLS_DAEMON_SEAL_H

#include "base/err.h"

/**
 * seal_close() - from now on any other system call ends the process with SIGSYS
 * For all threads there are; no more can be made. Files are opened for reading only; no sockets,
 * no programs, no executable memory.
 */
bool seal_close(struct err_list *err);

#endif
