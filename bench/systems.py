# SPDX-License-Identifier: GPL-3.0-or-later
# systems.py - what is compared: no TLS at all, attls, HAProxy, stunnel, and mixed pairs
"""
Every system carries connections of the client's namespace to the load server in the server's
namespace. A proxy listens beside the client on 127.0.0.1 and beside the server on its address; the
gateways take the connection on its way. All use TLS 1.3 with TLS_AES_128_GCM_SHA256, X25519 and
the same P-256 certificate, and all clients verify its chain and its name.
"""
import os

from lib import rules

SUITE, GROUP, NAME = "TLS_AES_128_GCM_SHA256", "X25519", "server.test"
LOAD = 9000  # the load server without anything in between

HAPROXY_GLOBAL = """global
    maxconn 9900
    nbthread {threads}
    tune.ssl.default-dh-param 2048
defaults
    mode tcp
    timeout connect 10s
    timeout client 1h
    timeout server 1h
"""
HAPROXY_CLIENT = """listen tls-client
    bind 127.0.0.1:{port} backlog 4096
    server s {peer}:{tls} ssl verify required ca-file {ca} verifyhost {name} \
ciphersuites {suite} force-tlsv13 {reuse}
"""
HAPROXY_SERVER = """listen tls-server
    bind {own}:{tls} backlog 4096 ssl crt {pair} ciphersuites {suite} curves {group} \
ssl-min-ver TLSv1.3 {tickets}
    server s {own}:{load}
"""
STUNNEL = """foreground = yes
syslog = no
debug = 3
sslVersion = TLSv1.3
ciphersuites = {suite}
curves = {group}
socket = l:TCP_NODELAY=1
socket = r:TCP_NODELAY=1
"""
STUNNEL_CLIENT = """[client]
client = yes
accept = 127.0.0.1:{port}
connect = {peer}:{tls}
CAfile = {ca}
verifyChain = yes
checkHost = {name}
{resume}
"""
STUNNEL_SERVER = """[server]
accept = {own}:{tls}
connect = {own}:{load}
cert = {pair}
{resume}
"""


def children(pid):
    """Of all tasks of @pid; a task that ends meanwhile has none."""
    for task in os.listdir(f"/proc/{pid}/task"):
        try:
            with open(f"/proc/{pid}/task/{task}/children") as f:
                yield from map(int, f.read().split())
        except FileNotFoundError:
            continue


def descendants(pid):
    """@pid and all below it."""
    return [pid] + [found for child in children(pid) for found in descendants(child)]


class System:
    """One way from client to server. @address and @port are what the client connects to."""

    def __init__(self, name, address, port, processes=()):
        self.name, self.address, self.port = name, address, port
        self.processes = list(processes)

    def pids(self):
        return [p for process in self.processes for p in descendants(process.pid)]


class Builder:
    """Starts systems in a World of client and server; each takes two ports of its own."""

    def __init__(self, world):
        self.world = world
        self.next_port = LOAD + 1
        self.pair = self._concatenate()

    def _concatenate(self):
        cert, path = self.world.pki.server, os.path.join(self.world.directory, "pair.pem")
        with open(path, "w", opener=lambda p, f: os.open(p, f, 0o600)) as out:
            for part in (cert.pem, cert.key):
                with open(part) as f:
                    out.write(f.read())
        return path

    def _ports(self, count):
        self.next_port += count
        return range(self.next_port - count, self.next_port)

    def _values(self, **more):
        world = self.world
        return {"peer": world.server_address, "own": world.server_address, "load": LOAD,
                "ca": world.pki.ca.pem, "pair": self.pair, "name": NAME, "suite": SUITE,
                "group": GROUP, **more}

    def _run(self, role, name, text, command):
        path = os.path.join(self.world.path(name), "conf")
        with open(path, "w") as f:
            f.write(text)
        process = getattr(self.world, role).start(*command, path, log=path + ".log")
        self.world.stack.callback(process.kill)
        return process

    def _proxy(self, name, role, port, text, command):
        process = self._run(role, name, text, command)
        getattr(self.world, role).wait_listening(port, process)
        return process

    # One end each; they return the process

    def haproxy_client(self, port, tls, threads=1, resume=False):
        text = (HAPROXY_GLOBAL + HAPROXY_CLIENT).format(**self._values(
            port=port, tls=tls, threads=threads, reuse="" if resume else "no-ssl-reuse"))
        return self._proxy(f"haproxy-client-{port}", "client", port, text,
                           ["haproxy", "-db", "-f"])

    def haproxy_server(self, tls, threads=1, resume=False, load=LOAD):
        text = (HAPROXY_GLOBAL + HAPROXY_SERVER).format(**self._values(
            tls=tls, threads=threads, tickets="" if resume else "no-tls-tickets", load=load))
        return self._proxy(f"haproxy-server-{tls}", "server", tls, text,
                           ["haproxy", "-db", "-f"])

    def stunnel(self, port, tls, resume):
        word = f"sessionResume = {'yes' if resume else 'no'}"
        ends = []
        for role, template, accept in (("server", STUNNEL_SERVER, tls),
                                       ("client", STUNNEL_CLIENT, port)):
            text = (STUNNEL + template).format(**self._values(port=port, tls=tls, resume=word))
            ends.append(self._proxy(f"stunnel-{role}-{accept}", role, accept, text, ["stunnel"]))
        return ends

    # Whole systems

    def plain(self):
        return System("plain", self.world.server_address, LOAD)

    def haproxy(self, threads=1, resume=False):
        port, tls = self._ports(2)
        name = f"haproxy{'' if threads == 1 else f' {threads} threads'}"
        return System(name, "127.0.0.1", port, [
            self.haproxy_server(tls, threads, resume),
            self.haproxy_client(port, tls, threads, resume)])

    def stunnel_pair(self, resume=False):
        port, tls = self._ports(2)
        return System("stunnel", "127.0.0.1", port, self.stunnel(port, tls, resume))


class Gateways:
    """attls on each end of a World; which ports are protected is settled when it begins."""

    def __init__(self, world, workers, resume=False):
        strength = {"versions": "TLSv1.3", "ciphers": SUITE,
                    "session_timeout": "300s" if resume else "0s"}
        self.world, self.workers, self.strength = world, workers, strength
        self.client_ports, self.server_ports = [], []

    def protect(self, port, client=True, server=True):
        self.client_ports += [port] if client else []
        self.server_ports += [port] if server else []
        return port

    def begin(self, more_rules=""):
        world, settings = self.world, {"workers": self.workers, "log_level": "warning"}
        ends = []
        for role, ports, make in (("client", self.client_ports, rules.client),
                                  ("server", self.server_ports, rules.server)):
            if not ports:
                continue
            text = make(", ".join(map(str, ports)), **self.strength)
            gateway = world.gateway(role, text + more_rules, **settings)
            if role == "client":
                gateway.add_ca(rules.CLIENT_RING, world.pki.ca)
            else:
                gateway.add_cert(rules.SERVER_RING, world.pki.server)
            ends.append(gateway.begin())
        return [gateway.daemon for gateway in ends]
