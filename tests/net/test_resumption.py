# SPDX-License-Identifier: GPL-3.0-or-later
# test_resumption.py - short handshakes, between gateways and with other peers
import pytest

from lib import traffic
from lib.world import canary

PORT = 9000


def exchange(world, word):
    """One connection that has carried a byte each way; stays open."""
    s = world.connect(PORT)
    s.sendall(word)
    assert traffic.receive_exactly(s, len(word)) == word
    return s


def resumed(gateway):
    return [f["resumed"] for f in gateway.flows()]


@pytest.mark.sanitized
@pytest.mark.parametrize("versions", ["TLSv1.2", "TLSv1.3"])
def test_second_connection_resumes(world, versions):
    world.serve(traffic.echo, PORT)
    word, capture = canary(), world.capture()
    client = world.client_gateway(PORT, versions=versions, settings={"workers": 1})
    server = world.server_gateway(PORT)
    first = exchange(world, word)
    assert resumed(client) == resumed(server) == [False]
    first.close()
    client.wait_flows(0)
    server.wait_flows(0)
    second = exchange(world, word)
    assert resumed(client) == resumed(server) == [True]
    assert client.flows()[0]["peer_subject"] == server_subject(client)
    second.close()
    assert capture.count(word) == 0


def server_subject(client):
    """What the certificate of the tests' server says, from the flow that proved it."""
    subject = client.flows()[0]["peer_subject"]
    assert "server.test" in subject
    return subject


def test_session_timeout_zero_never_resumes(world):
    world.serve(traffic.echo, PORT)
    client = world.client_gateway(PORT, session_timeout="0s")
    server = world.server_gateway(PORT)
    for _ in range(2):
        s = exchange(world, b"x")
        assert resumed(client) == resumed(server) == [False]
        s.close()
        client.wait_flows(0)
        server.wait_flows(0)


def test_reload_of_the_keyring_ends_resumption(world):
    """What the client trusts may have changed, so it looks at the server again."""
    world.serve(traffic.echo, PORT)
    client = world.client_gateway(PORT, settings={"workers": 1})
    world.server_gateway(PORT)
    for expected in (False, True):
        s = exchange(world, b"x")
        assert resumed(client) == [expected]
        s.close()
        client.wait_flows(0)
    client.keyring("add", "--certauth", "--label", "more", "--cert", world.pki.other_ca.pem,
                   "--trust")
    client.ctl("reload")
    exchange(world, b"x")
    assert resumed(client) == [False]
