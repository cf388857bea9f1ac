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


def test_client_without_leave_for_the_key_presents_none(world4):
    """The server does not ask for a certificate, so it goes on; the log tells."""
    gateway = client_gateway(world4, cert=world4.pki.client)
    gateway.grant(CLIENT_RING, read="nobody")
    gateway.begin()
    assert say(world4, "as nobody") == "as nobody"
    gateway.wait_log("may not use the private key, so no certificate is presented: "
                     "it takes UPDATE")
