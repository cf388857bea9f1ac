# SPDX-License-Identifier: GPL-3.0-or-later
# tlspeer.py - TLS endpoints of our own, for what real programs will not do on demand
import socket
import ssl

from .traffic import Server


def server_context(cert, ca=None, version=None):
    """A context that presents @cert and, with @ca, demands a client certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert.pem, cert.key)
    if ca:
        context.load_verify_locations(ca.pem)
        context.verify_mode = ssl.CERT_REQUIRED
    if version:
        context.minimum_version = context.maximum_version = version
    return context


def client_context(ca, version=None):
    context = ssl.create_default_context(cafile=ca.pem)
    if version:
        context.minimum_version = context.maximum_version = version
    return context


def tls_server(ns, address, port, cert, handler, **options):
    """A Server whose @handler gets the TLS socket; it ends with close_notify if that did not."""
    context = server_context(cert, **options)

    def handle(s, peer):
        with context.wrap_socket(s, server_side=True, suppress_ragged_eofs=False) as tls:
            result = handler(tls, peer)
            if tls.version():
                tls.unwrap()
            return result
    return Server(ns, address, port, handle)


def tls_connect(ns, address, port, ca, **options):
    """A verified TLS connection to server.test at @address."""
    s = ns.connect(address, port)
    return client_context(ca, **options).wrap_socket(
        s, server_hostname="server.test", suppress_ragged_eofs=False)


def expect_reset(tls):
    """
    Read until the connection is reset.

    Python 3.11 calls a reset under TLS an EOF; a socket that was reset can be told from one that
    got a FIN by writing to it.
    """
    try:
        while tls.recv(65536):
            pass
    except (ConnectionResetError, ssl.SSLEOFError):
        raw = socket.socket(fileno=tls.detach())
        try:
            raw.send(b"x")
        except BrokenPipeError:
            return
        finally:
            raw.close()
    raise AssertionError("the connection ended without a reset")
