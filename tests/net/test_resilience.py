# SPDX-License-Identifier: GPL-3.0-or-later
# test_resilience.py - bursts, broken files, stale flows, restarts under load: it goes on, in TLS
import os
import re
import socket
import struct
import threading
import time

import pytest

from lib import rules, traffic
from lib.capture import Capture
from lib.filter import filter_rules
from lib.tlspeer import tls_connect, tls_server
from lib.topology import LEFT, RIGHT
from lib.traffic import Task
from lib.wait import wait_for
from lib.world import canary

PORT = 9800
MEGABYTE = 1 << 20
SYN, RST = 0x02, 0x04
CLIENT_SIDE = {"roles": ("client", "gw", "wire", "server")}
OUTWARDS = {"mode": "router", "inside": LEFT, "outside": RIGHT}


def tls_serve(world, handler):
    return world.closing(tls_server(world.server, world.server_address, PORT, world.pki.server,
                                    handler))


def iptables(world):
    return "iptables" if world.family == 4 else "ip6tables"


def echoes(s, data=b"x"):
    """Whether an echo server gives @data back."""
    s.sendall(data)
    return traffic.receive_exactly(s, len(data)) == data


def connect_from(world, port):
    """A connection of the plain client from a source port that may just have been used."""
    s = world.closing(world.client.socket(world.family))
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.settimeout(15)
    s.bind((world.client_address, port))
    s.connect((world.server_address, PORT))
    return s


# Bursts

def segment(source, target, ports, seq, flags):
    """A TCP header with its checksum."""
    family = socket.AF_INET6 if ":" in source else socket.AF_INET
    tcp = struct.pack(">HHIIBBHHH", *ports, seq, 0, 0x50, flags, 1024, 0, 0)
    pseudo = (socket.inet_pton(family, source) + socket.inet_pton(family, target)
              + struct.pack(">II", len(tcp), socket.IPPROTO_TCP))
    total = sum(struct.unpack(f">{len(pseudo + tcp) // 2}H", pseudo + tcp))
    while total >> 16:
        total = (total >> 16) + (total & 0xffff)
    return tcp[:16] + struct.pack(">H", ~total & 0xffff) + tcp[18:]


@pytest.mark.sanitized
@pytest.mark.parametrize("tuples", [1, 200])
def test_burst_of_openings_that_are_reset_at_once(world, tuples):
    """A flow that begins and ends within one batch of packets leaves the table once."""
    world.serve(traffic.echo, PORT)
    gateway = world.server_gateway(PORT)
    burst = [segment(world.client_address, world.server_address, (2000 + i % tuples, PORT),
                     1000 + 5000 * i + (flags == RST), flags)
             for i in range(200) for flags in (SYN, RST)]
    with world.client.socket(world.family, socket.SOCK_RAW, socket.IPPROTO_TCP) as raw:
        for packet in burst:
            raw.sendto(packet, (world.server_address, 0))
    for _ in range(8):
        with tls_connect(world.client, world.server_address, PORT, world.pki.ca) as tls:
            assert echoes(tls, b"after the burst")
    gateway.wait_flows(0)
    status = gateway.ctl_json("status")
    assert status["flows"] == {**status["flows"], "tls": 0, "pass": 0, "pending": 0}
    assert status["flows"]["linger"] <= 8
    assert status["drops"]["table_full"] == 0


# ICMP errors that quote cleartext

def neighbour_goes(world):
    """The router's own error: nobody answers for the address any more."""
    for ip in ("ipv4", "ipv6"):
        world.gw.sysctl(f"net.{ip}.neigh.{LEFT}.retrans_time_ms", 100)
    world.client.run("ip", "addr", "flush", "dev", RIGHT)
    world.client.run("ip", "link", "set", RIGHT, "arp", "off")
    world.gw.run("ip", "neigh", "flush", "dev", LEFT)


def route_is_prohibited(world):
    """The router's own error: a routing policy, for what the gateway sends inwards."""
    world.gw.run("ip", f"-{world.family}", "rule", "add", "pref", "5", "iif", "attlsp", "prohibit")


def host_rejects(world):
    """The inside host's error, which is forwarded."""
    world.client.run(iptables(world), "-I", "INPUT", "-p", "tcp", "--sport", PORT, "-j", "REJECT",
                     "--reject-with", "icmp-admin-prohibited" if world.family == 4
                     else "icmp6-adm-prohibited")


def unreachables(node, family):
    """How many "destination unreachable" @node has sent."""
    if family == 6:
        text = node.run("cat", "/proc/net/snmp6")
        return int(dict(line.split() for line in text.splitlines())["Icmp6OutDestUnreachs"])
    names, values = [line.split() for line in node.run("cat", "/proc/net/snmp").splitlines()
                     if line.startswith("Icmp:")]
    return int(dict(zip(names, values))["OutDestUnreachs"])


