/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * unit.h - what the path of a control group tells: systemd unit and container; pure text
 *
 * Only names that the host's own manager gave count, that is the outermost ones: what a service, a
 * container or a user calls the groups that were delegated to it proves nothing.
 */
#ifndef ATTLS_WORKER_UNIT_H
#define ATTLS_WORKER_UNIT_H

#include <stdbool.h>
#include <stddef.h>

enum { UNIT_TEXT = 256 };

/**
 * unit_of() - the systemd unit of the control group @path: the first component below the slices
 * A unit of a user's own manager is written behind it: "user@1000.service/app.service".
 * @unit: UNIT_TEXT bytes, "" where the path names none
 * Return: false if nothing can be said: @path is the root, where everything is whose manager does
 * not use this hierarchy.
 */
bool unit_of(const char *path, char *unit);

/**
 * container_of() - the container of the control group @path
 * @id: UNIT_TEXT bytes. The 64 digits of Docker, containerd, CRI-O and podman; the name of LXC and
 * systemd-nspawn, which have no other identification; "" outside of containers.
 * Return: false if nothing can be said, as above.
 */
bool container_of(const char *path, char *id);

#endif
