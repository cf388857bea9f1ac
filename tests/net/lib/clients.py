# SPDX-License-Identifier: GPL-3.0-or-later
# clients.py - real client programs in a namespace: curl, openssl, gnutls-cli, psql, redis-cli
import os
import subprocess

from .process import Process


def host(address):
    """@address as it stands in a URL."""
    return f"[{address}]" if ":" in address else address


def curl(ns, url, *options, timeout=60):
    """The subprocess.CompletedProcess of curl, not following any proxy setting."""
    return ns.result("curl", "-sS", "--noproxy", "*", "-m", timeout, *options, url,
                     timeout=timeout + 10)


def curl_tls(ns, address, port, path, pki, *options, timeout=60):
    """https to server.test, which is @address, verified against the test CA."""
    return curl(ns, f"https://server.test:{port}{path}", "--resolve",
                f"server.test:{port}:{host(address)}", "--cacert", pki.ca.pem, *options,
                timeout=timeout)


class Dialogue(Process):
    """A client program that a test talks with over its standard input."""

    def __init__(self, argv, log):
        super().__init__(argv, log, stdin=subprocess.PIPE)

    def send(self, text):
        # nothing stays in a buffer, so close() has nothing to write to a program that has ended
        os.write(self.popen.stdin.fileno(), text.encode())

    def ask(self, text, answer, timeout=15.0):
        """Send @text, wait for the pattern @answer."""
        self.send(text)
        return self.wait_output(answer, timeout)

    def close(self):
        self.popen.stdin.close()
        self.kill()


def openssl_client(ns, directory, address, port, pki, *options):
    """openssl s_client to server.test at @address, verified; close() it."""
    return Dialogue(ns.command(
        "openssl", "s_client", "-connect", f"{host(address)}:{port}", "-servername", "server.test",
        "-verify_hostname", "server.test", "-verify_return_error", "-CAfile", pki.ca.pem,
        "-ign_eof", *options), os.path.join(str(directory), f"s_client-{port}.log"))


def gnutls_client(ns, directory, address, port, pki, *options):
    """gnutls-cli to server.test at @address, verified; close() it."""
    return Dialogue(ns.command(
        "gnutls-cli", f"--x509cafile={pki.ca.pem}", "--sni-hostname=server.test",
        "--verify-hostname=server.test", f"--port={port}", *options, address),
        os.path.join(str(directory), f"gnutls-cli-{port}.log"))


def psql(ns, address, port, statement):
    env = {"PATH": os.environ["PATH"], "PGSSLMODE": "disable", "PGCONNECT_TIMEOUT": "20"}
    return ns.result("psql", "-h", address, "-p", port, "-U", "postgres", "-d", "postgres",
                     "-At", "-v", "ON_ERROR_STOP=1", "-c", statement, env=env, cwd="/")


def psql_session(ns, directory, address, port):
    """psql that stays; close() it."""
    return Dialogue(ns.command(
        "env", "PGSSLMODE=disable", "PGCONNECT_TIMEOUT=20", "psql", "-h", address, "-p", port,
        "-U", "postgres", "-d", "postgres", "-Atq"),
        os.path.join(str(directory), f"psql-{port}.log"))


def redis(ns, address, port, *command):
    return ns.result("redis-cli", "-h", address, "-p", port, *command)
