# SPDX-License-Identifier: GPL-3.0-or-later
# test_conditions.py - each condition and each kind of section, as it takes a connection or not
import os

import pytest

from lib import rules, traffic
from lib.gateway import ROOT
from lib.tlspeer import server_context, tls_server
from lib.world import canary

PORT = 9640
OWN = 41000  # a local port of the client


def begin(world, text):
    gateway = world.gateway("client", text)
    gateway.add_ca(rules.CLIENT_RING, world.pki.ca)
    return gateway.begin()


def protected(world, port=PORT, own=0):
    """Whether what a client says to @port, from its port @own, goes as TLS; else in clear."""
    word = canary()
    world.closing(tls_server(world.server, world.server_address, port, world.pki.server,
                             traffic.echo))
    capture = world.capture(name=word.decode())
    with world.client.connect(world.server_address, port, 30, source_port=own) as s:
        s.sendall(word)
        try:
            answer = traffic.receive_exactly(s, len(word))
        except (ConnectionError, EOFError, AssertionError):
            answer = b""  # a TLS server ends what does not begin with a handshake
    capture.stop()
    assert (answer == word) == (capture.count(word) == 0)
    return answer == word


@pytest.mark.parametrize("addresses, expected", [
    ("10.77.1.1, fd00:77:1::1", True), ("10.77.1.0/24, fd00:77:1::/64", True), ("@here", True),
    ("any", True), ("10.77.1.2-10.77.1.9, fd00:77:1::2-fd00:77:1::9", False),
    ("@there", False)])
def test_local_address(world, addresses, expected):
    begin(world, rules.client(PORT, conditions={"local_addr": addresses})
          + rules.section("addresses", "here", {"addr": "10.77.1.1, fd00:77:1::/64"})
          + rules.section("addresses", "there", {"addr": "10.77.2.0/24, fd00:77:2::/64"}))
    assert protected(world) == expected


@pytest.mark.parametrize("ports, expected", [
    (OWN, True), (f"1, {OWN - 9}-{OWN}", True), ("any", True), ("@own", True),
    (OWN + 1, False), ("@other", False)])
def test_local_port(world4, ports, expected):
    begin(world4, rules.client(PORT, conditions={"local_port": ports})
          + rules.section("ports", "own", {"port": f"7, {OWN}"})
          + rules.section("ports", "other", {"port": f"7, 1-{OWN - 1}"}))
    assert protected(world4, own=OWN) == expected


@pytest.mark.parametrize("group, expected", [("@web", True), ("@mail", False)])
def test_group_of_remote_ports(world4, group, expected):
    begin(world4, rules.client(group)
          + rules.section("ports", "web", {"port": f"443, {PORT}"})
          + rules.section("ports", "mail", {"port": "25, 587"}))
    assert protected(world4) == expected


@pytest.mark.parametrize("direction, expected", [
    ("outbound", True), ("both", True), ("inbound", False)])
def test_direction(world4, direction, expected):
    begin(world4, rules.client(PORT).replace("direction = outbound", f"direction = {direction}"))
    assert protected(world4) == expected


@pytest.mark.parametrize("port, expected", [(PORT, True), (PORT + 1, True), (PORT + 2, False)])
def test_traffic(world4, port, expected):
    text = rules.client(PORT).replace(f"direction = outbound\nremote_port = {PORT}",
                                      "traffic = one, two")
    begin(world4, text + "".join(
        rules.section("traffic", name, {"direction": "outbound", "remote_port": number})
        for name, number in (("one", PORT), ("two", PORT + 1), ("unused", PORT + 2))))
    assert protected(world4, port) == expected


def test_requirements(world4):
    """One traffic gets the rule's action with a level, one another action, one nothing."""
    text = rules.client(PORT).replace(f"direction = outbound\nremote_port = {PORT}",
                                      "requirements = usual")
    gateway = begin(
        world4, text + rules.section("requirements", "usual", {"web": "old", "mail": "off"})
        + rules.section("traffic", "web", {"direction": "outbound", "remote_port": PORT})
        + rules.section("traffic", "mail", {"direction": "outbound", "remote_port": PORT + 1})
        + rules.section("level", "old", {"versions": "TLSv1.2"}) + rules.action("off", tls="off"))
    assert protected(world4, PORT)
    assert not protected(world4, PORT + 1)
    assert not protected(world4, PORT + 2)
    used = {r["rule"]: r["hits"] for r in gateway.ctl_json("policy", "show")["rules"]}
    assert used["c~1"] == 1


@pytest.mark.parametrize("name, expected", [("server.test", True), ("other.test", False)])
def test_inherit(world4, name, expected):
    """What an action does not say itself comes from the other, and what it says does not."""
    base = {"tls": "on", "role": "client", "ring": f"root/{rules.CLIENT_RING}",
            "reference_id": "base.test"}
    begin(world4, rules.rule("r", "sub", direction="outbound", remote_port=PORT)
          + rules.action("base", **base) + rules.action("sub", inherit="base", reference_id=name))
    world4.closing(tls_server(world4.server, world4.server_address, PORT, world4.pki.server,
                              traffic.echo))
    s = world4.connect(PORT)
    if expected:
        s.sendall(b"x")
        assert s.recv(1) == b"x"
    else:
        with pytest.raises(ConnectionResetError):
            s.recv(1)


@pytest.mark.parametrize("name, expected", [("http-client", True), ("imap-client", False)])
def test_use(world4, monkeypatch, name, expected):
    monkeypatch.setenv("ATTLS_PREDEFINED", os.path.join(ROOT, "rules", "predefined"))
    begin(world4, rules.section("use", name, {"ring": f"root/{rules.CLIENT_RING}",
                                              "reference_id": "server.test"}))
    assert protected(world4, 8080) == expected


@pytest.mark.parametrize("listed, expected", [(True, True), (False, False)])
def test_include(world4, listed, expected):
    path = os.path.join(world4.path("shared"), "rules.ini")
    with open(path, "w") as f:
        f.write(rules.client(PORT))
    begin(world4, rules.client(PORT + 1, name="own")
          + (f"[include]\nfile = {path}\n" if listed else ""))
    assert protected(world4) == expected


@pytest.mark.parametrize("group", ["secp384r1", "x448"])
def test_groups_of_a_level(world4, group):
    """The group that the level names is agreed on, and no other."""
    gateway = begin(world4, rules.client(PORT, level="one")
                    + rules.section("level", "one", {"groups": group}))
    world4.closing(tls_server(world4.server, world4.server_address, PORT, world4.pki.server,
                              traffic.echo))
    s = world4.connect(PORT)
    s.sendall(b"x")
    assert s.recv(1) == b"x"
    assert gateway.flows()[0]["group"].lower() == group


@pytest.mark.parametrize("sni, sent", [
    (None, "server.test"), ("else.test", "else.test"), ("none", None)])
def test_sni(world4, sni, sent):
    """By default the first name of reference_id; or what is written; or nothing."""
    seen = []
    context = server_context(world4.pki.server)
    context.sni_callback = lambda _s, name, _c: seen.append(name)

    def handle(s, _peer):
        with context.wrap_socket(s, server_side=True) as tls:
            traffic.echo(tls, None)
    world4.serve(handle, PORT)
    begin(world4, rules.client(PORT, **({"sni": sni} if sni else {})))
    s = world4.connect(PORT)
    s.sendall(b"x")
    assert s.recv(1) == b"x"
    assert seen == [sent]
