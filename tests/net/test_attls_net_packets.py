# SPDX-License-Identifier: GPL-3.0-or-later
# test_attls_net_packets.py - which packets the rules of attls-net take, drop and let pass
#
# No daemon here: lib/nfqueue.py reads the queues and gives the verdicts a daemon would give.
import contextlib
import socket
import struct
import time

import pytest

from lib.gateway import Gateway
from lib.nfqueue import (ACK, FIN, MARK, PSH, RST, SYN, Queues, Sniffer, Tun, pass_all, steal,
                         tcp)
from lib.topology import LEFT, RIGHT, Chain, unreachable
from lib.wait import wait_for

PORT = 9600
WORKERS = 3
ICMP_QUEUE = 100 + 2 * WORKERS
OUT = f"[rule r]\npriority = 1\ndirection = outbound\nremote_port = {PORT}\naction = a\n"
IN = f"[rule r]\npriority = 1\ndirection = inbound\nlocal_port = {PORT}\naction = a\n"
ACTION = "[action a]\ntls = on\nrole = client\nring = r\nreference_id = any\n"
HOST = ("client", "wire", "server")
CLIENT_ROUTER = ("client", "gw", "wire", "server")
OUTWARDS = {"mode": "router", "inside": LEFT, "outside": RIGHT}
INWARDS = {"mode": "router", "inside": RIGHT, "outside": LEFT}


class Place:
    """A chain of namespaces, rules in one of them, and a plain server at the end."""

    def __init__(self, directory, family, roles, stack):
        self.family, self.stack, self.directory = family, stack, directory
        self.chain = Chain(*roles)
        stack.callback(self.chain.delete)
        self.client, self.server = self.chain.nodes[0], self.chain.nodes[-1]
        self.client_address = self.chain.address(self.client, family)
        self.server_address = self.chain.address(self.server, family)
        self.tool = "iptables" if family == 4 else "ip6tables"

    def up(self, ns, rules, decide=None, **settings):
        """Rules in @ns; with @decide a reader of the queues. Returns it."""
        directory = self.directory / "gateway"
        directory.mkdir()
        self.gateway = Gateway(ns, directory, rules + ACTION, workers=WORKERS, **settings)
        self.gateway.net("up")
        if decide is None:
            return None
        queues = Queues(ns, decide)
        self.stack.callback(queues.close)
        return queues

    def listen(self, port=PORT, ns=None, address=None):
        s = (ns or self.server).listen(address or self.server_address, port)
        self.stack.callback(s.close)
        s.settimeout(5)
        return s

    def connect(self, timeout=3, address=None, port=PORT):
        s = self.client.connect(address or self.server_address, port, timeout)
        self.stack.callback(s.close)
        return s

    def pair(self, listener, **options):
        """Both ends of a new connection."""
        s = self.connect(**options)
        peer, _ = listener.accept()
        self.stack.callback(peer.close)
        peer.settimeout(1)
        return s, peer

    def sniff(self, ns, interface):
        sniffer = Sniffer(ns, interface)
        self.stack.callback(sniffer.close)
        return sniffer

    def flush(self, ns, table):
        ns.run(self.tool, "-t", table, "-F")


@pytest.fixture
def place(tmp_path, family):
    with contextlib.ExitStack() as stack:
        yield lambda roles=HOST: Place(tmp_path, family, roles, stack)


def exchange(a, b, data=b"hello"):
    a.sendall(data)
    assert b.recv(100) == data
    b.sendall(data[::-1])
    assert a.recv(100) == data[::-1]


def silent(s):
    """Whether nothing arrives."""
    s.settimeout(1)
    try:
        return s.recv(100) and False
    except TimeoutError:
        return True


def worker_of(port):
    """The hash that the rules are to compute, and that the daemon computes too."""
    return ((port * 2654435761 & 0xffffffff) >> 16) % WORKERS


def check_dispatch(packets, chooser):
    """Every packet came by the queue its flow's port chooses; SYNs by the queue beside it."""
    assert packets
    for p in packets:
        syn = p.flags & (SYN | ACK) == SYN
        assert p.queue == 100 + 2 * worker_of(chooser(p)) + syn, p


