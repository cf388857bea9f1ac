# SPDX-License-Identifier: GPL-3.0-or-later
# test_router.py - scenario 4: the gateway in a namespace between a plain network and the wire
import pytest

from lib import clients, servers, traffic
from lib.tlspeer import expect_reset, tls_connect, tls_server
from lib.topology import LEFT, RIGHT, unreachable
from lib.world import canary

PORT = 8600
CLIENT_SIDE = {"roles": ("client", "gw", "wire", "server")}
SERVER_SIDE = {"roles": ("client", "wire", "gw", "server")}
OUTWARDS = {"mode": "router", "inside": LEFT, "outside": RIGHT}
INWARDS = {"mode": "router", "inside": RIGHT, "outside": LEFT}


def client_router(world):
    return world.client_gateway(PORT, role="gw", settings=OUTWARDS)


def server_router(world):
    return world.server_gateway(PORT, role="gw", settings=INWARDS)


@pytest.mark.sanitized
def test_clients_behind_the_router_reach_tls_nginx(make_world, family):
    world = make_world(family, **CLIENT_SIDE)
    word = canary()
    servers.nginx(world.server, world.path("nginx"), PORT, cert=world.pki.server)
    with open(world.path("nginx") + "/www/page", "wb") as f:
        f.write(word)
    wire, plain = world.capture(), world.capture("gw", name="plain")
    client_router(world)
    url = f"http://{clients.host(world.server_address)}:{PORT}"
    got = clients.curl(world.client, url + "/page")
    assert got.stdout == word.decode(), got.stderr
    assert clients.curl(world.client, url + "/peer").stdout.split()[0] == world.client_address
    assert (wire.count(word), plain.count(word)) == (0, 1)


@pytest.mark.sanitized
def test_tls_clients_reach_plain_nginx_behind_the_router(make_world, family):
    world = make_world(family, **SERVER_SIDE)
    word = canary()
    servers.nginx(world.server, world.path("nginx"), PORT)
    with open(world.path("nginx") + "/www/page", "wb") as f:
        f.write(word)
    wire, plain = world.capture(), world.capture("gw", RIGHT, name="plain")
    server_router(world)
    got = clients.curl_tls(world.client, world.server_address, PORT, "/page", world.pki)
    assert got.stdout == word.decode(), got.stderr
    got = clients.curl_tls(world.client, world.server_address, PORT, "/peer", world.pki)
    assert got.stdout.split()[0] == world.client_address
    assert (wire.count(word), plain.count(word)) == (0, 1)


def test_two_routers_face_each_other(make_world, family):
    world = make_world(family, roles=("client", "gw", "wire", "far", "server"))
    server = world.serve(traffic.sink, PORT)
    client_router(world)
    world.server_gateway(PORT, role="far", settings=INWARDS)
    s = world.connect(PORT)
    sent = traffic.send_noise(s, 16 << 20, 4)
    assert traffic.receive_all(s) == b""
    assert server.results == [(16 << 20, sent)]
    assert server.peers[0][0] == world.client_address


def test_names_are_true_behind_the_router(make_world, family):
    world = make_world(family, **CLIENT_SIDE)
    world.closing(tls_server(world.server, world.server_address, PORT, world.pki.server,
                             lambda s, peer: s.sendall(f"{peer[0]} {peer[1]}".encode())))
    client_router(world)
    s = world.connect(PORT)
    own = s.getsockname()
    assert traffic.receive_all(s) == f"{own[0]} {own[1]}".encode()
    assert s.getpeername()[:2] == (world.server_address, PORT)


def test_refused_and_unreachable_behind_the_router(make_world, family):
    world = make_world(family, **CLIENT_SIDE)
    client_router(world)
    with pytest.raises(ConnectionRefusedError):
        world.connect(PORT)
    with pytest.raises(OSError, match="No route to host"):
        world.client.connect(unreachable(world.chain, family), PORT)


