# SPDX-License-Identifier: GPL-3.0-or-later
# test_both.py - scenario 3: cleartext client and server, a gateway at each end
import socket

import pytest

from lib import clients, servers, traffic
from lib.world import canary

PORT = 9000


@pytest.mark.sanitized
def test_curl_and_nginx_neither_of_which_speaks_tls(world):
    word = canary()
    servers.nginx(world.server, world.path("nginx"), PORT)
    with open(world.path("nginx") + "/www/page", "wb") as f:
        f.write(word)
    capture = world.capture()
    world.both(PORT)
    url = f"http://{clients.host(world.server_address)}:{PORT}"
    assert clients.curl(world.client, url + "/page").stdout == word.decode()
    peer = clients.curl(world.client, url + "/peer", "-w", "%{local_port}").stdout.split()
    assert peer == [world.client_address, peer[4], world.server_address, str(PORT), peer[4]]
    assert capture.count(word) == 0


@pytest.mark.sanitized
def test_psql_and_postgres(world):
    word = canary()
    servers.postgres(world.server, world.path("pg"), PORT)
    capture = world.capture()
    world.both(PORT)
    statement = (f"SELECT '{word.decode()}', sum(length(repeat('x', 1000))) "
                 "FROM generate_series(1, 10000)")
    got = clients.psql(world.client, world.server_address, PORT, statement)
    assert got.stdout == f"{word.decode()}|10000000\n", got.stderr
    got = clients.psql(world.client, world.server_address, PORT,
                       "SELECT repeat('x', 1000) FROM generate_series(1, 5000)")
    assert got.stdout == ("x" * 1000 + "\n") * 5000
    got = clients.psql(world.client, world.server_address, PORT,
                       "SELECT host(inet_client_addr()), host(inet_server_addr())")
    assert got.stdout.strip() == f"{world.client_address}|{world.server_address}"
    assert capture.count(word) == 0


def test_redis_cli_and_redis(world):
    word = canary()
    servers.redis(world.server, world.path("redis"), PORT)
    capture = world.capture()
    world.both(PORT)
    for command, answer in ((("SET", "k", word.decode()), "OK"), (("GET", "k"), word.decode())):
        got = clients.redis(world.client, world.server_address, PORT, *command)
        assert got.stdout == answer + "\n", got.stderr
    assert capture.count(word) == 0


def test_segments_of_the_application_leave_room_for_tls(world):
    full = 1428 if ":" in world.server_address else 1448  # of 1500 bytes, with timestamps
    world.serve(traffic.peername, PORT)
    world.both(PORT)
    s = world.connect(PORT)
    assert s.getsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG) == full - 3


def test_ends_see_each_other(world):
    world.serve(traffic.peername, PORT)
    world.both(PORT)
    s = world.connect(PORT)
    assert s.getpeername()[:2] == (world.server_address, PORT)
    own = s.getsockname()
    assert traffic.receive_all(s).decode().split() == [
        world.client_address, str(own[1]), world.server_address, str(PORT)]


@pytest.mark.parametrize("version", ["TLSv1.2", "TLSv1.3"])
def test_version_of_the_action_is_used(world4, version):
    world4.serve(traffic.echo, PORT)
    client, server = world4.both(PORT, versions=version)
    s = world4.connect(PORT)
    s.sendall(b"x")
    assert s.recv(1) == b"x"
    for gateway in (client, server):
        (flow,) = gateway.flows()
        assert version in str(flow)


def test_a_flow_is_gone_when_both_ends_closed(world4):
    world4.serve(traffic.echo, PORT)
    client, server = world4.both(PORT)
    s = world4.connect(PORT)
    s.sendall(b"x")
    assert s.recv(1) == b"x"
    assert len(client.flows()) == len(server.flows()) == 1
    s.close()
    client.wait_flows(0)
    server.wait_flows(0)
