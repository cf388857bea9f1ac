# SPDX-License-Identifier: GPL-3.0-or-later
# cgroup.py - control groups of the unified hierarchy, for processes of a test
import contextlib
import itertools
import os

from .wait import wait_for

_counter = itertools.count(1)


def mount_point():
    with open("/proc/self/mounts") as mounts:
        for line in mounts:
            fields = line.split()
            if fields[2] == "cgroup2":
                return fields[1]
    raise AssertionError("no cgroup 2 hierarchy is mounted here")


class Cgroup:
    """
    A new group at @path below a slice of this test; close() removes it and what it made on the way.

    .path is what the gateway should see of it, .directory where it is.
    """

    def __init__(self, path):
        self.path = f"/attls{os.getpid()}n{next(_counter)}.slice/{path}"
        self.directory = mount_point() + self.path
        os.makedirs(self.directory)

    def processes(self):
        with open(os.path.join(self.directory, "cgroup.procs")) as f:
            return f.read().split()

    def close(self):
        wait_for(lambda: not self.processes(), f"empty group {self.path}")
        top = os.path.dirname(mount_point() + "/" + self.path.split("/")[1])
        directory = self.directory
        while directory != top:
            os.rmdir(directory)
            directory = os.path.dirname(directory)


@contextlib.contextmanager
def cgroup(path):
    group = Cgroup(path)
    try:
        yield group
    finally:
        group.close()
