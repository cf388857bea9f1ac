# SPDX-License-Identifier: GPL-3.0-or-later
# test_harness.py - the harness itself, without a gateway: what the other tests stand on
import socket

import pytest

from lib import clients, netns, servers, topology, traffic
from lib.netns import sh
from lib.tlspeer import tls_connect, tls_server
from lib.world import canary

PORT = 7000


def test_programs_reach_each_other(world):
    servers.nginx(world.server, world.path("nginx"), 8080)
    got = clients.curl(world.client, f"http://{clients.host(world.server_address)}:8080/peer")
    peer, _, own, port = got.stdout.split()
    assert (peer, own, port) == (world.client_address, world.server_address, "8080")


def test_tls_programs_reach_each_other(world):
    servers.nginx(world.server, world.path("nginx"), 8443, cert=world.pki.server)
    got = clients.curl_tls(world.client, world.server_address, 8443, "/peer", world.pki)
    assert got.returncode == 0 and got.stdout.split()[0] == world.client_address, got.stderr
    servers.openssl_server(world.server, world.path("o"), 8444, world.pki.server,
                           family=world.family)
    client = world.closing(clients.openssl_client(
        world.client, world.path("c"), world.server_address, 8444, world.pki))
    client.ask("abc\n", "^cba")
    servers.gnutls_server(world.server, world.path("g"), 8445, world.pki.server)
    client = world.closing(clients.gnutls_client(
        world.client, world.path("c"), world.server_address, 8445, world.pki))
    client.ask("echoed\n", "^echoed")


def test_databases_answer(world4):
    servers.redis(world4.server, world4.path("redis"), 6379)
    assert clients.redis(world4.client, world4.server_address, 6379, "PING").stdout == "PONG\n"
    servers.postgres(world4.server, world4.path("pg"), 5432)
    assert clients.psql(world4.client, world4.server_address, 5432, "SELECT 6*7").stdout == "42\n"


def test_python_peers_speak_tls(world):
    world.closing(tls_server(world.server, world.server_address, PORT, world.pki.server,
                             traffic.echo))
    with tls_connect(world.client, world.server_address, PORT, world.pki.ca) as tls:
        tls.sendall(b"over TLS")
        assert traffic.receive_exactly(tls, 8) == b"over TLS"


def test_bulk_hashes_agree(world4):
    server = world4.serve(traffic.sink, PORT)
    s = world4.connect(PORT)
    sent = traffic.send_noise(s, 8 << 20, 3)
    assert traffic.receive_all(s) == b""
    assert server.results == [(8 << 20, sent)]


def test_clear_canary_is_found_on_the_wire(world):
    word = canary()
    server = world.serve(traffic.sink, PORT)
    capture = world.capture()
    s = world.connect(PORT)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    s.sendall(b"x" * 70000 + word)
    for byte in b"." + word:
        s.sendall(bytes([byte]))
    s.shutdown(socket.SHUT_WR)
    traffic.receive_all(s)
    assert server.results[0][0] == 70001 + 2 * len(word)
    assert capture.count(word) == 2


def test_refused_and_unreachable_and_reset(world):
    with pytest.raises(ConnectionRefusedError):
        world.connect(PORT)
    address = topology.unreachable(world.chain, world.family)
    with pytest.raises(OSError) as error:
        world.client.connect(address, PORT)
    assert "No route to host" in str(error.value)
    world.serve(lambda s, _peer: traffic.reset(s), PORT)
    with pytest.raises(ConnectionResetError):
        s = world.connect(PORT)
        s.recv(1)


def test_loss_really_loses(world):
    world.chain.offloads_off()
    topology.lose(world.wire, 0.02)
    server = world.serve(traffic.sink, PORT)
    s = world.connect(PORT)
    sent = traffic.send_noise(s, 4 << 20, 5)
    traffic.receive_all(s)
    assert server.results == [(4 << 20, sent)]
    tool = "iptables" if world.family == 4 else "ip6tables"
    listing = world.wire.run(tool, "-t", "raw", "-L", "PREROUTING", "-vnx")
    assert int(listing.splitlines()[2].split()[0]) > 5


def test_nothing_is_left_behind(make_world):
    first, second = make_world(), make_world()
    first.client.start("sleep", "1000", log=first.path("x") + "/log")
    assert len(netns.existing()) == 6
    first.close()
    assert len(netns.existing()) == 3
    second.close()
    assert netns.existing() == []
    assert "left0" not in sh("ip", "-o", "link")
