# SPDX-License-Identifier: GPL-3.0-or-later
# test_tls_failures.py - where TLS cannot be done: a reset on the plain side, one line that says why
import re
import socket
import ssl

import pytest

from lib import traffic
from lib.tlspeer import client_context, server_context, tls_server
from lib.traffic import Server
from lib.wait import wait_for
from lib.world import canary

PORT = 9300
NOT_TLS = "does not speak TLS"


def reasons(gateway, pattern):
    return [line for line in gateway.log().splitlines() if re.search(pattern, line, re.I)]


def one_reason(gateway, pattern):
    """The one log line with the reason."""
    wait_for(lambda: reasons(gateway, pattern), f"/{pattern}/ in\n{gateway.log()}")
    lines = reasons(gateway, pattern)
    assert len(lines) == 1, lines
    return lines[0]


def expect_reset(world, gateway, pattern, word=b"x"):
    """The client gets a reset (maybe already in connect()), the log one line with the reason."""
    with pytest.raises(ConnectionResetError):
        s = world.connect(PORT)
        s.sendall(word)
        assert s.recv(1) != b"", "a clean end"
    return one_reason(gateway, pattern)


@pytest.mark.parametrize("cert, pattern", [
    ("untrusted", r"unable to get local issuer|self.signed|not trusted|issuer"),
    ("wrong_host", r"elsewhere\.test"),
    ("expired", r"expired"),
])
@pytest.mark.sanitized
def test_bad_server_certificate(world, cert, pattern):
    word = canary()
    server = world.closing(tls_server(world.server, world.server_address, PORT,
                                      getattr(world.pki, cert), traffic.sink))
    capture = world.capture()
    gateway = world.client_gateway(PORT)
    line = expect_reset(world, gateway, pattern, word)
    assert str(PORT) in line
    assert server.results == []
    assert capture.count(word) == 0


def test_wrong_host_names_what_was_expected_and_what_came(world4):
    world4.closing(tls_server(world4.server, world4.server_address, PORT, world4.pki.wrong_host,
                              traffic.sink))
    gateway = world4.client_gateway(PORT)
    line = expect_reset(world4, gateway, r"elsewhere\.test")
    assert "server.test" in line


