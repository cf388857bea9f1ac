# SPDX-License-Identifier: GPL-3.0-or-later
# test_firewall.py - the host's own packet filter, NAT and settings, beside ours
import pytest

from lib import clients, rules, servers, topology, traffic
from lib.filter import filter_rules, snapshot
from lib.tlspeer import tls_server
from lib.wait import wait_for
from lib.world import canary

PORT = 9500
MEGABYTE = 1 << 20


def tool(world):
    return "iptables" if world.family == 4 else "ip6tables"


def default_drop(world, ns, *allow):
    """A host firewall as people write it: nothing but @allow and what belongs to it."""
    def add(*argv):
        ns.run(tool(world), *argv)
    for chain in ("INPUT", "OUTPUT", "FORWARD"):
        add("-A", chain, "-m", "conntrack", "--ctstate", "INVALID", "-j", "DROP")
        add("-A", chain, "-m", "conntrack", "--ctstate", "ESTABLISHED,RELATED", "-j", "ACCEPT")
        if world.family == 6:
            add("-A", chain, "-p", "icmpv6", "-j", "ACCEPT")
        add("-P", chain, "DROP")
    add("-A", *allow)


@pytest.mark.parametrize("order", ["firewall first", "gateway first"])
def test_default_drop_firewall_on_the_clients_host(world, order):
    server = world.serve(traffic.sink, PORT)
    allow = ("OUTPUT", "-p", "tcp", "--dport", PORT, "-j", "ACCEPT")
    if order == "firewall first":
        default_drop(world, world.client, *allow)
    world.both(PORT)
    if order == "gateway first":
        default_drop(world, world.client, *allow)
    s = world.connect(PORT)
    sent = traffic.send_noise(s, 4 * MEGABYTE, 1)
    assert traffic.receive_all(s) == b""
    assert server.results == [(4 * MEGABYTE, sent)]


def test_default_drop_firewall_on_the_servers_host(world):
    server = world.serve(traffic.sink, PORT)
    default_drop(world, world.server, "INPUT", "-p", "tcp", "--dport", PORT, "-j", "ACCEPT")
    world.both(PORT)
    s = world.connect(PORT)
    sent = traffic.send_noise(s, 4 * MEGABYTE, 1)
    assert traffic.receive_all(s) == b""
    assert server.results == [(4 * MEGABYTE, sent)]


def test_default_drop_firewall_on_a_router(make_world, family):
    world = make_world(family, roles=("client", "gw", "wire", "server"))
    world.closing(tls_server(world.server, world.server_address, PORT, world.pki.server,
                             traffic.echo))
    default_drop(world, world.gw, "FORWARD", "-i", "left0", "-p", "tcp", "--dport", PORT, "-j",
                 "ACCEPT")
    world.client_gateway(PORT, role="gw",
                         settings={"mode": "router", "inside": "left0", "outside": "right0"})
    s = world.connect(PORT)
    s.sendall(b"z" * 500000)
    assert traffic.receive_exactly(s, 500000) == b"z" * 500000


def test_firewall_that_forbids_the_port_still_does(world):
    """Our rules may not open what the host's firewall closes."""
    world.serve(traffic.echo, PORT)
    world.client.run(tool(world), "-A", "OUTPUT", "-p", "tcp", "--dport", PORT, "-j", "REJECT",
                     "--reject-with", "tcp-reset")
    world.both(PORT)
    with pytest.raises(ConnectionRefusedError):
        world.connect(PORT)


def test_service_address_dnated_on_the_host(world):
    """As kube-proxy does it: the application dials a VIP, nat OUTPUT sends it to a backend."""
    word = canary()
    vip = "10.66.0.1" if world.family == 4 else "fd00:66::1"
    servers.nginx(world.server, world.path("nginx"), 8443, cert=world.pki.server)
    with open(world.path("nginx") + "/www/page", "wb") as f:
        f.write(word + traffic.noise(3 * MEGABYTE))
    world.client.run(tool(world), "-t", "nat", "-A", "OUTPUT", "-d", vip, "-p", "tcp", "--dport",
                     PORT, "-j", "DNAT", "--to", f"{clients.host(world.server_address)}:8443")
    capture = world.capture()
    world.client_gateway(PORT)
    target = world.path("got") + "/page"
    got = clients.curl(world.client, f"http://{clients.host(vip)}:{PORT}/page", "-o", target,
                       "-w", "%{remote_ip} %{remote_port}")
    assert got.stdout == f"{vip} {PORT}", got.stderr
    with open(target, "rb") as f:
        assert f.read() == word + traffic.noise(3 * MEGABYTE)
    assert capture.count(word) == 0


