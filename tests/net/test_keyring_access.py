# SPDX-License-Identifier: GPL-3.0-or-later
# test_keyring_access.py - whose connection may use which ring and which private key
import os
import pwd
import subprocess

import pytest

from lib import rules, traffic
from lib.tlspeer import tls_connect, tls_server
from lib.world import canary

PORT = 9700
CLIENT_RING = f"root/{rules.CLIENT_RING}"
SERVER_RING = f"root/{rules.SERVER_RING}"

SAY = """
import socket, sys
s = socket.create_connection((sys.argv[1], int(sys.argv[2])), 20)
s.sendall(sys.argv[3].encode())
print(s.recv(100).decode())
"""

ECHO = """
import socket, sys
listener = socket.create_server(("0.0.0.0", int(sys.argv[1])))
print("listening", flush=True)
while True:
    s, _ = listener.accept()
    s.sendall(s.recv(100))
    s.close()
"""


def as_nobody(*argv):
    account = pwd.getpwnam("nobody")
    return ["setpriv", f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}",
            "--clear-groups", "/usr/bin/python3", "-c", *map(str, argv)]


def say(world, text):
    """What an echo server answers to user nobody."""
    return subprocess.run(
        world.client.command(*as_nobody(SAY, world.server_address, PORT, text)),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=40, cwd="/",
        env={"PATH": os.environ["PATH"]}).stdout.strip()


def client_gateway(world, **keys):
    world.closing(tls_server(world.server, world.server_address, PORT, world.pki.server,
                             traffic.echo))
    gateway = world.client_gateway(PORT, begin=False, **keys)
    gateway.revoke_all()
    return gateway


def echo_as_nobody(world):
    log = os.path.join(world.path("echo"), "log")
    world.server.start(*as_nobody(ECHO, PORT), log=log, cwd="/").wait_output("listening", 20)


def served(world):
    """Whether a TLS client reaches the echo server behind the gateway."""
    try:
        with tls_connect(world.client, world.server_address, PORT, world.pki.ca) as s:
            s.sendall(b"hello")
            return s.recv(100) == b"hello"
    except OSError:
        return False


def test_own_ring_is_ones_own(world4):
    client_gateway(world4).begin()
    s = world4.connect(PORT)
    s.sendall(b"as root")
    assert traffic.receive_exactly(s, 7) == b"as root"


def test_ring_of_another_is_refused(world4):
    gateway = client_gateway(world4).begin()
    capture, word = world4.capture(), canary().decode()
    assert say(world4, word) == ""
    gateway.wait_log(f"uid 65534 may not read ring {CLIENT_RING}: it takes READ")
    assert capture.count(word.encode()) == 0


@pytest.mark.parametrize("lists", [
    {"read": "nobody"}, {"read": "65534"}, {"read": "bin, group:nogroup"}, {"control": "*"}])
def test_ring_of_another_with_leave(world4, lists):
    gateway = client_gateway(world4)
    gateway.grant(CLIENT_RING, **lists)
    gateway.begin()
    assert say(world4, "as nobody") == "as nobody"


def test_leave_for_others_is_none(world4):
    gateway = client_gateway(world4)
    gateway.grant(CLIENT_RING, control="bin, group:daemon")
    gateway.begin()
    assert say(world4, "as nobody") == ""
    gateway.wait_log("may not read ring")


@pytest.mark.parametrize("ring, reads", [("*AUTH*/*", True), ("CERTAUTH/*", False)])
def test_virtual_ring_takes_leave(world4, ring, reads):
    """Nobody's own are the certificates of authorities, not even root's."""
    gateway = client_gateway(world4, ring=ring)
    if reads:
        gateway.grant("CERTAUTH/*", read="nobody")
    gateway.begin()
    assert say(world4, "as nobody") == ("as nobody" if reads else "")
    if not reads:
        gateway.wait_log(r"may not read ring CERTAUTH/\*: it takes READ")


def test_key_of_another_takes_update(world4):
    gateway = world4.server_gateway(PORT, begin=False)
    echo_as_nobody(world4)
    gateway.revoke_all()
    gateway.grant(SERVER_RING, read="nobody")
    gateway.begin()
    assert not served(world4)
    gateway.wait_log(f"ring {SERVER_RING}: user nobody may not use the private key: "
                     "it takes UPDATE")
    gateway.revoke_all()
    gateway.grant(SERVER_RING, update="nobody")
    gateway.ctl("reload")
    assert served(world4)


