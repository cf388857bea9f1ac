# SPDX-License-Identifier: GPL-3.0-or-later
# test_tcp_behaviour.py - one TCP connection end to end: what an application may expect of it
import errno
import random
import signal
import socket
import threading

import pytest

from lib import topology, traffic
from lib.gateway import SANITIZED
from lib.tlspeer import tls_connect, tls_server
from lib.traffic import Task
from lib.wait import wait_for

PORT = 9100
MEGABYTE = 1 << 20
BULK = (16 if SANITIZED else 256) * MEGABYTE
LOSSY_BULK = (4 if SANITIZED else 256) * MEGABYTE


@pytest.fixture(params=["lossless", "1% loss"])
def lossy(request):
    return request.param != "lossless"


def impair(world, lossy):
    """1 % of the packets of each direction, as real segments."""
    if lossy:
        world.chain.offloads_off()
        topology.lose(world.wire, 0.01)


# Opening

def test_refused_port_is_refused(world):
    world.both(PORT)
    with pytest.raises(ConnectionRefusedError):
        world.connect(PORT)


def test_unreachable_host_is_unreachable(world):
    world.both(PORT)
    with pytest.raises(OSError, match="No route to host"):
        world.client.connect(topology.unreachable(world.chain, world.family), PORT)


def test_server_speaks_first(world):
    world.serve(lambda s, _peer: (s.sendall(b"220 ready\r\n"), s.recv(1)), PORT)
    world.both(PORT)
    assert world.connect(PORT).recv(100) == b"220 ready\r\n"


def test_nobody_speaks_and_the_client_closes(world4):
    server = world4.serve(traffic.sink, PORT)
    client, _ = world4.both(PORT)
    world4.connect(PORT).close()
    wait_for(lambda: server.results == [(0, traffic.hash_of(0, 1))], "clean end at the server")
    client.wait_flows(0)


def test_nobody_speaks_and_the_server_closes(world4):
    world4.serve(lambda _s, _peer: None, PORT)
    client, _ = world4.both(PORT)
    s = world4.connect(PORT)
    assert s.recv(1) == b""
    s.close()
    client.wait_flows(0)


# Closing

VERSIONS = pytest.mark.parametrize("version", ["TLSv1.2", "TLSv1.3"])


@VERSIONS
def test_half_close_by_the_client(world, version):
    """The answer comes after the end of the question."""
    def answer(s, _peer):
        count, digest = traffic.receive_hash(s)
        s.sendall(f"{count} {digest}".encode())
        return count
    world.serve(answer, PORT)
    world.both(PORT, versions=version)
    s = world.connect(PORT)
    sent = traffic.send_noise(s, 3 * MEGABYTE, 1)
    assert traffic.receive_all(s).decode() == f"{3 * MEGABYTE} {sent}"


@VERSIONS
def test_half_close_by_the_server(world, version):
    def tell_then_listen(s, _peer):
        sent = traffic.send_noise(s, 3 * MEGABYTE, 2)
        return sent, traffic.receive_hash(s)
    server = world.serve(tell_then_listen, PORT)
    world.both(PORT, versions=version)
    s = world.connect(PORT)
    got = traffic.receive_hash(s)
    back = traffic.send_noise(s, 3 * MEGABYTE, 3)
    wait_for(lambda: server.results, "end of the server")
    assert server.results == [(got[1], (3 * MEGABYTE, back))]
    assert got[0] == 3 * MEGABYTE


def test_reset_by_the_server_is_a_reset(world):
    world.serve(lambda s, _peer: (s.recv(1), traffic.reset(s)), PORT)
    world.both(PORT)
    s = world.connect(PORT)
    s.sendall(b"x")
    with pytest.raises(ConnectionResetError):
        s.recv(1)


def test_reset_by_the_client_is_a_reset(world):
    server = world.serve(lambda s, _peer: (s.sendall(b"x"), s.recv(1), s.recv(1)), PORT)
    world.both(PORT)
    s = world.connect(PORT)
    assert s.recv(1) == b"x"
    s.sendall(b"y")
    traffic.reset(s)
    wait_for(lambda: server.errors, "reset at the server")
    assert isinstance(server.errors[0], ConnectionResetError)


def test_close_with_unread_data_is_a_reset(world4):
    """Linux resets when an application closes with data unread; the peer must learn of it."""
    def close_unread(s, _peer):
        wait_for(lambda: len(s.recv(65536, socket.MSG_PEEK)) >= 1000, "data")
        s.close()
    world4.serve(close_unread, PORT)
    world4.both(PORT)
    s = world4.connect(PORT)
    s.sendall(b"x" * 1000)
    with pytest.raises(ConnectionResetError):
        s.recv(1)


