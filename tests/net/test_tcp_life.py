# SPDX-License-Identifier: GPL-3.0-or-later
# test_tcp_life.py - how connections begin, last and end with real kernels in unusual situations
import errno
import os
import random
import socket
import struct
import threading

import pytest

from lib import traffic
from lib.impair import Impairment
from lib.tlspeer import tls_server
from lib.topology import LEFT, RIGHT
from lib.traffic import Task
from lib.wait import wait_for
from lib.world import canary

PORT = 9700
MEGABYTE = 1 << 20


def iptables(world):
    return "iptables" if world.family == 4 else "ip6tables"


def cut(world):
    """From now on nothing passes the middle, and nobody says so."""
    world.wire.run(iptables(world), "-t", "raw", "-I", "PREROUTING", "-p", "tcp", "-j", "DROP")


def keepalive(s):
    """Ask after a second of silence, then every second, three times."""
    s.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in ((socket.TCP_KEEPIDLE, 1), (socket.TCP_KEEPINTVL, 1),
                          (socket.TCP_KEEPCNT, 3)):
        s.setsockopt(socket.IPPROTO_TCP, option, value)
    return s


def asked(s):
    s.sendall(b"x")
    assert s.recv(1) == b"x"
    return s


# Keepalives of the application

@pytest.mark.parametrize("asker", ["client", "server"])
def test_keepalive_finds_a_peer_that_has_vanished(world, asker):
    """The gateways answer for a while, but not for a peer that is not there any more."""
    def wait_for_the_end(s, _peer):
        if asker == "server":
            keepalive(s)
        s.sendall(s.recv(1))
        s.recv(1)
    server = world.serve(wait_for_the_end, PORT)
    world.both(PORT)
    s = asked(world.connect(PORT, timeout=40))
    if asker == "client":
        keepalive(s)
    cut(world)
    if asker == "client":
        with pytest.raises(TimeoutError, match="timed out") as e:
            s.recv(1)
        assert e.value.errno == errno.ETIMEDOUT
    else:
        wait_for(lambda: server.errors, "time-out at the server", 40)
        assert server.errors[0].errno == errno.ETIMEDOUT


def test_keepalive_of_a_living_peer_is_answered(world4):
    """Beyond the time for which the gateway answers by itself the answer is the peer's."""
    world4.serve(traffic.echo, PORT)
    client, _ = world4.both(PORT)
    s = keepalive(asked(world4.connect(PORT)))
    capture = world4.capture()
    wait_for(lambda: client.flows()[0]["age_s"] > 20, "a while of silence", 40)
    assert [packet for packet in capture.packets() if not packet[3]], "nobody was asked"
    asked(s)


# Path MTU

@pytest.fixture
def segments(world):
    """Real segments on the wire: what is dropped for its size is no super-segment."""
    world.chain.offloads_off()
    return world


def drop_large(world, size):
    """A black hole: what is larger than @size disappears, and nobody says so."""
    world.wire.run(iptables(world), "-t", "raw", "-I", "PREROUTING", "-p", "tcp", "-m", "length",
                   "--length", f"{size + 1}:65535", "-j", "DROP")


def test_black_hole_is_passed_with_small_segments(segments):
    """Nothing above 1300 bytes arrives. Handshakes and short exchanges hide that."""
    world, size = segments, MEGABYTE
    server = world.serve(traffic.sink, PORT)
    world.both(PORT)
    drop_large(world, 1300)
    s = world.connect(PORT, timeout=60)
    sent = traffic.send_noise(s, size, 50)
    assert traffic.receive_all(s) == b""
    assert server.results == [(size, sent)]


@pytest.mark.parametrize("where", ["own interface", "in the middle"])
def test_path_mtu_shrinks_during_a_connection(world, where):
    """A router further on reports it, or the host's own routing does."""
    server = world.serve(traffic.sink, PORT)
    world.both(PORT)
    s = world.connect(PORT, timeout=60)
    first = traffic.noise(3 * MEGABYTE, 50)
    s.sendall(first)
    for node, interface in {"own interface": [(world.client, RIGHT), (world.wire, LEFT)],
                            "in the middle": [(world.wire, RIGHT), (world.server, LEFT)]}[where]:
        node.run("ip", "link", "set", interface, "mtu", 1300)
    s.sendall(first)
    s.shutdown(socket.SHUT_WR)
    assert traffic.receive_all(s) == b""
    assert server.results[0][0] == 2 * len(first)


