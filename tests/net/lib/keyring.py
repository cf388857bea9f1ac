# SPDX-License-Identifier: GPL-3.0-or-later
# keyring.py - a keyring directory and the tools that change it, for tests
import json
import os
import subprocess

from .gateway import program


def sh(*argv, **options):
    return subprocess.run([str(a) for a in argv], stdout=subprocess.PIPE, text=True,
                          stderr=subprocess.PIPE, check=False, **options)


def openssl(*argv, **options):
    done = sh("openssl", *argv, **options)
    assert done.returncode == 0, done.stderr
    return done.stdout


class Keyring:
    def __init__(self, path):
        self.path = str(path)

    def command(self, *argv):
        return [program("attls-keyring"), "-k", self.path, *map(str, argv)]

    def run(self, *argv):
        return sh(*self.command(*argv))

    def do(self, *argv):
        done = self.run(*argv)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def refused(self, *argv, code=1, says):
        done = self.run(*argv)
        assert done.returncode == code, (done.stdout, done.stderr)
        assert says in done.stderr
        return done

    def json(self, *argv):
        return json.loads(self.do(*argv, "--json"))

    def file(self, name):
        return os.path.join(self.path, name)

    def fill(self):
        """A CA, a server certificate that it signed, and ring root/r with both."""
        self.do("gencert", "--certauth", "--label", "ca", "--subject", "CN=Test CA,O=Example",
                "--keytype", "nistecc")
        self.do("gencert", "--id", "root", "--label", "srv", "--subject", "CN=db.example",
                "--altname", "DNS:db.example,IP:192.0.2.1", "--keytype", "nistecc",
                "--signwith", "CERTAUTH/ca")
        self.do("addring", "--id", "root", "r")
        self.do("connect", "--id", "root", "--ring", "r", "--label", "ca", "--owner", "CERTAUTH")
        self.do("connect", "--id", "root", "--ring", "r", "--label", "srv", "--default")
        return self

    def export(self, path, *which):
        self.do("export", *which, "--out", path)
        return path

    def connections(self, ring="r"):
        """What a ring holds: {label: (usage, default)}."""
        found, = self.json("listring", ring)
        return {c["label"]: (c["usage"], c["default"]) for c in found["connections"]}