@pytest.mark.parametrize("victim", ["client", "server"])
def test_application_killed_in_mid_transfer(world4, victim):
    """The other end of the connection gets an error or an end, and the flow is gone."""
    meter = traffic.Meter()
    client, server = world4.both(PORT)
    script = SENDER if victim == "client" else SINK
    if victim == "client":
        world4.serve(meter, PORT)
    role = getattr(world4, victim)
    process = role.start("/usr/bin/python3", "-c", script, world4.server_address, str(PORT),
                         log=world4.path("app") + "/log")
    if victim == "client":
        meter.wait_count(4 * MEGABYTE)
        process.kill()
        wait_for(lambda: meter.ended, "end at the server")
    else:
        world4.server.wait_listening(PORT, process)
        flood = traffic.Flood(world4.connect(PORT), b"")
        flood.wait_sent(16 * MEGABYTE)
        process.kill()
        assert isinstance(flood.wait_error(), ConnectionError)
    client.wait_flows(0)
    server.wait_flows(0)


SENDER = """
import socket, sys
s = socket.create_connection((sys.argv[1], int(sys.argv[2])))
while True:
    s.sendall(bytes(1 << 20))
"""
SINK = """
import socket, sys
l = socket.create_server((sys.argv[1], int(sys.argv[2])))
s, _ = l.accept()
while s.recv(1 << 20):
    pass
"""


def test_stopped_application_resumes(world4):
    """SIGSTOP closes the window; SIGCONT opens it again and nothing is lost."""
    world4.both(PORT)
    process = world4.server.start("/usr/bin/python3", "-c", SINK, world4.server_address,
                                  str(PORT), log=world4.path("app") + "/log")
    world4.server.wait_listening(PORT, process)
    flood = traffic.Flood(world4.connect(PORT), b"")
    flood.wait_sent(4 * MEGABYTE)
    process.signal(signal.SIGSTOP)
    stalled = Stall(flood)
    wait_for(stalled, "stalled sender", 30)
    process.signal(signal.SIGCONT)
    flood.wait_sent(16 * MEGABYTE)
    flood.stop()


class Stall:
    """True once .sent did not change over 25 calls."""

    def __init__(self, flood):
        self.flood, self.last, self.same = flood, -1, 0

    def __call__(self):
        self.same = self.same + 1 if self.flood.sent == self.last else 0
        self.last = self.flood.sent
        return self.same >= 25


# Carrying

@pytest.mark.sanitized
@pytest.mark.limit(400)
def test_bulk_each_way_at_once(world, lossy):
    """256 MB each way through two gateways: equal hashes."""
    size = LOSSY_BULK if lossy else BULK
    impair(world, lossy)

    def exchange(s, seed):
        sender = Task(traffic.send_noise, s, size, seed)
        received = traffic.receive_hash(s)
        return sender.join(300), received
    server = world.serve(lambda s, _peer: exchange(s, 21), PORT)
    world.both(PORT)
    s = world.connect(PORT, timeout=120)
    sent, received = exchange(s, 22)
    wait_for(lambda: server.results or server.errors, "end of the server", 60)
    assert server.results == [(received[1], (size, sent))]
    assert received[0] == size


@pytest.mark.sanitized
@pytest.mark.limit(240)
def test_a_hundred_connections_at_once(world, lossy):
    impair(world, lossy)
    world.serve(traffic.request_response, PORT)
    world.both(PORT)
    chance = random.Random(5)
    plan = [[(chance.randrange(1, 40000), chance.randrange(1, 40000)) for _ in range(5)]
            for _ in range(100)]

    def client(number):
        s = world.client.connect(world.server_address, PORT, 120)
        with s:
            return all(traffic.ask(s, size, answer, number) for size, answer in plan[number])
    tasks = [Task(client, i) for i in range(100)]
    assert [t.join(200) for t in tasks] == [True] * 100


@pytest.mark.sanitized
@pytest.mark.limit(200)
def test_mixed_requests_and_responses(world, lossy):
    """64 KB to 1 MB each way, one after the other on a few connections."""
    impair(world, lossy)
    world.serve(traffic.request_response, PORT)
    world.both(PORT)
    chance = random.Random(6)

    def client(number):
        s = world.client.connect(world.server_address, PORT, 120)
        with s:
            return [traffic.ask(s, chance.randrange(65536, MEGABYTE),
                                chance.randrange(65536, MEGABYTE), number) for _ in range(10)]
    assert [t.join(180) for t in [Task(client, i) for i in range(4)]] == [[True] * 10] * 4


@pytest.mark.sanitized
def test_slow_reader_keeps_memory_bounded(world4):
    """The reader stops: the sender stalls, the daemons stay small; then all arrives."""
    size, go = 64 * MEGABYTE, threading.Event()

    def slow(s, _peer):
        assert go.wait(80)
        return traffic.receive_hash(s)
    server = world4.serve(slow, PORT)
    gateways = world4.both(PORT)
    s = world4.connect(PORT, timeout=90)
    wait_for(lambda: gateways[1].flows(), "flow")
    before = [g.daemon.memory() for g in gateways]
    task = Task(traffic.send_noise, s, size, 31)
    wait_for(Quiet(gateways[0]), "stalled transfer", 40)
    grown = [g.daemon.memory() - b for g, b in zip(gateways, before)]
    assert max(grown) < 40 * MEGABYTE * (4 if SANITIZED else 1)
    assert not task.done()
    go.set()
    sent = task.join()
    assert traffic.receive_all(s) == b""
    assert server.results == [(size, sent)]