# Openings that the server's kernel does not take at once

def test_full_backlog_is_waited_for(world):
    """The last ACK is ignored by a listener whose queue is full: its SYN-ACK comes again."""
    world.server.sysctl("net.core.somaxconn", 1)
    listener = world.closing(world.server.listen(world.server_address, PORT, 1))
    world.both(PORT)
    clients = [Task(talk, world, i) for i in range(6)]
    wait_for(lambda: overflows(world) > 0, "full backlog")
    servers = [Task(answer_next, listener) for _ in clients]
    assert [t.join(60) for t in clients + servers] == [True] * 12


def overflows(world):
    """How often the server's kernel had no room for a connection that was complete."""
    counters = world.server.run("nstat", "-asz", "TcpExtListenOverflows")
    return int(counters.split()[-2])


def answer_next(listener):
    """Accept one connection and give back what comes, up to its end."""
    s, peer = listener.accept()
    with s:
        traffic.echo(s, peer)
    return True


def talk(world, number):
    with world.client.connect(world.server_address, PORT, 50) as s:
        word = b"%08d" % number
        s.sendall(word)
        return traffic.receive_exactly(s, len(word)) == word


def test_listener_that_defers_is_given_data(world):
    """TCP_DEFER_ACCEPT drops the bare ACK and waits for data, which TLS sends in any case."""
    listener = world.closing(world.server.listen(world.server_address, PORT))
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, 5)
    world.both(PORT)
    task = Task(talk, world, 1)
    assert answer_next(listener)
    assert task.join(30)


def test_syn_cookies(world):
    """The kernel keeps nothing of the opening: what the last ACK says must be exact."""
    world.server.sysctl("net.ipv4.tcp_syncookies", 2)
    world.serve(traffic.echo, PORT)
    world.both(PORT)
    assert [talk(world, i) for i in range(5)] == [True] * 5


# Endings

def test_both_close_at_once(world):
    """Each end sends its FIN before it has the other's; all bytes arrive and nothing is reset."""
    size, barrier = 64 * 1024, threading.Barrier(2)

    def end(s, seed):
        barrier.wait(30)
        return traffic.send_noise(s, size, seed), traffic.receive_hash(s)
    server = world.serve(lambda s, _peer: end(s, 1), PORT)
    gateways = world.both(PORT)
    s = world.connect(PORT)
    sent, received = end(s, 2)
    wait_for(lambda: server.results, "end of the server")
    assert server.results == [(received[1], (size, sent))] and received[0] == size
    for gateway in gateways:
        gateway.wait_flows(0)
        assert gateway.ctl_json("status")["flows"]["reset_total"] == 0


@pytest.mark.limit(120)
def test_fin_that_never_comes_is_not_waited_for(world4):
    """The peer has ended TLS and keeps its socket; the application is gone."""
    done = threading.Event()

    def end_tls_only(s, _peer):
        traffic.receive_all(s)
        with s.unwrap():
            assert done.wait(110)
    world4.closing(tls_server(world4.server, world4.server_address, PORT, world4.pki.server,
                              end_tls_only))
    client = world4.client_gateway(PORT)
    with world4.connect(PORT) as s:
        s.shutdown(socket.SHUT_WR)
        assert s.recv(1) == b""
    client.wait_flows(0, 90)
    assert client.ctl_json("status")["flows"]["reset_total"] == 0
    done.set()


def test_same_ports_again_within_time_wait(world):
    """A connection from the same port right after the last one: kernels decide, TLS holds."""
    world.serve(traffic.echo, PORT)
    word, capture = canary(), world.capture()
    world.both(PORT)
    for i in range(3):
        s = world.client.socket(world.family)
        with s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            s.settimeout(20)
            s.bind((world.client_address, 43210))
            s.connect((world.server_address, PORT))
            s.sendall(word)
            assert traffic.receive_exactly(s, len(word)) == word, i
            s.shutdown(socket.SHUT_WR)
            assert s.recv(1) == b""
        # the server's kernel forgets at once, the client's is in TIME-WAIT
        world.client.run("ss", "-K", "-t", "state", "time-wait", "sport", "=", ":43210",
                         check=False)
    assert capture.count(word) == 0


