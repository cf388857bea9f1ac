# SPDX-License-Identifier: GPL-3.0-or-later
# gateway.py - one gateway: its files, its packet filter rules and its daemon
import json
import os
import re
import shutil
import subprocess

from .process import Process
from .wait import wait_for

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
BUILD = os.path.abspath(os.environ.get("ATTLS_BUILD", os.path.join(ROOT, "build", "release")))
SANITIZED = os.path.basename(BUILD) == "san"


def program(name):
    return os.path.join(BUILD, name)


class Gateway:
    """
    The four programs over one attls.ini in a directory of their own.

    @ns: the namespace it works in
    @wrapper: command line prefix that puts a program somewhere else (a container)
    @settings: further keys of the [gateway] section
    """

    def __init__(self, ns, directory, rules, wrapper=None, **settings):
        self.ns = ns
        self.directory = str(directory)
        self.wrapper = wrapper or ns.command
        self.daemon = None
        self.ini = os.path.join(self.directory, "attls.ini")
        self.rules_dir = os.path.join(self.directory, "rules.d")
        self.keyring_dir = os.path.join(self.directory, "keyring")
        self.log_path = os.path.join(self.directory, "attlsd.log")
        os.makedirs(self.rules_dir)
        os.mkdir(self.keyring_dir, 0o700)
        self.write_ini(**settings)
        self.write_rules(rules)

    def write_ini(self, **settings):
        values = {"mode": "host", "rules": self.rules_dir, "keyring": self.keyring_dir,
                  "control": os.path.join(self.directory, "control.sock"), "workers": 2,
                  "log": "stderr", "log_level": "info", **settings}
        with open(self.ini, "w") as f:
            f.write("[gateway]\n" + "".join(f"{k} = {v}\n" for k, v in values.items()))

    def write_rules(self, text, name="test.ini"):
        with open(os.path.join(self.rules_dir, name), "w") as f:
            f.write(text)

    # Programs

    def command(self, name, *argv):
        return self.wrapper(program(name), "-c", self.ini, *argv)

    def result(self, name, *argv, timeout=60):
        """Run a program to the end; return the subprocess.CompletedProcess."""
        return subprocess.run(self.command(name, *argv), stdout=subprocess.PIPE, text=True,
                              stderr=subprocess.PIPE, timeout=timeout, errors="replace")

    def run(self, name, *argv, timeout=60):
        done = self.result(name, *argv, timeout=timeout)
        assert done.returncode == 0, (f"{done.args} ended with {done.returncode}:\n{done.stdout}"
                                      f"{done.stderr}\n{self.log()[-3000:]}")
        return done.stdout

    def net(self, verb, timeout=60):
        return self.run("attls-net", verb, timeout=timeout)

    def ctl(self, *argv):
        return self.run("attlsctl", *argv)

    def ctl_json(self, *argv):
        return json.loads(self.ctl(*argv, "--json"))

    def keyring(self, *argv):
        done = subprocess.run([program("attls-keyring"), "-k", self.keyring_dir, *map(str, argv)],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        assert done.returncode == 0, f"{done.args}: {done.stdout}"
        return done.stdout

    # Keys

    def add_ring(self, ring):
        """A ring of user root for the programs of everybody (PostgreSQL's, nobody's)."""
        self.keyring("addring", "--id", "root", ring)
        self.grant(f"root/{ring}", control="*")

    def grant(self, ring, **lists):
        """Let users use @ring: read=, update=, control= are lists as in access.ini."""
        path, new = os.path.join(self.keyring_dir, "access.ini"), self.ini + ".access"
        if os.path.exists(path):
            shutil.copy(path, new)
        with open(new, "a") as f:
            f.write(f"[ring {ring}]\n" + "".join(f"{k} = {v}\n" for k, v in lists.items()))
        os.rename(new, path)  # one change for a gateway that watches

    def revoke_all(self):
        """Everybody has only what is their own."""
        os.unlink(os.path.join(self.keyring_dir, "access.ini"))

    def give_keyring(self, owner):
        """Everybody reaches our files and reads the keyring, which is @owner's; not its keys."""
        path = os.path.abspath(self.directory)
        while path != "/":
            os.chmod(path, os.stat(path).st_mode | 0o011)
            path = os.path.dirname(path)
        for folder, _, files in os.walk(self.keyring_dir):
            os.chown(folder, owner, owner)
            os.chmod(folder, 0o755)
            for name in files:
                file = os.path.join(folder, name)
                os.chown(file, owner, owner)
                os.chmod(file, 0o600 if name.endswith(".key") else 0o644)

    def add_ca(self, ring, ca, label="ca"):
        """A ring of user root that trusts @ca."""
        self.keyring("add", "--certauth", "--label", label, "--cert", ca.pem, "--trust")
        self.add_ring(ring)
        self.keyring("connect", "--id", "root", "--ring", ring, "--label", label,
                     "--owner", "CERTAUTH", "--usage", "CERTAUTH")

    def add_cert(self, ring, cert, label="srv", new_ring=True):
        """A ring of user root whose default is @cert."""
        self.keyring("add", "--id", "root", "--label", label, "--cert", cert.pem,
                     "--key", cert.key, "--trust")
        if new_ring:
            self.add_ring(ring)
        self.keyring("connect", "--id", "root", "--ring", ring, "--label", label, "--default")

    # Daemon

    def up(self):
        self.net("up")

    def down(self):
        self.net("down")

    def start(self, timeout=30.0):
        """Start attlsd and wait until the first packet may come."""
        offset = len(self.log())
        self.daemon = Process(self.command("attlsd"), self.log_path, env=self._environment())
        self.daemon.wait_output(r"^attlsd: ready", timeout)
        wait_for(lambda: "attlsd: ready" in self.log()[offset:], "attlsd: ready", timeout)

    def _environment(self):
        env = dict(os.environ)
        env.setdefault("ASAN_OPTIONS", "detect_leaks=1:abort_on_error=0:exitcode=99")
        env.setdefault("UBSAN_OPTIONS", "print_stacktrace=1:halt_on_error=1")
        return env

    def begin(self):
        """The usual order: rules first, then the daemon."""
        self.up()
        self.start()
        return self

    def stop(self):
        """End the daemon in good order; a status other than 0 is a failure."""
        status = self.daemon.stop(20)
        assert status == 0, f"attlsd ended with {status}:\n{self.log()[-6000:]}"

    def kill9(self):
        """The daemon gone at once. The process that Process started may be a wrapper."""
        self.daemon.kill()

    def log(self):
        try:
            with open(self.log_path, errors="replace") as f:
                return f.read()
        except FileNotFoundError:
            return ""

    def wait_log(self, pattern, timeout=15.0):
        return wait_for(lambda: re.search(pattern, self.log(), re.MULTILINE),
                        f"/{pattern}/ in the log:\n{self.log()[-3000:]}", timeout)

    def flows(self):
        """The rows of `attlsctl flows --json`."""
        answer = self.ctl_json("flows")
        return answer["flows"] if isinstance(answer, dict) else answer

    def wait_flows(self, count, timeout=20.0):
        wait_for(lambda: len(self.flows()) == count, f"{count} flows: {self.flows()}",
                 timeout)

    def finish(self):
        """For clean-up after a test: no flow of a crashed daemon, no sanitizer report."""
        if self.daemon and self.daemon.alive():
            self.stop()
        log = self.log()
        for word in ("AddressSanitizer", "LeakSanitizer", "runtime error:", "Assertion `"):
            assert word not in log, log[-8000:]