class Quiet:
    """True once the bytes of the only flow did not change over ten calls."""

    def __init__(self, gateway):
        self.gateway, self.last, self.same = gateway, None, 0

    def __call__(self):
        now = [f["bytes_out"] for f in self.gateway.flows()]
        self.same = self.same + 1 if now == self.last else 0
        self.last = now
        return self.same >= 10


def test_flows_are_spread_over_the_workers(world4):
    """Both directions of a flow meet in one worker; many flows use all of them."""
    world4.serve(traffic.echo, PORT)
    gateways = world4.both(PORT)
    sockets = [world4.connect(PORT) for _ in range(32)]
    for s in sockets:
        s.sendall(b"x")
        assert s.recv(1) == b"x"
    for gateway in gateways:
        used = [f["worker"] for f in gateway.flows()]
        assert len(used) == 32 and min(used.count(0), used.count(1)) >= 4, used


def test_one_byte_writes(world4):
    def collect(s, _peer):
        return traffic.receive_all(s)
    server = world4.serve(collect, PORT)
    world4.both(PORT)
    s = world4.connect(PORT)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    data = traffic.noise(20000, 41)
    for i in range(len(data)):
        s.sendall(data[i:i + 1])
    s.shutdown(socket.SHUT_WR)
    assert traffic.receive_all(s) == b""
    assert server.results == [data]


def connect_on_a_used_port(world):
    """The kernel gives a port in TIME-WAIT away again after a second (tcp_tw_reuse)."""
    def attempt():
        try:
            return world.client.connect(world.server_address, PORT)
        except OSError as e:
            if e.errno != errno.EADDRNOTAVAIL:
                raise
            return None
    return wait_for(attempt, "port that can be used again")


def test_many_connections_one_after_the_other(world4):
    """Ports are used again, flows end, nothing piles up."""
    world4.serve(traffic.request_response, PORT)
    client, server = world4.both(PORT)
    world4.client.sysctl("net.ipv4.ip_local_port_range", "40000 40063")
    world4.client.sysctl("net.ipv4.tcp_tw_reuse", 1)
    for i in range(200):
        with connect_on_a_used_port(world4) as s:
            assert traffic.ask(s, 100, 100, i)
            traffic.reset(s) if i % 2 else None
    client.wait_flows(0, 30)
    server.wait_flows(0, 30)


@pytest.mark.parametrize("mtu", [1280, 9000])
def test_other_mtu(world4, mtu):
    for node, interface in ((world4.client, "right0"), (world4.wire, "left0"),
                            (world4.wire, "right0"), (world4.server, "left0")):
        node.run("ip", "link", "set", interface, "mtu", mtu)
    bulk(world4)


def test_path_with_a_smaller_mtu(world4):
    """The ends agree on 1460; the router in the middle has 1300 and says so with ICMP."""
    world4.wire.run("ip", "link", "set", "right0", "mtu", "1300")
    world4.server.run("ip", "link", "set", "left0", "mtu", "1300")
    bulk(world4)


def bulk(world, size=8 * MEGABYTE):
    server = world.serve(traffic.sink, PORT)
    world.both(PORT)
    s = world.connect(PORT)
    sent = traffic.send_noise(s, size, 50)
    assert traffic.receive_all(s) == b""
    assert server.results == [(size, sent)]


@pytest.mark.parametrize("option", ["net.ipv4.tcp_timestamps", "net.ipv4.tcp_sack",
                                    "net.ipv4.tcp_window_scaling"])
def test_peer_without_a_tcp_option(world4, option):
    world4.server.sysctl(option, 0)
    bulk(world4)


def test_options_that_do_not_pass_do_no_harm(world4):
    for node in (world4.client, world4.server):
        node.sysctl("net.ipv4.tcp_fastopen", 3)
    bulk(world4)


def test_urgent_data_does_not_break_the_stream(world4):
    server = world4.serve(lambda s, _peer: traffic.receive_all(s), PORT)
    world4.both(PORT)
    s = world4.connect(PORT)
    s.sendall(b"before")
    s.send(b"!", socket.MSG_OOB)
    s.sendall(b"after")
    s.shutdown(socket.SHUT_WR)
    traffic.receive_all(s)
    assert server.results[0] in (b"beforeafter", b"before!after")


# One gateway only: TLS closing rules

def test_close_notify_precedes_the_end(world):
    """A peer that insists on close_notify gets it."""
    world.closing(tls_server(world.server, world.server_address, PORT, world.pki.server,
                             lambda s, _peer: s.sendall(traffic.receive_all(s))))
    world.client_gateway(PORT)
    s = world.connect(PORT)
    s.sendall(b"all of it")
    s.shutdown(socket.SHUT_WR)
    assert traffic.receive_all(s) == b"all of it"


def test_close_notify_is_sent_to_tls_clients(world):
    world.serve(lambda s, _peer: s.sendall(b"bye"), PORT)
    world.server_gateway(PORT)
    with tls_connect(world.client, world.server_address, PORT, world.pki.ca) as tls:
        assert traffic.receive_all(tls) == b"bye"
