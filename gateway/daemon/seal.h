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

/**
 * seal_close_for_module() - the same around a PKCS#11 module, which may be anything
 * Nobody knows what a module needs: threads, files, devices, the network. What none needs ends the
 * process: programs and other processes, their memory, signals to them, memory that can be written
 * and executed, mounts, namespaces, the kernel's own settings.
 */
bool seal_close_for_module(struct err_list *err);

#endif