def sides(packets, client):
    """(packets from @client's address, packets to it)"""
    return ([p for p in packets if p.source[0] == client],
            [p for p in packets if p.destination[0] == client])


# Who gets which packet

def test_outbound_flows_choose_the_worker_by_the_local_port(place):
    p = place()
    queues = p.up(p.client, OUT, pass_all)
    listener = p.listen()
    for _ in range(24):
        exchange(*p.pair(listener))
    sent, got = sides(queues.packets, p.client_address)
    check_dispatch(sent, lambda packet: packet.source[1])
    check_dispatch(got, lambda packet: packet.destination[1])
    assert len({packet.queue for packet in sent}) == 2 * WORKERS
    for packets in (sent, got):
        assert [x for x in packets if x.payload]


def test_inbound_flows_choose_the_worker_by_the_remote_port(place):
    p = place()
    queues = p.up(p.server, IN, pass_all)
    listener = p.listen()
    for _ in range(24):
        exchange(*p.pair(listener))
    got, sent = sides(queues.packets, p.client_address)
    check_dispatch(got, lambda packet: packet.source[1])
    check_dispatch(sent, lambda packet: packet.destination[1])
    assert len({packet.queue for packet in got}) == 2 * WORKERS


@pytest.mark.parametrize("rules, gw, settings", [(OUT, 1, OUTWARDS), (IN, 2, INWARDS)],
                         ids=["outbound", "inbound"])
def test_router(place, rules, gw, settings):
    p = place(CLIENT_ROUTER)
    queues = p.up(p.chain.nodes[gw], rules, pass_all, **settings)
    listener = p.listen()
    for _ in range(12):
        exchange(*p.pair(listener))
    sent, got = sides(queues.packets, p.client_address)
    check_dispatch(sent, lambda packet: packet.source[1])
    check_dispatch(got, lambda packet: packet.destination[1])
    hops = {packet.ttl for packet in sent if packet.flags & SYN}
    assert hops == ({63} if gw == 1 else {62})


def test_long_list_of_candidates(place):
    """Ports and addresses with gaps, too many for one chain: each is taken, none between them."""
    p = place()
    ports = [PORT + 2 * i for i in range(20)]
    others = [f"10.9.0.{i}" if p.family == 4 else f"fd09::{i:x}" for i in range(1, 9, 2)]
    condition = "\nremote_addr = ".join([", ".join(map(str, ports)),
                                         ", ".join([p.server_address, *others])])
    queues = p.up(p.client, OUT.replace(str(PORT), condition), pass_all)
    for port in (*ports[::6], ports[-1]):
        exchange(*p.pair(p.listen(port), port=port))
    exchange(*p.pair(p.listen(PORT + 3), port=PORT + 3))
    seen = {end[1] for x in queues.packets for end in (x.source, x.destination)}
    assert seen.issuperset({*ports[::6], ports[-1]}) and PORT + 3 not in seen


def test_other_ports_and_loopback_are_not_queued(place):
    p = place()
    queues = p.up(p.client, OUT, pass_all)
    exchange(*p.pair(p.listen(PORT + 1), port=PORT + 1))
    own = p.listen(ns=p.client, address=p.client_address)
    exchange(*p.pair(own, address=p.client_address))
    time.sleep(0.2)
    assert queues.packets == []


def test_nothing_passes_without_a_reader(place):
    p = place()
    p.up(p.client, OUT)
    p.listen()
    wire = p.sniff(p.server, LEFT)
    with pytest.raises(TimeoutError):
        p.connect(timeout=1.5)
    assert [x for x in wire.packets() if x.protocol == 6] == []


def test_what_is_stolen_does_not_pass(place):
    p = place()
    queues = p.up(p.client, OUT, steal)
    s, peer = p.pair(p.listen())
    s.sendall(b"secret")
    peer.sendall(b"cipher")
    assert silent(peer) and silent(s)
    assert {b"secret", b"cipher"} <= {x.payload for x in queues.packets}


# The guards

