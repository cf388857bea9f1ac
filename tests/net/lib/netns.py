# SPDX-License-Identifier: GPL-3.0-or-later
# netns.py - network namespaces with unique names, and sockets and programs inside them
import ctypes
import itertools
import os
import re
import signal
import socket
import subprocess
import threading

from .process import Process
from .wait import wait_for

CLONE_NEWNET = 0x40000000
PREFIX = "attls"
_libc = ctypes.CDLL(None, use_errno=True)
_counter = itertools.count(1)


def sh(*argv, check=True, **kwargs):
    """Run a program to its end; return what it printed."""
    done = subprocess.run([str(a) for a in argv], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="replace", **kwargs)
    if check and done.returncode:
        raise AssertionError(f"{done.args} ended with {done.returncode}:\n{done.stdout}")
    return done.stdout


def _in_thread(function):
    """Run @function in a thread of its own; a thread may enter a namespace and just end."""
    box = {}

    def run():
        try:
            box["result"] = function()
        except BaseException as e:  # handed to the caller below
            box["error"] = e
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if "error" in box:
        raise box["error"]
    return box["result"]


class Namespace:
    """A network namespace. With @owner_pid it is the one of that process, only named here."""

    def __init__(self, role, owner_pid=None):
        self.role = role
        self.name = f"{PREFIX}-{os.getpid()}-{next(_counter)}-{role}"
        if owner_pid is None:
            sh("ip", "netns", "add", self.name)
        else:
            sh("ip", "netns", "attach", self.name, owner_pid)
        for scope in ("all", "default"):
            self.sysctl(f"net.ipv6.conf.{scope}.accept_dad", 0)
        self.run("ip", "link", "set", "lo", "up")

    def command(self, *argv):
        """The command line that runs @argv inside."""
        return ["ip", "netns", "exec", self.name, *map(str, argv)]

    def entered(self, *argv):
        """The same with the mounts of this system: control groups stay where they are."""
        return ["nsenter", f"--net=/run/netns/{self.name}", *map(str, argv)]

    def run(self, *argv, check=True, timeout=60, **kwargs):
        return sh(*self.command(*argv), check=check, timeout=timeout, **kwargs)

    def result(self, *argv, timeout=60, **kwargs):
        """Run to the end; return the subprocess.CompletedProcess with stdout and stderr."""
        return subprocess.run(self.command(*argv), stdout=subprocess.PIPE, errors="replace",
                              stderr=subprocess.PIPE, text=True, timeout=timeout, **kwargs)

    def start(self, *argv, log, **kwargs):
        return Process(self.command(*argv), log, **kwargs)

    def sysctl(self, name, value=None):
        """Read, or write, a sysctl as this namespace sees it."""
        path = "/proc/sys/" + name.replace(".", "/")

        def access():
            self.enter()
            if value is not None:
                with open(path, "w") as f:
                    f.write(str(value))
            with open(path) as f:
                return f.read().strip()
        return _in_thread(access)

    def enter(self):
        """Move the calling thread into this namespace."""
        fd = os.open(f"/run/netns/{self.name}", os.O_RDONLY | os.O_CLOEXEC)
        try:
            if _libc.setns(fd, CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), f"setns {self.name}")
        finally:
            os.close(fd)

    def socket(self, family=4, kind=socket.SOCK_STREAM, protocol=0):
        """A socket that lives in this namespace, usable from any thread."""
        number = socket.AF_INET if family == 4 else socket.AF_INET6

        def create():
            self.enter()
            return socket.socket(number, kind, protocol)
        return _in_thread(create)

    def inject(self, interface, packet):
        """Put an IPv4 packet on @interface; on Ethernet it goes to a station that nobody is."""
        def create():
            self.enter()
            return socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM)
        with _in_thread(create) as s:
            s.sendto(packet, (interface, 0x0800, 0, 0, b"\x02\0\0\0\0\x77"))

    def connect(self, address, port, timeout=20.0, source="", source_port=0):
        """A connected TCP socket; @timeout stays set on it."""
        s = self.socket(6 if ":" in address else 4)
        s.settimeout(timeout)
        if source or source_port:
            s.bind((source, source_port))
        try:
            s.connect((address, port))
        except BaseException:
            s.close()
            raise
        return s

    def listen(self, address, port, backlog=256):
        """A listening TCP socket."""
        s = self.socket(6 if ":" in address else 4)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind((address, port))
        s.listen(backlog)
        return s

    def listening(self, port):
        return bool(self.run("ss", "-Hltn", f"sport = :{port}").strip())

    def wait_listening(self, port, process=None, timeout=20.0):
        """Wait until somebody listens on @port."""
        def ready():
            if process is not None and not process.alive():
                raise AssertionError(f"{process.argv} ended:\n{process.output()}")
            return self.listening(port)
        wait_for(ready, f"listener on port {port} in {self.name}", timeout)

    def pids(self):
        return [int(p) for p in sh("ip", "netns", "pids", self.name, check=False).split()
                if p.isdigit()]

    def delete(self):
        """Kill what runs inside, then the namespace."""
        for pid in self.pids():
            if pid != os.getpid():
                _kill(pid)
        wait_for(lambda: not [p for p in self.pids() if not _zombie(p)],
                 f"empty namespace {self.name}")
        sh("ip", "netns", "del", self.name, check=False)


def _kill(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def _zombie(pid):
    try:
        with open(f"/proc/{pid}/stat") as f:
            return re.search(r"\) (\w)", f.read()).group(1) == "Z"
    except FileNotFoundError:
        return True


def existing():
    """Names of all namespaces of this process."""
    names = [line.split()[0] for line in sh("ip", "netns", "list").splitlines() if line]
    return [n for n in names if n.startswith(f"{PREFIX}-{os.getpid()}-")]


def sweep():
    """Remove namespaces whose creating process is gone (it was killed)."""
    for line in sh("ip", "netns", "list").splitlines():
        found = re.match(rf"{PREFIX}-(\d+)-\S+", line)
        if found and not os.path.exists(f"/proc/{found.group(1)}"):
            for pid in sh("ip", "netns", "pids", found.group(0), check=False).split():
                if pid.isdigit():
                    _kill(int(pid))
            sh("ip", "netns", "del", found.group(0), check=False)
