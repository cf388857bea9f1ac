# SPDX-License-Identifier: GPL-3.0-or-later
# container.py - command line wrappers that put a program into a container's surroundings

SETUP = """set -e
mount --make-rprivate /
mount --bind "$1" "$1"
mount -t proc proc /proc
mount --bind /proc/sys /proc/sys
mount -o remount,bind,ro /proc/sys
mount -o remount,bind,ro /
shift
exec "$@"
"""


def sidecar(ns, directory):
    """
    A container that shares only the network namespace of the application.

    It has its own mount and PID namespaces; / and /proc/sys are read-only, @directory is not.
    Where the network namespace belongs to a user namespace, the container lives in that one, so
    it has no capability outside.
    """
    def wrap(*argv):
        inner = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--propagation",
                 "private", "sh", "-c", SETUP, "sh", str(directory), *map(str, argv)]
        holder = getattr(ns, "holder", None)
        if holder is None:
            return ns.command(*inner)
        return ["nsenter", "-t", str(holder), "-U", "-n", "--preserve-credentials", *inner]
    return wrap