def download_until_errors(world, word, sender, vanish):
    """Start a download full of @word, have @vanish end it, wait for ICMP errors of @sender."""
    def send(s, _peer):
        while True:
            s.sendall(word * 1000)
    tls_serve(world, send)
    s = world.connect(PORT)
    traffic.receive_exactly(s, MEGABYTE)
    Task(traffic.receive_all, s)
    before = unreachables(sender, world.family)
    vanish(world)
    # more than one, since a first may quote a packet without payload
    wait_for(lambda: unreachables(sender, world.family) >= before + 2, "ICMP errors", 15)
    world.gateways[0].ctl("stats")  # asks every worker: none still holds such a packet


def capture_everything(world):
    return Capture(world.wire, LEFT, os.path.join(world.directory, "all.pcap"), everything=True)


@pytest.mark.sanitized
@pytest.mark.parametrize("sender, vanish", [("gw", neighbour_goes), ("gw", route_is_prohibited),
                                            ("client", host_rejects)])
def test_errors_about_plain_packets_do_not_reach_the_wire(make_world, family, sender, vanish):
    """They quote what the application should have got."""
    world = make_world(family, **CLIENT_SIDE)
    word = canary()
    capture = capture_everything(world)
    world.client_gateway(PORT, role="gw", settings=OUTWARDS)
    download_until_errors(world, word, getattr(world, sender), vanish)
    assert capture.count(word) == 0


def delivery_is_prohibited(world):
    """A routing policy of the host's own in front of the table of its addresses."""
    world.client.sysctl("net.ipv4.ip_forward", 1)  # else IPv4 tells nobody
    world.client.sysctl("net.ipv4.ip_early_demux", 0)  # else sockets are found without routing
    ip = ("ip", f"-{world.family}", "rule")
    world.client.run(*ip, "add", "pref", "10", "lookup", "local")
    world.client.run(*ip, "add", "pref", "5", "iif", "attlsp", "prohibit")
    world.client.run(*ip, "del", "pref", "0")


def test_errors_of_the_host_itself_do_not_reach_the_wire(world):
    word = canary()
    capture = capture_everything(world)
    world.client_gateway(PORT)
    download_until_errors(world, word, world.client, delivery_is_prohibited)
    assert capture.count(word) == 0


# The policy in force, and the rule files

@pytest.mark.sanitized
def test_rule_removed_then_the_server_resets_uploads(world):
    """What is still under way when the last old flow ends is not a new flow in clear."""
    word, go = canary(), threading.Event()

    def reset_when_told(s, _peer):
        traffic.receive_exactly(s, MEGABYTE)
        while not go.is_set():
            s.recv(65536)
        traffic.reset(s)
        raise ConnectionAbortedError
    tls_serve(world, reset_when_told)
    capture = world.capture()
    gateway = world.client_gateway(PORT)
    floods = [traffic.Flood(world.connect(PORT), word) for _ in range(4)]
    for flood in floods:
        flood.wait_sent(2 * MEGABYTE)
    gateway.write_rules(rules.client(PORT + 1))
    gateway.ctl("reload")
    go.set()
    for flood in floods:
        assert isinstance(flood.wait_error(), ConnectionError)
    assert gateway.ctl_json("stats")["counters"]["passed"] == 0
    assert capture.count(word) == 0


def candidates_written(gateway):
    """When the helper last wrote the list of candidates (it follows each change of them)."""
    return os.stat(os.path.join(gateway.directory, "control.sock.candidates")).st_mtime_ns


def test_edited_rule_file_has_no_effect_before_the_reload(world):
    """The end of a stale flow has the rules installed again: for what is in force."""
    word = canary()
    tls_serve(world, traffic.echo)
    capture = world.capture()
    gateway = world.client_gateway(PORT)
    stale = connect_from(world, 33000)
    assert echoes(stale)
    gateway.ctl("reload")
    gateway.write_rules(rules.client(PORT + 1))
    before = candidates_written(gateway)
    traffic.reset(stale)
    assert echoes(connect_from(world, 33000))  # takes the place of the stale one
    wait_for(lambda: candidates_written(gateway) != before, "refreshed rules")
    assert echoes(world.connect(PORT), word)
    assert capture.count(word) == 0
    # tables that are being exchanged are not whole for a moment
    wait_for(lambda: gateway.result("attls-net", "show").returncode == 0, "whole rules")


