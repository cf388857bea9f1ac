# SPDX-License-Identifier: GPL-3.0-or-later
# syscalls.py - programs stopped with ptrace(2): at a system call for good, a thread for a while
import contextlib
import ctypes
import os
import signal

_libc = ctypes.CDLL(None, use_errno=True)
_libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]

TRACEME, DETACH, SYSCALL, SETOPTIONS, SEIZE, INTERRUPT = 0, 17, 24, 0x4200, 0x4206, 0x4207
TRACESYSGOOD, EXITKILL = 1, 0x100000
WALL = 0x40000000  # of waitpid(2): threads as well


def _child(argv):
    null = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(null, fd)
    _libc.ptrace(TRACEME, 0, None, None)
    os.kill(os.getpid(), signal.SIGSTOP)
    os.execv(argv[0], argv)


def _has_open(pid, name):
    fds = f"/proc/{pid}/fd"
    return any(os.path.basename(os.readlink(f"{fds}/{fd}")) == name for fd in os.listdir(fds))


def run_until(argv, stop=None, mark=None):
    """
    Run @argv and kill it as it enters system call number @stop, from 0; without, let it end.

    Return: the number of system calls that it began; of the first with a file called @mark open;
    its exit status, None if it was killed.
    """
    pid = os.fork()
    if pid == 0:
        try:
            _child(argv)
        finally:
            os._exit(127)
    os.waitpid(pid, 0)
    _libc.ptrace(SETOPTIONS, pid, None, TRACESYSGOOD | EXITKILL)
    stops, number, marked = 0, 0, None
    while True:
        _libc.ptrace(SYSCALL, pid, None, number)
        _, status = os.waitpid(pid, 0)
        if not os.WIFSTOPPED(status):
            return stops // 2, marked, os.waitstatus_to_exitcode(status)
        number = os.WSTOPSIG(status)
        if number == signal.SIGTRAP:  # execve() is done
            number = 0
        if number != signal.SIGTRAP | 0x80:
            continue
        number = 0
        if stops % 2 == 0 and stops // 2 == stop:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            return stop, marked, None
        if mark and marked is None and _has_open(pid, mark):
            marked = stops // 2
        stops += 1


@contextlib.contextmanager
def stopped(thread):
    """One thread of another process stands still; the others go on."""
    for request in (SEIZE, INTERRUPT):
        assert _libc.ptrace(request, thread, None, None) == 0, os.strerror(ctypes.get_errno())
    os.waitpid(thread, WALL)
    try:
        yield
    finally:
        _libc.ptrace(DETACH, thread, None, None)
