# SPDX-License-Identifier: GPL-3.0-or-later
# process.py - a program in the background with its output in a file
import os
import re
import signal
import subprocess

from .wait import Timeout, wait_for


class Process:
    """A running program; everything it prints goes to the file @log."""

    def __init__(self, argv, log, stdin=subprocess.DEVNULL, env=None, cwd=None):
        self.argv = [str(a) for a in argv]
        self.path = str(log)
        with open(self.path, "ab") as out:
            self.popen = subprocess.Popen(
                self.argv, stdin=stdin, stdout=out, stderr=subprocess.STDOUT,
                env=env, cwd=cwd, start_new_session=True)
        self.pid = self.popen.pid

    def output(self):
        with open(self.path, "r", errors="replace") as f:
            return f.read()

    def alive(self):
        return self.popen.poll() is None

    def wait_output(self, pattern, timeout=15.0):
        """Wait for a line that matches; a program that ends before is a failure."""
        def seen():
            found = re.search(pattern, self.output(), re.MULTILINE)
            if not found and not self.alive():
                found = re.search(pattern, self.output(), re.MULTILINE)
                if not found:
                    raise Timeout(f"{self.argv} ended with {self.popen.returncode} before "
                                  f"/{pattern}/:\n{self.output()}")
            return found
        try:
            return wait_for(seen, f"/{pattern}/", timeout)
        except Timeout as e:
            raise Timeout(f"{e} from {self.argv}:\n{self.output()[-4000:]}") from None

    def wait(self, timeout=30.0):
        """Wait for the end; return the exit status."""
        return self.popen.wait(timeout)

    def signal(self, number):
        if self.alive():
            os.killpg(self.pid, number)

    def kill(self):
        self.signal(signal.SIGKILL)
        self.popen.wait(10)

    def stop(self, timeout=10.0):
        """SIGTERM, then SIGKILL when that does not help; return the exit status."""
        self.signal(signal.SIGTERM)
        try:
            return self.popen.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            raise Timeout(f"{self.argv} did not end on SIGTERM") from None

    def memory(self):
        """Resident bytes."""
        with open(f"/proc/{self.pid}/status") as f:
            for line in f:
                if line.startswith("VmRSS:"):
                    return int(line.split()[1]) * 1024
        raise AssertionError(f"{self.argv} has no VmRSS")