def test_reset_and_half_close_behind_the_router(make_world, family):
    world = make_world(family, **SERVER_SIDE)

    def reset_when_told(s, _peer):
        if traffic.receive_exactly(s, 1) == b"r":
            traffic.reset(s)
        else:
            s.sendall(b"bye")
    world.serve(reset_when_told, PORT)
    server_router(world)
    with tls_connect(world.client, world.server_address, PORT, world.pki.ca) as tls:
        tls.sendall(b"f")
        assert traffic.receive_all(tls) == b"bye"
    with tls_connect(world.client, world.server_address, PORT, world.pki.ca) as tls:
        tls.sendall(b"r")
        expect_reset(tls)


def test_router_daemon_absent_blocks(make_world, family):
    world = make_world(family, **CLIENT_SIDE)
    world.serve(traffic.sink, PORT)
    capture = world.capture()
    world.client_gateway(PORT, role="gw", settings=OUTWARDS, begin=False).up()
    with pytest.raises(TimeoutError):
        world.connect(PORT, timeout=2)
    assert capture.packets() == []


def test_router_killed_in_mid_transfer_leaks_nothing(make_world, family):
    world = make_world(family, **CLIENT_SIDE)
    word, meter = canary(), traffic.Meter()
    world.closing(tls_server(world.server, world.server_address, PORT, world.pki.server, meter))
    capture = world.capture()
    gateway = client_router(world)
    flood = traffic.Flood(world.connect(PORT), word)
    meter.wait_count(4 << 20)
    gateway.kill9()
    gateway.start()
    assert isinstance(flood.wait_error(), ConnectionError)
    assert capture.count(word) == 0


def send_fragments(world, word):
    """A TCP packet to the protected port in IP fragments; a ping after it, to know it is over."""
    world.client.run("/usr/bin/python3", "-c", FRAGMENTS, world.client_address,
                     world.server_address, str(PORT), word.decode())
    world.client.run("ping", "-c", "1", "-W", "5", world.server_address)


def test_fragments_of_the_plain_side_do_not_pass(make_world):
    """Nothing need defragment before raw: fragments must not be routed around the queue."""
    world = make_world(4, **CLIENT_SIDE)
    before, after = canary(), canary()
    capture = world.capture()
    send_fragments(world, before)
    client_router(world)
    send_fragments(world, after)
    capture.stop()
    assert capture.count(before) > 1
    assert capture.count(after) == 0


FRAGMENTS = """
import socket, struct, sys
source, target, port, word = sys.argv[1:]
tcp = struct.pack(">HHIIBBHHH", 40000, int(port), 1, 1, 0x50, 0x18, 65535, 0, 0)
data = tcp + word.encode() * 40
s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
for at in range(0, len(data), 512):
    more = 0x2000 if at + 512 < len(data) else 0
    piece = data[at:at + 512]
    s.sendto(struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(piece), 77, more | at // 8, 64, 6, 0,
                         socket.inet_aton(source), socket.inet_aton(target)) + piece, (target, 0))
"""


# Owners

@pytest.mark.parametrize("condition", [{"userid": "root"}, {"jobname": "python3*"}])
@pytest.mark.parametrize("on_unknown", [None, "match", "no-match"])
def test_owner_is_unknown_behind_the_router(make_world, condition, on_unknown):
    """Whose connections are forwarded nobody can tell: by default they are refused."""
    world = make_world(4, **CLIENT_SIDE)
    word = canary()
    world.closing(tls_server(world.server, world.server_address, PORT, world.pki.server,
                             traffic.echo))
    if on_unknown:
        condition = {**condition, "on_unknown": on_unknown}
    gateway = world.client_gateway(PORT, role="gw", settings=OUTWARDS, conditions=condition)
    capture = world.capture()
    try:
        s = world.connect(PORT, timeout=10)
        s.sendall(word)
        answer = s.recv(100)
    except ConnectionError:
        answer = b""
    clear = capture.count(word) > 0
    assert (answer == word, clear) == (on_unknown == "match", on_unknown == "no-match")
    assert on_unknown or "owner, which is not known" in gateway.log()
