/* SPDX-License-Identifier: GPL-3.0-or-later */
/* engine.h - the name that a container engine has written down for an id; it is not asked */
#ifndef ATTLS_WORKER_ENGINE_H
#define ATTLS_WORKER_ENGINE_H

#include "gateway/worker/unit.h"

/**
 * engine_container_name() - of container @id, as container_of() found it
 * From the files of Docker and podman below @root ("" is the system's); LXC and systemd-nspawn have
 * nothing but names.
 * @name: UNIT_TEXT bytes
 * Return: false if none is written down where it can be read, as with containerd and CRI-O.
 */
bool engine_container_name(const char *root, const char *id, char *name);

#endif
