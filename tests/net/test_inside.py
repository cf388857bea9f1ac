# SPDX-License-Identifier: GPL-3.0-or-later
# test_inside.py - a router with two interfaces inside, and rules that tell them apart
import pytest

from lib import rules, traffic
from lib.netns import Namespace, sh
from lib.tlspeer import tls_connect, tls_server
from lib.topology import LEFT, RIGHT
from lib.world import canary

PORT = 8650
LAN = "lan9"


def join_second(world, gateway, beyond, link):
    """A namespace behind @gateway's interface lan9, which the node @beyond routes to it."""
    second = Namespace("second")
    world.stack.callback(second.delete)
    sh("ip", "link", "add", LEFT, "netns", second.name, "type", "veth",
       "peer", "name", LAN, "netns", gateway.name)
    for node, name, host in ((second, LEFT, 1), (gateway, LAN, 2)):
        node.run("ip", "link", "set", name, "up")
        node.run("ip", "addr", "add", f"10.77.9.{host}/24", "dev", name)
        node.run("ip", "addr", "add", f"fd00:77:9::{host}/64", "dev", name, "nodad")
    second.run("ip", "route", "add", "default", "via", "10.77.9.2")
    second.run("ip", "route", "add", "default", "via", "fd00:77:9::2")
    if beyond:
        beyond.run("ip", "route", "add", "10.77.9.0/24", "via", f"10.77.{link}.1")
        beyond.run("ip", "route", "add", "fd00:77:9::/64", "via", f"fd00:77:{link}::1")
    return second, "10.77.9.1" if world.family == 4 else "fd00:77:9::1"


@pytest.fixture
def outwards(make_world, family):
    """(world, second client): two clients behind one router, a TLS server beyond the wire."""
    world = make_world(family, roles=("client", "gw", "wire", "server"))
    second, _ = join_second(world, world.gw, world.wire, 2)
    world.closing(tls_server(world.server, world.server_address, PORT, world.pki.server,
                             traffic.echo))
    return world, second


def router(world, **conditions):
    return world.client_gateway(
        PORT, role="gw", conditions=conditions,
        settings={"mode": "router", "inside": f"{LEFT}, {LAN}", "outside": RIGHT})


def reaches_in_tls(world, client):
    """Whether what @client sends goes as TLS; otherwise it is seen on the wire."""
    word = canary()
    capture = world.capture(name=word.decode())
    with client.connect(world.server_address, PORT, 30) as s:
        s.sendall(word)
        if capture_or_answer(s, len(word)) == word:
            capture.stop()
            assert capture.count(word) == 0
            return True
    capture.stop()
    assert capture.count(word) > 0
    return False


def capture_or_answer(s, count):
    """The echo; or whatever a TLS server says to cleartext before it closes."""
    try:
        return traffic.receive_exactly(s, count)
    except (ConnectionError, EOFError, AssertionError):
        return b""


@pytest.mark.parametrize("interfaces, first, other", [
    (LEFT, True, False), (LAN, False, True), ("lan*", False, True),
    (f"{LAN}, le*0", True, True), ("eth*", False, False)])
def test_rule_for_an_interface_inside(outwards, interfaces, first, other):
    world, second = outwards
    gateway = router(world, inside_interface=interfaces)
    assert reaches_in_tls(world, world.client) == first
    assert reaches_in_tls(world, second) == other
    seen = {row["inside_interface"] for row in gateway.flows()}
    assert seen <= {LEFT, LAN, None}


def test_without_the_condition_all_interfaces_count(outwards):
    world, second = outwards
    router(world)
    assert reaches_in_tls(world, world.client)
    assert reaches_in_tls(world, second)


@pytest.mark.sanitized
def test_flows_match_and_diff_know_the_interface(outwards):
    world, second = outwards
    gateway = router(world, inside_interface=LAN)
    s = world.closing(second.connect(world.server_address, PORT, 30))
    s.sendall(b"hello")
    assert traffic.receive_exactly(s, 5) == b"hello"
    row, = gateway.flows()
    assert row["inside_interface"] == LAN
    query = ("policy", "match", "--local", row["local"], "--remote", row["remote"],
             "--direction", "outbound")
    assert gateway.ctl_json(*query, "--inside-interface", LAN)["outcome"] == "rule"
    assert gateway.ctl_json(*query, "--inside-interface", LEFT)["outcome"] == "unmatched"
    assert gateway.ctl_json(*query)["outcome"] == "unknown-reject"
    assert gateway.ctl_json("policy", "diff")["different"] == []
    gateway.write_rules(rules.client(PORT, conditions={"inside_interface": LEFT}))
    row, = gateway.ctl_json("policy", "diff")["different"]
    assert (row["old_rule"], row["new_rule"]) == ("c", None)


@pytest.mark.parametrize("interface, protected", [(LAN, True), (RIGHT, False)])
def test_inbound_rule_for_an_interface_inside(make_world, family, interface, protected):
    world = make_world(family, roles=("client", "wire", "gw", "server"))
    second, address = join_second(world, world.gw, None, 0)
    world.wire.run("ip", "route", "add", "10.77.9.0/24", "via", "10.77.2.2")
    world.wire.run("ip", "route", "add", "fd00:77:9::/64", "via", "fd00:77:2::2")
    world.closing(traffic.Server(second, address, PORT, traffic.echo))
    world.server_gateway(PORT, role="gw", conditions={"inside_interface": interface},
                         settings={"mode": "router", "inside": f"{RIGHT}, {LAN}",
                                   "outside": LEFT})
    if protected:
        with tls_connect(world.client, address, PORT, world.pki.ca) as tls:
            tls.sendall(b"in tls")
            assert tls.recv(6) == b"in tls"
    else:
        with world.client.connect(address, PORT, 30) as s:
            s.sendall(b"in clear")
            assert traffic.receive_exactly(s, 8) == b"in clear"


def test_a_host_has_no_interface_inside(world4):
    gateway = world4.client_gateway(PORT, begin=False, conditions={"inside_interface": LEFT})
    for program, *argv in (("attlsd", "--check"), ("attls-net", "up"),
                           ("attlsctl", "policy", "check"),
                           ("attlsctl", "policy", "check", gateway.rules_dir)):
        done = gateway.result(program, *argv)
        assert done.returncode == 1
        assert "[rule c] inside_interface: is for [gateway] mode = router" in done.stderr


def test_missing_interface_inside_is_named(make_world):
    world = make_world(4, roles=("client", "gw", "wire", "server"))
    gateway = world.client_gateway(PORT, role="gw", begin=False, settings={
        "mode": "router", "inside": f"{LEFT}, gone0", "outside": RIGHT})
    for program, *argv in (("attls-net", "up"), ("attlsd",)):
        done = gateway.result(program, *argv)
        assert done.returncode == 1
        assert "gone0" in done.stderr and LEFT not in done.stderr