def test_nat_that_comes_later_is_followed(world):
    """attlsd makes its rules anew, and connections that are open go on."""
    vip = "10.66.0.1" if world.family == 4 else "fd00:66::1"
    word = canary()
    for port in (PORT, 8443):
        world.closing(tls_server(world.server, world.server_address, port, world.pki.server,
                                 traffic.echo))
    capture = world.capture()
    world.client_gateway(PORT)
    s = world.connect(PORT)
    s.sendall(word)
    assert traffic.receive_exactly(s, len(word)) == word
    assert not [r for r in filter_rules(world.client) if "conntrack" in r]
    world.client.run(tool(world), "-t", "nat", "-A", "OUTPUT", "-d", vip, "-p", "tcp", "--dport",
                     PORT, "-j", "DNAT", "--to", f"{clients.host(world.server_address)}:8443")
    wait_for(lambda: [r for r in filter_rules(world.client) if "--ctorigdstport" in r],
             "rules that follow NAT")
    wait_for(lambda: world.client.run(tool(world), "-t", "filter", "-S").count("REFUSE-NAT") > 1,
             "the last of the tables")
    for c in (s, world.client.connect(vip, PORT)):
        c.sendall(word * 10)
        assert traffic.receive_exactly(c, 10 * len(word)) == word * 10
    assert capture.count(word) == 0


def test_refused_behind_dnat_is_refused(world):
    vip = "10.66.0.1" if world.family == 4 else "fd00:66::1"
    world.client.run(tool(world), "-t", "nat", "-A", "OUTPUT", "-d", vip, "-p", "tcp", "--dport",
                     PORT, "-j", "DNAT", "--to", f"{clients.host(world.server_address)}:8443")
    world.client_gateway(PORT)
    with pytest.raises(ConnectionRefusedError):
        world.client.connect(vip, PORT)


def test_snat_on_the_host(world):
    other = "10.77.1.50" if world.family == 4 else "fd00:77:1::50"
    prefix = "/24" if world.family == 4 else "/64"
    extra = () if world.family == 4 else ("nodad",)
    world.client.run("ip", "addr", "add", other + prefix, "dev", "right0", *extra)
    world.client.run(tool(world), "-t", "nat", "-A", "POSTROUTING", "-p", "tcp", "--dport", PORT,
                     "-j", "SNAT", "--to", other)
    server = world.serve(traffic.sink, PORT)
    world.both(PORT)
    s = world.client.connect(world.server_address, PORT, source=world.client_address)
    sent = traffic.send_noise(s, 4 * MEGABYTE, 1)
    assert traffic.receive_all(s) == b""
    assert server.results == [(4 * MEGABYTE, sent)]
    assert server.peers[0][0] == other


def vip_and_other(world):
    """A service address that nobody has, and a second address of the client's host."""
    if world.family == 4:
        vip, other, rest = "10.66.0.1", "10.77.1.50", ("/24",)
    else:
        vip, other, rest = "fd00:66::1", "fd00:77:1::50", ("/64", "nodad")
    world.client.run("ip", "addr", "add", other + rest[0], "dev", "right0", *rest[1:])
    return vip, other


@pytest.mark.parametrize("path", ["as-wide", "narrower"])
def test_both_ends_of_one_connection_are_translated(world, path):
    """DNAT in OUTPUT and SNAT in POSTROUTING; with ICMP errors about what was translated."""
    word, size = canary(), 4 * MEGABYTE
    vip, other = vip_and_other(world)
    if path == "narrower":
        world.wire.run("ip", "link", "set", "right0", "mtu", "1400")
        world.server.run("ip", "link", "set", "left0", "mtu", "1400")
    world.client.run(tool(world), "-t", "nat", "-A", "OUTPUT", "-d", vip, "-p", "tcp", "--dport",
                     PORT, "-j", "DNAT", "--to", f"{clients.host(world.server_address)}:8443")
    world.client.run(tool(world), "-t", "nat", "-A", "POSTROUTING", "-p", "tcp", "--dport", 8443,
                     "-j", "SNAT", "--to", other)
    server = world.closing(tls_server(world.server, world.server_address, 8443, world.pki.server,
                                      traffic.sink))
    capture = world.capture()
    world.client_gateway(PORT)
    s = world.client.connect(vip, PORT)
    assert s.getpeername()[:2] == (vip, PORT)
    sent = traffic.send_noise(s, size, 1, word=word)
    assert traffic.receive_all(s) == b""
    wait_for(lambda: server.results == [(size, sent)], "everything at the server")
    assert server.peers[0][0] == other
    assert capture.count(word) == 0


def test_masquerade_on_the_way(world):
    world.wire.run(tool(world), "-t", "nat", "-A", "POSTROUTING", "-o", "right0", "-j",
                   "MASQUERADE")
    server = world.serve(traffic.sink, PORT)
    world.both(PORT)
    s = world.connect(PORT)
    sent = traffic.send_noise(s, 4 * MEGABYTE, 1)
    assert traffic.receive_all(s) == b""
    assert server.results == [(4 * MEGABYTE, sent)]