@pytest.mark.parametrize("table", ["raw", "mangle", "filter"])
@pytest.mark.parametrize("rules", [OUT, IN], ids=["outbound", "inbound"])
def test_flush_of_one_table_lets_no_payload_through(place, table, rules):
    """Neither in clear to the wire, nor what comes from the wire to the application."""
    p = place()
    ns = p.client if rules == OUT else p.server
    p.up(ns, rules, steal)
    plain, wire = p.pair(p.listen())
    if rules == IN:
        plain, wire = wire, plain
    p.flush(ns, table)
    plain.sendall(b"secret")
    wire.sendall(b"cipher")
    assert silent(wire) and silent(plain)


@pytest.mark.parametrize("table", ["raw", "mangle", "filter"])
def test_flush_of_one_table_in_a_router(place, table):
    p = place(CLIENT_ROUTER)
    gw = p.chain.nodes[1]
    p.up(gw, OUT, steal, **OUTWARDS)
    plain, wire = p.pair(p.listen())
    p.flush(gw, table)
    plain.sendall(b"secret")
    wire.sendall(b"cipher")
    assert silent(wire) and silent(plain)


def test_guard_lets_acks_and_the_end_pass(place):
    """Only payload is held back: a pass flow's FIN needs no mark."""
    p = place()
    p.up(p.client, OUT, pass_all)
    s, peer = p.pair(p.listen())
    p.flush(p.client, "raw")
    s.shutdown(socket.SHUT_WR)
    assert peer.recv(10) == b""


def test_forwarded_connections_of_others_are_not_held_back_in_host_mode(place):
    """A host may forward for containers; those are not its plain side."""
    p = place(("client", "gw", "wire", "server"))
    queues = p.up(p.chain.nodes[1], OUT, steal)
    exchange(*p.pair(p.listen()))
    assert queues.packets == []


def test_routers_own_connections_are_not_held_back(place):
    p = place(CLIENT_ROUTER)
    gw = p.chain.nodes[1]
    queues = p.up(gw, OUT, steal, **OUTWARDS)
    listener = p.listen()
    s = gw.connect(p.server_address, PORT, 3)
    peer, _ = listener.accept()
    exchange(s, peer)
    assert queues.packets == []


# NAT

def nat(p, ns, chain, to, target):
    ns.run(p.tool, "-t", "nat", "-A", chain, "-d", to, "-p", "tcp", "--dport", PORT, "-j", "DNAT",
           "--to", (target if p.family == 4 else f"[{target}]") + f":{PORT + 5}")


def vip(p):
    return "10.66.0.1" if p.family == 4 else "fd00:66::1"


def test_both_views_of_a_dnated_connection_reach_one_worker(place):
    p = place()
    nat(p, p.client, "OUTPUT", vip(p), p.server_address)
    queues = p.up(p.client, OUT, pass_all)
    listener = p.listen(PORT + 5)
    for _ in range(12):
        exchange(*p.pair(listener, address=vip(p)))
    sent, got = sides(queues.packets, p.client_address)
    assert {x.destination for x in sent} == {(vip(p), PORT)}
    assert {x.source for x in got} == {(p.server_address, PORT + 5)}
    check_dispatch(sent, lambda packet: packet.source[1])
    check_dispatch(got, lambda packet: packet.destination[1])


@pytest.mark.parametrize("table", ["raw", "mangle", "filter"])
def test_flush_of_one_table_with_a_dnated_connection(place, table):
    p = place()
    nat(p, p.client, "OUTPUT", vip(p), p.server_address)
    p.up(p.client, OUT, steal)
    s, peer = p.pair(p.listen(PORT + 5), address=vip(p))
    p.flush(p.client, table)
    s.sendall(b"secret")
    peer.sendall(b"cipher")
    assert silent(peer) and silent(s)


@pytest.mark.parametrize("filter_flushed", [False, True])
def test_local_address_dnated_to_the_wire(place, filter_flushed):
    """It leaves by lo, so no queue sees its SYN: refused; and if that rule is gone, held back."""
    p = place()
    p.client.run("ip", "addr", "add", vip(p) + ("/32" if p.family == 4 else "/128"), "dev", "lo")
    nat(p, p.client, "OUTPUT", vip(p), p.server_address)
    p.client.run(p.tool, "-t", "nat", "-A", "POSTROUTING", "-p", "tcp", "-j", "MASQUERADE")
    p.up(p.client, OUT, pass_all)
    listener = p.listen(PORT + 5)
    if not filter_flushed:
        with pytest.raises(ConnectionRefusedError):
            p.connect(address=vip(p))
        return
    p.flush(p.client, "filter")
    wire = p.sniff(p.server, LEFT)
    with contextlib.suppress(OSError):
        s, _ = p.pair(listener, address=vip(p))
        s.sendall(b"secret")
        time.sleep(0.5)
    assert b"secret" not in b"".join(x.raw for x in wire.packets())