@pytest.mark.sanitized
def test_plain_http_server_where_tls_is_expected(world):
    """It answers the ClientHello with text; the application must not see a byte of it."""
    word = canary()

    def plain(s, _peer):
        s.recv(4096)
        s.sendall(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
    world.serve(plain, PORT)
    capture = world.capture()
    gateway = world.client_gateway(PORT)
    expect_reset(world, gateway, NOT_TLS, word)
    assert capture.count(word) == 0


def test_server_that_speaks_first_in_clear(world4):
    world4.serve(lambda s, _peer: (s.sendall(b"220 mail ready\r\n"), s.recv(9000)), PORT)
    gateway = world4.client_gateway(PORT)
    with pytest.raises(ConnectionResetError):
        world4.connect(PORT).recv(100)
    one_reason(gateway, NOT_TLS)


@pytest.mark.sanitized
@pytest.mark.parametrize("where", ["client", "server"])
def test_fin_without_close_notify_is_a_reset(world, where):
    """Truncation: what arrived may be delivered, but the end is not a clean one."""
    def truncate(tls):
        tls.sendall(b"half a sent")
        raw = socket.socket(fileno=tls.detach())
        raw.shutdown(socket.SHUT_WR)
        return raw
    if where == "server":
        def handle(s, _peer):
            tls = server_context(world.pki.server).wrap_socket(s, server_side=True)
            world.closing(truncate(tls))
        world.closing(Server(world.server, world.server_address, PORT, handle))
        gateway = world.client_gateway(PORT)
        with pytest.raises(ConnectionResetError):
            traffic.receive_all(world.connect(PORT))
    else:
        server = world.serve(traffic.sink, PORT)
        gateway = world.server_gateway(PORT)
        s = world.client.connect(world.server_address, PORT)
        tls = client_context(world.pki.ca).wrap_socket(s, server_hostname="server.test")
        world.closing(truncate(tls))
        wait_for(lambda: server.errors, "reset at the server")
        assert isinstance(server.errors[0], ConnectionResetError)
        assert server.results == []
    one_reason(gateway, r"close_notify|truncat")


def test_fin_instead_of_a_handshake(world4):
    world4.serve(lambda s, _peer: s.recv(65536), PORT)
    gateway = world4.client_gateway(PORT)
    expect_reset(world4, gateway, r"handshake|close_notify|truncat|before")


def test_silent_server_runs_into_the_handshake_timeout(world4):
    world4.serve(traffic.hold, PORT)
    gateway = world4.client_gateway(PORT, handshake_timeout="1s")
    expect_reset(world4, gateway, r"handshake.*time|timeout|timed out")


def test_silent_client_runs_into_the_handshake_timeout(world4):
    server = world4.serve(traffic.sink, PORT)
    gateway = world4.server_gateway(PORT, handshake_timeout="1s")
    s = world4.connect(PORT)
    with pytest.raises(ConnectionResetError):
        s.recv(1)
    wait_for(lambda: server.errors, "reset at the server")
    one_reason(gateway, r"handshake.*time|timeout|timed out")


def test_no_common_version(world4):
    world4.closing(tls_server(world4.server, world4.server_address, PORT, world4.pki.server,
                              traffic.sink, version=ssl.TLSVersion.TLSv1_2))
    gateway = world4.client_gateway(PORT, versions="TLSv1.3")
    expect_reset(world4, gateway, r"version")


def test_server_that_wants_a_client_certificate_we_do_not_have(world4):
    world4.closing(tls_server(world4.server, world4.server_address, PORT, world4.pki.server,
                              traffic.echo, ca=world4.pki.ca))
    gateway = world4.client_gateway(PORT)
    expect_reset(world4, gateway, r"certificate.*required|alert|handshake")


def test_plain_http_client_where_tls_is_expected(world):
    """The server behind the gateway sees a reset, and not a byte of the request."""
    server = world.serve(traffic.sink, PORT)
    gateway = world.server_gateway(PORT)
    s = world.connect(PORT)
    s.sendall(b"GET / HTTP/1.0\r\n\r\n")
    with pytest.raises(ConnectionResetError):
        while s.recv(100):
            pass
    wait_for(lambda: server.errors or server.results, "end at the server")
    assert server.results == [] and isinstance(server.errors[0], ConnectionResetError)
    one_reason(gateway, NOT_TLS)


def test_client_that_does_not_trust_us(world4):
    server = world4.serve(traffic.sink, PORT)
    gateway = world4.server_gateway(PORT, cert=world4.pki.untrusted)
    s = world4.client.connect(world4.server_address, PORT)
    with pytest.raises(ssl.SSLCertVerificationError):
        client_context(world4.pki.ca).wrap_socket(s, server_hostname="server.test")
    wait_for(lambda: server.errors or server.results, "end at the server")
    assert server.results == []
    one_reason(gateway, r"unknown ca|alert")


def test_damaged_record_is_a_reset(world4):
    """One byte of ciphertext changed by somebody on the way: nothing of it is delivered."""
    def damage(s, _peer):
        tls = server_context(world4.pki.server).wrap_socket(s, server_side=True)
        tls.sendall(b"good")
        raw = socket.socket(fileno=tls.detach())
        raw.sendall(b"\x17\x03\x03\x00\x20" + bytes(32))
        world4.closing(raw)
    world4.closing(Server(world4.server, world4.server_address, PORT, damage))
    gateway = world4.client_gateway(PORT)
    with pytest.raises(ConnectionResetError):
        assert set(traffic.receive_all(world4.connect(PORT))) <= set(b"good")
    one_reason(gateway, r"integrity check")


def test_missing_ring_is_said_at_the_start(world4):
    """The daemon does not start, and the rules in the kernel protect all the same."""
    word = canary()
    world4.serve(traffic.sink, PORT)
    capture = world4.capture()
    gateway = world4.client_gateway(PORT, ring="root/nosuchring", begin=False)
    gateway.up()
    done = gateway.result("attlsd")
    assert done.returncode == 1 and "root/nosuchring" in done.stdout + done.stderr
    with pytest.raises(TimeoutError):
        world4.connect(PORT, timeout=2).sendall(word)
    assert capture.count(word) == 0
