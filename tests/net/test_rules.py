# SPDX-License-Identifier: GPL-3.0-or-later
# test_rules.py - which connection gets which action, seen from outside
import os
import pwd
import subprocess

import pytest

from lib import rules, traffic
from lib.tlspeer import tls_server
from lib.world import canary

PORT = 9600


def start(world, text, **settings):
    gateway = world.gateway("client", text, **settings)
    gateway.add_ca(rules.CLIENT_RING, world.pki.ca)
    return gateway.begin()


def clear(world, port, word=b"hello"):
    """Whether @word comes back from an echo server and crosses the wire in clear."""
    capture = world.capture(name=f"clear-{port}")
    s = world.connect(port)
    s.sendall(word)
    assert traffic.receive_exactly(s, len(word)) == word
    s.close()
    return capture.count(word) == 2


def echo_tls(world, port):
    world.closing(tls_server(world.server, world.server_address, port, world.pki.server,
                             traffic.echo))


def pass_action():
    return rules.action("off", tls="off")


def test_higher_priority_wins(world4):
    world4.serve(traffic.echo, PORT)
    start(world4, rules.client(PORT, conditions={"priority": 10})
          + rules.rule("clear", "off", direction="outbound", remote_port=PORT, priority=20)
          + pass_action())
    assert clear(world4, PORT, canary())


def test_lower_priority_loses(world4):
    echo_tls(world4, PORT)
    start(world4, rules.client(PORT, conditions={"priority": 20})
          + rules.rule("clear", "off", direction="outbound", remote_port=PORT, priority=10)
          + pass_action())
    assert not clear(world4, PORT, canary())


@pytest.mark.parametrize("addresses, protected", [
    ("10.77.2.0/24", True), ("10.77.2.2", True), ("10.77.2.1-10.77.2.9", True),
    ("192.0.2.1, 10.77.2.2", True), ("192.0.2.0/24, fd00::/8", False),
    ("10.77.2.3-10.77.2.9", False), ("@group", True),
])
def test_remote_addresses(world4, addresses, protected):
    echo_tls(world4, PORT) if protected else world4.serve(traffic.echo, PORT)
    start(world4, rules.client(PORT, conditions={"remote_addr": addresses})
          + "[addresses group]\naddr = 198.51.100.0/24, 10.77.0.0/16\n")
    assert clear(world4, PORT, canary()) != protected


@pytest.mark.parametrize("addresses, protected", [
    ("fd00:77:2::/64", True), ("fd00:77:2::1-fd00:77:2::9", True), ("2001:db8::/32", False)])
def test_remote_addresses_ipv6(make_world, addresses, protected):
    world = make_world(6)
    echo_tls(world, PORT) if protected else world.serve(traffic.echo, PORT)
    start(world, rules.client(PORT, conditions={"remote_addr": addresses}))
    assert clear(world, PORT, canary()) != protected


@pytest.mark.parametrize("ports, protected", [
    (f"{PORT - 5}-{PORT + 5}", True), (f"1, {PORT}", True), (f"{PORT + 1}-{PORT + 9}", False)])
def test_remote_ports(world4, ports, protected):
    echo_tls(world4, PORT) if protected else world4.serve(traffic.echo, PORT)
    start(world4, rules.client(ports))
    assert clear(world4, PORT, canary()) != protected


def test_direction_inbound_does_not_take_outbound(world4):
    world4.serve(traffic.echo, PORT)
    text = rules.client(PORT).replace("direction = outbound", "direction = inbound")
    start(world4, text)
    assert clear(world4, PORT, canary())


def test_reject_is_a_reset_on_the_plain_side(world4):
    world4.serve(traffic.echo, PORT)
    start(world4, rules.rule("no", "no", direction="outbound", remote_port=PORT)
          + rules.action("no", tls="reject"))
    with pytest.raises(ConnectionError):
        s = world4.connect(PORT, timeout=10)
        s.sendall(b"x")
        s.recv(1)


def test_unmatched_candidates_are_rejected_where_asked(world4):
    """unmatched = reject: a candidate flow that no rule takes is refused."""
    world4.serve(traffic.echo, PORT)
    start(world4, rules.client(PORT, conditions={"userid": "nobody"}), unmatched="reject")
    with pytest.raises(ConnectionError):
        s = world4.connect(PORT, timeout=10)
        s.sendall(b"x")
        s.recv(1)


def as_user(world, user, port, text):
    """Say @text to an echo server as another user; return what came back."""
    account = pwd.getpwnam(user)
    return subprocess.run(
        world.client.command("setpriv", f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}",
                             "--clear-groups", "/usr/bin/python3", "-c", SAY,
                             world.server_address, str(port), text),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=40, cwd="/",
        env={"PATH": os.environ["PATH"]})


SAY = """
import socket, sys
s = socket.create_connection((sys.argv[1], int(sys.argv[2])), 20)
s.sendall(sys.argv[3].encode())
got = b""
while len(got) < len(sys.argv[3]):
    part = s.recv(100)
    if not part:
        break
    got += part
print(got.decode())
"""


@pytest.mark.parametrize("userid, protected", [
    ("nobody", True), ("nob*", True), ("65534", True), ("65000-65534", True), ("root", False),
    ("group:nogroup", True), ("group:nog*", True), ("group:root", False)])
def test_userid(world4, userid, protected):
    """The owner of the connection decides; the server speaks what the rule says."""
    word = canary()
    echo_tls(world4, PORT) if protected else world4.serve(traffic.echo, PORT)
    start(world4, rules.client(PORT, conditions={"userid": userid}))
    capture = world4.capture()
    done = as_user(world4, "nobody", PORT, word.decode())
    assert done.stdout == word.decode() + "\n", done.stderr
    assert (capture.count(word) == 0) == protected


def test_two_users_two_actions_on_one_port(world4):
    """root gets TLS, nobody speaks clear: to servers that expect just that."""
    echo_tls(world4, PORT)
    start(world4, rules.client(PORT, conditions={"userid": "root", "priority": 5})
          + rules.rule("others", "off", direction="outbound", remote_port=PORT, priority=1)
          + pass_action())
    s = world4.connect(PORT)
    s.sendall(b"as root")
    assert traffic.receive_exactly(s, 7) == b"as root"
    done = as_user(world4, "nobody", PORT, "as nobody")
    assert "as nobody" not in done.stdout


def test_suite_and_version_of_the_action(world4):
    echo_tls(world4, PORT)
    gateway = start(world4, rules.client(PORT, versions="TLSv1.2",
                                         ciphers="TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"))
    s = world4.connect(PORT)
    s.sendall(b"x")
    assert s.recv(1) == b"x"
    row = str(gateway.flows())
    assert "TLSv1.2" in row and "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384" in row


def test_rules_in_a_directory_and_in_one_file(world4):
    echo_tls(world4, PORT)
    echo_tls(world4, PORT + 1)
    gateway = world4.gateway("client", rules.client(PORT))
    gateway.write_rules(rules.client(PORT + 1, name="d"), "20-more.ini")
    gateway.add_ca(rules.CLIENT_RING, world4.pki.ca)
    gateway.begin()
    for port in (PORT, PORT + 1):
        s = world4.connect(port)
        s.sendall(b"x")
        assert s.recv(1) == b"x"
    gateway.stop()
    gateway.down()
    gateway.write_ini(rules=gateway.rules_dir + "/20-more.ini")
    gateway.begin()
    s = world4.connect(PORT + 1)
    s.sendall(b"x")
    assert s.recv(1) == b"x"