def tracked(ns):
    return int(ns.run("cat", "/proc/sys/net/netfilter/nf_conntrack_count"))


def test_without_nat_no_connection_is_tracked(place):
    p = place()
    p.up(p.client, OUT, pass_all)
    s, peer = p.pair(p.listen())
    exchange(s, peer)
    assert tracked(p.client) == 0
    p.client.run(p.tool, "-t", "mangle", "-A", "FORWARD", "-m", "conntrack", "--ctstate", "NEW")
    s.sendall(b"x")
    wait_for(lambda: tracked(p.client) > 0, "that the count tells")


@pytest.mark.parametrize("flushed", [None, "raw", "mangle"])
def test_later_nat_of_a_local_address_leaks_nothing(place, flushed):
    """Nobody has run up since NAT came: what it turns to the wire is refused."""
    p = place()
    p.client.run("ip", "addr", "add", vip(p) + ("/32" if p.family == 4 else "/128"), "dev", "lo")
    p.up(p.client, OUT, pass_all)
    nat(p, p.client, "OUTPUT", vip(p), p.server_address)
    p.client.run(p.tool, "-t", "nat", "-A", "POSTROUTING", "-p", "tcp", "-j", "MASQUERADE")
    if flushed:
        p.flush(p.client, flushed)
    p.listen(PORT + 5)
    with pytest.raises(ConnectionRefusedError):
        p.connect(address=vip(p))


def test_local_addresses_are_not_refused(place):
    """Neither loopback nor another address of this machine, NAT or not."""
    p = place()
    p.up(p.client, OUT, pass_all)
    for address in (p.client_address, "127.0.0.1" if p.family == 4 else "::1"):
        exchange(*p.pair(p.listen(ns=p.client, address=address), address=address))


def test_connection_dnated_to_a_candidate_is_refused(place):
    """The rule names the real peer only, the application dials another address."""
    p = place()
    nat(p, p.client, "OUTPUT", vip(p), p.server_address)
    rules = OUT.replace(str(PORT), f"{PORT + 5}\nremote_addr = {p.server_address}")
    p.up(p.client, rules, pass_all)
    p.listen(PORT + 5)
    with pytest.raises(ConnectionRefusedError):
        p.connect(address=vip(p))


def test_router_refuses_what_it_dnats(place):
    p = place(CLIENT_ROUTER)
    gw = p.chain.nodes[1]
    nat(p, gw, "PREROUTING", vip(p), p.server_address)
    p.up(gw, OUT, pass_all, **OUTWARDS)
    p.listen(PORT + 5)
    with pytest.raises(ConnectionRefusedError):
        p.connect(address=vip(p))


# Connections older than the rules

@pytest.mark.parametrize("established, word", [("reset", "reset at"), ("keep", "kept in clear")])
def test_older_connections_are_counted_and_listed(place, established, word):
    p = place()
    s, _ = p.pair(p.listen())
    p.pair(p.listen(PORT + 1), port=PORT + 1)
    directory = p.directory / "gateway"
    directory.mkdir()
    gateway = Gateway(p.client, directory, OUT + ACTION, established=established)
    said = gateway.net("up")
    assert f"1 connections are older than the rules and will be {word}" in said
    assert "1 of root" in said
    listed = directory / "established"
    if established == "keep":
        assert f":{s.getsockname()[1]} " in listed.read_text()
    else:
        assert not listed.exists()
    assert "older" not in gateway.net("up")
    gateway.net("down")
    assert not listed.exists()


# Injection

