# SPDX-License-Identifier: GPL-3.0-or-later
# world.py - what one test works in: a chain of namespaces, gateways, servers, captures
import contextlib
import os
import secrets

from . import rules
from .capture import Capture
from .container import sidecar
from .gateway import Gateway
from .topology import LEFT, RIGHT, Chain
from .traffic import Server


class World:
    """
    The namespaces and everything started in them; close() ends it all, in any state.

    The first node is .client, the last .server; .wire is where captures and losses happen.
    """

    def __init__(self, directory, pki, family, roles=("client", "wire", "server"),
                 unprivileged=()):
        self.directory, self.pki, self.family = str(directory), pki, family
        os.makedirs(self.directory)
        self.stack = contextlib.ExitStack()
        self.gateways = []
        self.chain = Chain(*roles, unprivileged=unprivileged)
        self.stack.callback(self.chain.delete)
        for role, node in zip(roles, self.chain.nodes):
            setattr(self, role, node)
        self.client_address = self.chain.address(self.chain.nodes[0], family)
        self.server_address = self.chain.address(self.chain.nodes[-1], family)

    def path(self, name):
        """A new directory for something of this test."""
        path = os.path.join(self.directory, name)
        os.makedirs(path, exist_ok=True)
        return path

    # Gateways

    def gateway(self, role, rule_text, container=False, **settings):
        """A Gateway in node @role, with its files but nothing started."""
        ns = getattr(self, role)
        directory = self.path(f"gateway-{role}")
        wrapper = sidecar(ns, directory) if container else None
        gateway = Gateway(ns, directory, rule_text, wrapper=wrapper, **settings)
        self.gateways.append(gateway)
        return gateway

    def client_gateway(self, port, role="client", cert=None, container=False, settings=None,
                       begin=True, **keys):
        """A running gateway that makes TLS clients of what @role sends to @port."""
        gateway = self.gateway(role, rules.client(port, **keys), container, **(settings or {}))
        gateway.add_ca(rules.CLIENT_RING, self.pki.ca)
        if cert:
            gateway.add_cert(rules.CLIENT_RING, cert, "cli", new_ring=False)
        return gateway.begin() if begin else gateway

    def server_gateway(self, port, role="server", cert=None, container=False, settings=None,
                       begin=True, **keys):
        """A running gateway that serves TLS for what listens on @port in @role."""
        gateway = self.gateway(role, rules.server(port, **keys), container, **(settings or {}))
        gateway.add_cert(rules.SERVER_RING, cert or self.pki.server)
        return gateway.begin() if begin else gateway

    def both(self, port, names=("c", "s"), **keys):
        """Scenario 3: a gateway at each end, rules called @names. Returns (client's, server's)."""
        return (self.client_gateway(port, name=names[0], **keys),
                self.server_gateway(port, name=names[1]))

    # Peers

    def serve(self, handler, port, role="server"):
        """A plain TCP server at the server's address."""
        server = Server(getattr(self, role), self.server_address, port, handler)
        return self.closing(server)

    def connect(self, port, timeout=30.0):
        """A connection of the plain client to the server."""
        s = self.client.connect(self.server_address, port, timeout)
        self.stack.callback(s.close)
        return s

    def closing(self, thing):
        self.stack.callback(thing.close)
        return thing

    # The wire

    def capture(self, role="wire", interface=None, name="wire"):
        """What passes the wire from now on (the link towards the client, by default)."""
        return Capture(getattr(self, role), interface or LEFT,
                       os.path.join(self.directory, f"{name}.pcap"))

    def close(self, failed=False):
        """End everything. Faults that the test itself did not see are raised, unless @failed."""
        with self.stack:
            for gateway in [] if failed else self.gateways:
                gateway.finish()


def canary():
    """A string that nobody else can have sent."""
    return ("CANARY-" + secrets.token_hex(16)).encode()


__all__ = ["World", "canary", "LEFT", "RIGHT"]