def test_port_forwarded_to_a_local_server(world):
    """nat PREROUTING REDIRECT on the server's host; the rule names the real port."""
    world.serve(traffic.echo, PORT)
    world.server.run(tool(world), "-t", "nat", "-A", "PREROUTING", "-p", "tcp", "--dport", "443",
                     "-j", "REDIRECT", "--to-ports", PORT)
    world.server_gateway(PORT)
    world.client_gateway(443)
    s = world.connect(443)
    s.sendall(b"w" * 300000)
    assert traffic.receive_exactly(s, 300000) == b"w" * 300000


@pytest.mark.parametrize("setting", [1, 2])
def test_reverse_path_filter(world4, setting):
    for name in ("all", "default", "right0"):
        world4.client.sysctl(f"net.ipv4.conf.{name}.rp_filter", setting)
    world4.serve(traffic.echo, PORT)
    world4.both(PORT)
    s = world4.connect(PORT)
    s.sendall(b"v" * 300000)
    assert traffic.receive_exactly(s, 300000) == b"v" * 300000


# up, down and show

@pytest.mark.parametrize("mode", ["host", "router"])
def test_down_leaves_nothing(make_world, mode):
    world = make_world(4, roles=("client", "gw", "wire", "server"))
    role = "client" if mode == "host" else "gw"
    ns = getattr(world, role)
    ns.run("iptables", "-A", "INPUT", "-p", "tcp", "--dport", "1", "-j", "DROP")
    ns.run("ip6tables", "-t", "mangle", "-A", "FORWARD", "-p", "udp", "-j", "ACCEPT")
    before = snapshot(ns)
    extra = {"inside": "left0", "outside": "right0"} if mode == "router" else {}
    gateway = world.client_gateway(PORT, role=role, settings={"mode": mode, **extra})
    assert snapshot(ns) != before
    gateway.stop()
    gateway.down()
    assert snapshot(ns) == before


def test_down_without_a_daemon_leaves_nothing(world4):
    before = snapshot(world4.client)
    gateway = world4.client_gateway(PORT, begin=False)
    gateway.up()
    gateway.down()
    assert snapshot(world4.client) == before
    gateway.down()
    assert snapshot(world4.client) == before


def test_up_twice_changes_nothing(world4):
    gateway = world4.client_gateway(PORT)
    once = snapshot(world4.client)
    gateway.up()
    assert snapshot(world4.client) == once


def queued(ns):
    """Packets that the kernel handed to any queue so far."""
    lines = ns.run("cat", "/proc/net/netfilter/nfnetlink_queue").splitlines()
    return sum(int(line.split()[7]) for line in lines)


def test_what_no_rule_can_match_is_never_queued(world):
    """Another port, another address, another direction, UDP: not one packet of them."""
    world.serve(traffic.echo, PORT + 1)
    world.closing(traffic.Server(world.client, world.client_address, PORT, traffic.echo))
    gateway = world.client_gateway(PORT, conditions={"remote_addr": world.server_address})
    assert str(PORT) in gateway.net("show")
    before = queued(world.client)
    for s in (world.connect(PORT + 1), world.server.connect(world.client_address, PORT)):
        with s:
            s.sendall(b"n" * 100000)
            assert traffic.receive_exactly(s, 100000) == b"n" * 100000
    other = topology.unreachable(world.chain, world.family)
    with pytest.raises(OSError):
        world.client.connect(other, PORT)
    world.client.run("ping", "-c", "2", "-i", "0.2", world.server_address)
    assert queued(world.client) - before <= 4  # ICMP errors are looked at: never data
    with pytest.raises(ConnectionRefusedError):
        world.connect(PORT)
    assert queued(world.client) > before


def test_no_owner_match_and_no_bypass_in_the_kernel(world4):
    """Packets of a closed socket have no owner; --queue-bypass would fail open."""
    gateway = world4.client_gateway(PORT, begin=False)
    gateway.write_rules(rules.client(PORT, conditions={"userid": "root"}))
    gateway.begin()
    text = "\n".join(filter_rules(world4.client))
    assert "owner" not in text and "bypass" not in text


def test_router_advertisements_keep_working(make_world):
    """Where IPv6 forwarding had to be switched on for all, accept_ra becomes 2; else nothing."""
    world = make_world(6)
    before = world.client.sysctl("net.ipv6.conf.right0.accept_ra")
    gateway = world.client_gateway(PORT)
    forwarding = world.client.sysctl("net.ipv6.conf.all.forwarding")
    accept = world.client.sysctl("net.ipv6.conf.right0.accept_ra")
    assert (forwarding, accept) in (("0", before), ("1", "2"))
    gateway.stop()
    gateway.down()
    assert world.client.sysctl("net.ipv6.conf.all.forwarding") == "0"
    assert world.client.sysctl("net.ipv6.conf.right0.accept_ra") == before