# Injections off the path

FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16


def forged(world, source, target, ports, seq, ack, flags, payload=b"", window=1024):
    """A TCP segment with its checksum, without an IP header."""
    family = socket.AF_INET6 if ":" in source else socket.AF_INET
    tcp = struct.pack(">HHIIBBHHH", *ports, seq & 0xffffffff, ack & 0xffffffff, 0x50, flags,
                      window, 0, 0) + payload
    pseudo = (socket.inet_pton(family, source) + socket.inet_pton(family, target)
              + struct.pack(">II", len(tcp), socket.IPPROTO_TCP))
    data = pseudo + tcp + b"\0" * (len(tcp) % 2)
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total >> 16) + (total & 0xffff)
    return tcp[:16] + struct.pack(">H", ~total & 0xffff) + tcp[18:]


@pytest.mark.sanitized
@pytest.mark.parametrize("what", ["resets", "openings", "data", "acknowledgments"])
def test_blind_injection_does_not_disturb_a_stream(world4, what):
    """Somebody who knows addresses and ports, but no sequence number, to either end of TLS."""
    flags, payload = {"resets": (RST, b""), "openings": (SYN, b""),
                      "data": (ACK | PSH, b"z" * 64), "acknowledgments": (ACK, b"")}[what]
    size = 8 * MEGABYTE
    server = world4.serve(traffic.sink, PORT)
    gateways = world4.both(PORT)
    s = world4.connect(PORT, timeout=60)
    own = s.getsockname()[1]
    ends = [(world4.client_address, own), (world4.server_address, PORT)]
    stop = threading.Event()
    sent = Task(send_slowly, s, size, stop)
    chance = random.Random(1)
    with world4.wire.socket(4, socket.SOCK_RAW, socket.IPPROTO_RAW) as raw:
        for i in range(4000):
            (source, sport), (target, dport) = ends if i % 2 else ends[::-1]
            tcp = forged(world4, source, target, (sport, dport), chance.getrandbits(32),
                         chance.getrandbits(32), flags, payload)
            ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(tcp), 0, 0, 64, 6, 0,
                             socket.inet_aton(source), socket.inet_aton(target))
            raw.sendto(ip + tcp, (target, 0))
    stop.set()
    digest = sent.join(60)
    assert traffic.receive_all(s) == b""
    assert server.results == [(size, digest)]
    assert all(g.ctl_json("status")["flows"]["reset_total"] == 0 for g in gateways)


def send_slowly(s, size, stop):
    """Half of it now, the other half when the injection is over."""
    data = traffic.noise(size, 50)
    s.sendall(data[:size // 2])
    assert stop.wait(60)
    s.sendall(data[size // 2:])
    s.shutdown(socket.SHUT_WR)
    return traffic.hash_of(size, 50)


# Buffers

def test_window_grows_on_a_long_path_and_memory_is_given_back(world4):
    """A round trip of 100 ms: what is under way outgrows the first windows many times."""
    size = 48 * MEGABYTE
    server = world4.serve(traffic.sink, PORT)
    gateways = world4.both(PORT)
    path = world4.closing(Impairment(world4.wire, os.path.dirname(world4.path("x")))).start(
        "delay=50ms")
    s = world4.connect(PORT, timeout=60)
    task = Task(traffic.send_noise, s, size, 50)
    wait_for(lambda: any(f.get("wire", {}).get("rcv_wnd", 0) > 2 * MEGABYTE
                         for f in gateways[1].flows()), "a window above two megabytes", 60)
    sent = task.join(60)
    assert traffic.receive_all(s) == b""
    assert server.results == [(size, sent)]
    for gateway in gateways:
        wait_for(lambda g=gateway: g.ctl_json("status")["memory"]["used"] == 0, "memory back")
    path.stop()