def test_up_leaves_the_rules_of_stale_flows(world):
    """A rule is gone, a flow of it is not, an administrator runs `attls-net up`."""
    word = canary()
    tls_serve(world, traffic.echo)
    capture = world.capture()
    gateway = world.client_gateway(PORT)
    s = world.connect(PORT)
    assert echoes(s)
    gateway.write_rules(rules.client(PORT + 1))
    gateway.ctl("reload")
    gateway.up()
    for _ in range(3):
        assert echoes(s, word * 1000)
    (row,) = gateway.flows()
    assert row["state"] == "established"
    assert capture.count(word) == 0


@pytest.mark.sanitized
def test_broken_rule_file_and_an_unrelated_change(world):
    """The daemon looks at the rules when somebody changes others, and finds nothing wrong."""
    tls_serve(world, traffic.echo)
    gateway = world.client_gateway(PORT)
    s = world.connect(PORT)
    assert echoes(s)
    gateway.write_rules("[rule half\n", name="new.ini")
    gateway.ns.run(iptables(world), "-t", "nat", "-N", "foo")
    end = time.monotonic() + 3  # it looks after half a second
    while time.monotonic() < end:
        assert echoes(s, b"y" * 100000)
    assert echoes(world.connect(PORT))
    assert not gateway.ctl_json("status")["quiesced"]


def test_broken_rule_file_and_a_flush(world):
    """What is restored is what is in force, not what the files say."""
    word = canary()
    tls_serve(world, traffic.echo)
    capture = world.capture()
    gateway = world.client_gateway(PORT)
    before = filter_rules(gateway.ns)
    gateway.write_rules("[rule half\n", name="new.ini")
    gateway.ns.run(iptables(world), "-t", "raw", "-F")
    gateway.wait_log("rules restored")
    assert filter_rules(gateway.ns) == before
    assert echoes(world.connect(PORT), word)
    assert capture.count(word) == 0


# Restarts

HAMMER = """
import socket, struct, sys
source, target, port = sys.argv[1:]
s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
packets = [struct.pack(">BBHHHBBH4s4sHHIIBBHHH", 0x45, 0, 0, 0, 0, 64, 6, 0,
                       socket.inet_aton(source), socket.inet_aton(target), sport, int(port), 1, 1,
                       0x50, 0x18, 65535, 0, 0) + bytes(50000) for sport in range(40000, 40064)]
while True:
    for packet in packets:
        s.sendto(packet, (target, 0))
"""


@pytest.mark.sanitized
def test_restart_under_large_packets(world4):
    """Packets that come while the queues are being bound do not keep the daemon from starting."""
    tls_serve(world4, traffic.echo)
    gateway = world4.client_gateway(PORT, settings={"workers": 1})
    world4.client.run("ip", "link", "set", RIGHT, "mtu", "60000")
    hammers = [world4.client.start("/usr/bin/python3", "-c", HAMMER, world4.client_address,
                                   world4.server_address, PORT,
                                   log=os.path.join(world4.directory, f"hammer{i}.log"))
               for i in range(4)]
    for _ in range(5):
        gateway.kill9()
        gateway.start()
    for hammer in hammers:
        assert hammer.alive(), hammer.output()
        hammer.kill()
    assert echoes(world4.connect(PORT), b"z" * 100000)


def test_server_that_still_has_the_connection_challenges(world):
    """RFC 9293 3.5.1, half-open recovery: SYN, challenge ACK, RST, then SYN again."""
    word = canary()
    server = tls_serve(world, traffic.echo)
    capture = world.capture()
    gateway = world.client_gateway(PORT)
    s = connect_from(world, 33001)
    assert echoes(s)
    # else the server would ask for it, and a gateway that does not know the connection ends it
    wait_for(lambda: re.search(r"ESTAB +0 +0 ", world.server.run(
        "ss", "-Htan", "sport", f"= :{PORT}")), "all is acknowledged")
    gateway.kill9()
    traffic.reset(s)  # nobody reads the queue: the server does not learn of it
    gateway.start()
    assert "ESTAB" in world.server.run("ss", "-Htan", "sport", f"= :{PORT}")
    assert echoes(connect_from(world, 33001), word)
    assert len(server.peers) == 2 and server.peers[0] == server.peers[1]
    assert capture.count(word) == 0


# Side by side

def test_looks_at_the_rules_while_they_are_put_in_place(world4):
    """What `up` is in the middle of is no damage, neither for `show` nor for the daemon."""
    tls_serve(world4, traffic.echo)
    gateway = world4.client_gateway(PORT)
    s = world4.connect(PORT)
    ups = Task(lambda: [gateway.run("attls-net", "up") for _ in range(12)])
    looks = [gateway.result("attls-net", "show").returncode for _ in range(12)]
    ups.join()
    assert looks == [0] * 12
    assert echoes(s)
    assert "somebody has changed" not in gateway.log()