def test_key_of_the_site_takes_control(world4):
    gateway = world4.gateway("server", rules.server(PORT, ring="nobody/own"))
    cert = world4.pki.server
    gateway.keyring("add", "--site", "--label", "srv", "--cert", cert.pem, "--key", cert.key)
    gateway.keyring("addring", "--id", "nobody", "own")
    gateway.keyring("connect", "--id", "nobody", "--ring", "own", "--owner", "SITE",
                    "--label", "srv", "--usage", "personal", "--default")
    echo_as_nobody(world4)
    gateway.begin()
    assert not served(world4)
    gateway.wait_log("user nobody may not use the private key: it takes CONTROL")
    gateway.grant("nobody/own", control="nobody")
    gateway.ctl("reload")
    assert served(world4)


def peer_name(world):
    """A TLS server that says whose certificate its client has."""
    def say_name(s, _peer):
        s.recv(100)
        s.sendall(dict(rdn[0] for rdn in s.getpeercert()["subject"])["commonName"].encode())
    world.closing(tls_server(world.server, world.server_address, PORT, world.pki.server, say_name,
                             ca=world.pki.ca))


def ring_of(gateway, user, cert):
    gateway.keyring("add", "--id", user, "--label", "cli", "--cert", cert.pem, "--key", cert.key)
    gateway.keyring("addring", "--id", user, "common")
    gateway.keyring("connect", "--id", user, "--ring", "common", "--label", "cli", "--default")
    gateway.keyring("connect", "--id", user, "--ring", "common", "--owner", "CERTAUTH",
                    "--label", "ca")


def test_rings_of_one_name_are_each_users_own(world4):
    """One rule for all: `ring` without an owner is the ring of whoever opens the connection."""
    peer_name(world4)
    gateway = world4.client_gateway(PORT, begin=False, ring="common")
    gateway.revoke_all()
    ring_of(gateway, "root", world4.pki.client)
    gateway.begin()
    assert say(world4, "whoever") == ""
    gateway.wait_log("refused: user uid 65534 has no ring common")
    gateway.keyring("addring", "--id", "nobody", "other")
    gateway.wait_log("keyring generation 2 in force")
    assert say(world4, "whoever") == ""
    gateway.wait_log("refused: user nobody has no ring common")
    ring_of(gateway, "nobody", world4.pki.address)
    gateway.wait_log("keyring generation .* in force: 3 certificates, 4 rings")
    assert say(world4, "whoever") == "address"
    s = world4.connect(PORT)
    s.sendall(b"whoever")
    assert traffic.receive_exactly(s, 11) == b"client.test"


@pytest.mark.parametrize("owner, ring, serves", [
    ("--id=root", "root/*", True), ("--site", "*SITE*/*", False)])
def test_server_of_a_virtual_ring_takes_a_label(world4, owner, ring, serves):
    """Such a ring has no default; what SITE has in its own is trusted, not presented."""
    world4.serve(traffic.echo, PORT)
    gateway = world4.gateway("server", rules.server(PORT, ring=ring, label="srv"))
    cert = world4.pki.server
    gateway.keyring("add", owner, "--label", "srv", "--cert", cert.pem, "--key", cert.key)
    gateway.grant("SITE/*", control="*")
    gateway.begin()
    assert served(world4) == serves
    gateway.write_rules(rules.server(PORT, ring=ring))
    gateway.ctl("reload")
    assert not served(world4)
    gateway.wait_log("has no")


def test_site_certificates_are_trusted_peers(world4):
    """`*SITE*/*`: this very certificate is believed, whoever signed it, and no other."""
    world4.closing(tls_server(world4.server, world4.server_address, PORT, world4.pki.untrusted,
                              traffic.echo))
    gateway = world4.client_gateway(PORT, begin=False, ring="*SITE*/*")
    gateway.grant("SITE/*", read="root")
    gateway.keyring("add", "--site", "--label", "other", "--cert", world4.pki.server.pem)
    gateway.begin()
    s = world4.connect(PORT)
    with pytest.raises(OSError):
        s.sendall(b"hello")
        assert s.recv(5) != b""
        s.sendall(b"hello")
    gateway.wait_log("certificate verify failed")
    gateway.keyring("add", "--site", "--label", "peer", "--cert", world4.pki.untrusted.pem)
    gateway.wait_log("keyring generation 2 in force")
    s = world4.connect(PORT)
    s.sendall(b"hello")
    assert traffic.receive_exactly(s, 5) == b"hello"


def test_client_without_leave_for_the_key_presents_none(world4):
    """The server does not ask for a certificate, so it goes on; the log tells."""
    gateway = client_gateway(world4, cert=world4.pki.client)
    gateway.grant(CLIENT_RING, read="nobody")
    gateway.begin()
    assert say(world4, "as nobody") == "as nobody"
    gateway.wait_log("may not use the private key, so no certificate is presented: "
                     "it takes UPDATE")