def default_drop(p, ns):
    for chain in ("INPUT", "FORWARD", "OUTPUT"):
        ns.run(p.tool, "-A", chain, "-m", "conntrack", "--ctstate", "INVALID", "-j", "DROP")
        ns.run(p.tool, "-A", chain, "-m", "conntrack", "--ctstate", "ESTABLISHED", "-j", "ACCEPT")
        ns.run(p.tool, "-A", chain, "-p", "icmpv6" if p.family == 6 else "icmp", "-j", "ACCEPT")
        ns.run(p.tool, "-P", chain, "DROP")
    for chain in ("OUTPUT", "FORWARD"):
        ns.run(p.tool, "-A", chain, "-p", "tcp", "--dport", PORT, "-j", "ACCEPT")


@pytest.mark.parametrize("roles", [HOST, CLIENT_ROUTER], ids=["host", "router"])
@pytest.mark.parametrize("firewall", ["none", "drop", "strict rp_filter"])
def test_injected_packets_arrive_on_either_side(place, roles, firewall):
    """Past a default-drop firewall and reverse path filters, with the hops they were given."""
    p = place(roles)
    node = p.client if roles == HOST else p.chain.nodes[1]
    if firewall == "drop":
        default_drop(p, node)
    elif firewall == "strict rp_filter":
        for name in ("all", "default", RIGHT):
            node.sysctl(f"net.ipv4.conf.{name}.rp_filter", 1)
    queues = p.up(node, OUT, steal, **({} if roles == HOST else OUTWARDS))
    wire, plain = (Tun(node, name) for name in ("attlsw", "attlsp"))
    p.stack.callback(wire.close)
    p.stack.callback(plain.close)
    s, peer = p.pair(p.listen())
    wire_seen = p.sniff(p.chain.nodes[p.chain.nodes.index(node) + 1], LEFT)
    s.sendall(b"secret")
    stolen = wait_for(lambda: [x for x in queues.packets if x.payload == b"secret"], "data")[0]
    seq, ack = (int.from_bytes(at_tcp(stolen)[i:i + 4], "big") for i in (4, 8))
    wire.write(tcp(stolen.source, stolen.destination, seq, ack, ACK | PSH, b"cipher", ttl=57))
    plain.write(tcp(stolen.destination, stolen.source, ack, seq + 6, ACK | PSH, b"clear"))
    assert peer.recv(100) == b"cipher"
    assert s.recv(100) == b"clear"
    assert [x.ttl for x in wire_seen.packets() if x.payload == b"cipher"] == [57]


def at_tcp(packet):
    return packet.raw[(packet.raw[0] & 15) * 4 if packet.raw[0] >> 4 == 4 else 40:]


def test_plain_injection_is_untracked_and_wire_injection_tracked(place):
    """The firewall sees one connection, the wire's: nothing is ever INVALID."""
    p = place()
    for chain in ("INPUT", "FORWARD"):
        p.client.run(p.tool, "-t", "mangle", "-A", chain, "-p", "tcp", "-m", "conntrack",
                     "--ctstate", "INVALID", "-j", "DROP")
    queues = p.up(p.client, OUT, steal)
    plain = Tun(p.client, "attlsp")
    p.stack.callback(plain.close)
    s, _ = p.pair(p.listen())
    s.sendall(b"x" * 1000)
    stolen = wait_for(lambda: [x for x in queues.packets if x.payload], "data")[0]
    seq, ack = (int.from_bytes(at_tcp(stolen)[i:i + 4], "big") for i in (4, 8))
    plain.write(tcp(stolen.destination, stolen.source, ack, seq + 1000, ACK))
    plain.write(tcp(stolen.destination, stolen.source, ack, seq + 1000, RST | ACK))
    with pytest.raises(ConnectionResetError):
        for _ in range(20):
            s.sendall(b"y")
            time.sleep(0.05)


# The rest

def test_icmp_errors_about_tcp_have_a_queue_of_their_own(place):
    p = place()
    queues = p.up(p.client, OUT, pass_all)
    nobody = unreachable(p.chain, p.family)
    with pytest.raises(OSError, match="No route to host"):
        p.connect(timeout=10, address=nobody, port=PORT + 9)
    errors = [x for x in queues.packets if x.protocol in (1, 58)]
    assert errors and {x.queue for x in errors} == {ICMP_QUEUE}
    count = len(errors)
    s = p.client.socket(p.family, socket.SOCK_DGRAM)
    p.stack.callback(s.close)
    s.connect((p.server_address, 9))
    s.settimeout(5)
    s.send(b"udp")
    with pytest.raises(ConnectionRefusedError):
        s.recv(1)
    assert len([x for x in queues.packets if x.protocol in (1, 58)]) == count


@pytest.mark.parametrize("device, interface", [("attlsw", RIGHT), ("attlsp", LEFT)])
def test_routers_own_errors_about_injected_packets_are_queued(place, device, interface):
    p = place(CLIENT_ROUTER)
    gw = p.chain.nodes[1]
    gw.run("ip", "link", "set", interface, "mtu", "1400")
    queues = p.up(gw, OUT, steal, **OUTWARDS)
    tun = Tun(gw, device)
    p.stack.callback(tun.close)
    s, _ = p.pair(p.listen())
    ends = s.getsockname()[:2], s.getpeername()[:2]
    tun.write(tcp(*(ends if device == "attlsw" else ends[::-1]), 1, 1, ACK, b"x" * 1430))
    error = wait_for(lambda: [x for x in queues.packets if x.protocol in (1, 58)], "error")[0]
    assert error.queue == ICMP_QUEUE


def test_inside_to_inside_and_to_the_router_itself_is_left_alone(place):
    p = place(CLIENT_ROUTER)
    gw = p.chain.nodes[1]
    queues = p.up(gw, OUT, steal, **OUTWARDS)
    own = p.chain.address(gw, p.family)
    exchange(*p.pair(p.listen(ns=gw, address=own), address=own))
    assert queues.packets == []


def fragments(whole, v6):
    """@whole in two, the cut at 496 bytes of its TCP part."""
    size = 40 if v6 else 20
    for offset, data in ((0, whole[size:size + 496]), (496, whole[size + 496:])):
        header, more = bytearray(whole[:size]), offset == 0
        if v6:
            header[4:7] = (len(data) + 8).to_bytes(2, "big") + b"\x2c"
            yield bytes(header) + struct.pack("!BBHI", 6, 0, offset | more, 77) + data
        else:
            header[6:8] = (offset // 8 | more << 13).to_bytes(2, "big")
            yield bytes(header) + data


@pytest.mark.parametrize("port, passes", [(PORT, False), (PORT + 1, True)])
def test_fragments_from_inside_are_dropped(place, port, passes):
    """Nobody reassembles them before raw, so their ports could not be read. Others go on."""
    p = place(CLIENT_ROUTER)
    others = p.client_address if not passes else p.server_address
    p.up(p.chain.nodes[1], IN.replace("local", f"local_addr = {others}\nlocal", 1), pass_all,
         **OUTWARDS)
    wire = p.sniff(p.chain.nodes[2], LEFT)
    raw = p.client.socket(p.family, socket.SOCK_RAW, socket.IPPROTO_RAW)
    p.stack.callback(raw.close)
    whole = tcp((p.client_address, port), (p.server_address, 4444), 1, 1, ACK, b"f" * 1000)
    for part in fragments(whole, p.family == 6):
        raw.sendto(part, (p.server_address, 0))
    time.sleep(0.3)
    assert len([x for x in wire.packets() if b"f" * 100 in x.raw]) == 2 * passes


def test_mark_of_others_is_kept(place):
    """Only our bit is added to what is injected."""
    p = place()
    p.up(p.client, OUT)
    p.client.run(p.tool, "-t", "raw", "-I", "PREROUTING", "-i", "attlsw", "-j", "MARK",
                 "--set-mark", "0x4")
    p.client.run(p.tool, "-t", "mangle", "-A", "POSTROUTING", "-p", "tcp", "-m", "mark", "!",
                 "--mark", hex(MARK | 4), "-j", "DROP")
    wire_seen = p.sniff(p.chain.nodes[1], LEFT)
    wire = Tun(p.client, "attlsw")
    p.stack.callback(wire.close)
    wire.write(tcp((p.client_address, 5555), (p.server_address, PORT), 1, 1, FIN | ACK))
    wait_for(lambda: [x for x in wire_seen.packets() if x.flags == FIN | ACK], "injected packet")
