# SPDX-License-Identifier: GPL-3.0-or-later
# test_startup.py - from boot until a policy is in force only some may open connections
import contextlib
import os
import pwd
import subprocess

import pytest

from lib import rules, traffic
from lib.tlspeer import tls_server
from lib.topology import LEFT, RIGHT

PORT = 9720
NOBODY = pwd.getpwnam("nobody").pw_uid
TRY = """
import socket, sys
s = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET)
s.settimeout(float(sys.argv[3]))
s.connect((sys.argv[1], int(sys.argv[2])))
"""


def connects(node, address, uid, timeout=1.5):
    """Whether user @uid of @node can connect; a SYN that is dropped is repeated after a second."""
    done = subprocess.run(
        node.command("setpriv", f"--reuid={uid}", "--clear-groups", "/usr/bin/python3", "-c", TRY,
                     address, str(PORT), str(timeout)),
        cwd="/", stderr=subprocess.PIPE, timeout=60, env={"PATH": os.environ["PATH"]})
    assert done.returncode == 0 or b"timed out" in done.stderr, done.stderr
    return done.returncode == 0


def prepare(world, role="client", settings=None, **keys):
    gateway = world.gateway(role, rules.client(PORT + 1), **(settings or {}))
    with open(gateway.ini, "a") as f:
        f.write("[startup]\n" + "".join(f"{k} = {v}\n" for k, v in keys.items()))
    return gateway


LOCKED = """#!/bin/sh
echo "Another app is currently holding the xtables lock." >&2
exit 4
"""


@contextlib.contextmanager
def programs(world, **texts):
    """Programs in front of the real ones, for what is run from here."""
    folder, path = world.path("fake"), os.environ["PATH"]
    for name, text in texts.items():
        file = os.path.join(folder, name)
        with open(file, "w") as f:
            f.write(text)
        os.chmod(file, 0o755)
    os.environ["PATH"] = f"{folder}:{path}"
    try:
        yield
    finally:
        os.environ["PATH"] = path


def saved(node):
    return node.run("iptables-save") + node.run("ip6tables-save")


def test_only_permitted_users_connect_without_a_daemon(world):
    world.serve(traffic.echo, PORT)
    gateway = prepare(world, userid="root, 100-200")
    gateway.net("startup")
    assert connects(world.client, world.server_address, 0)
    assert connects(world.client, world.server_address, 150)
    assert not connects(world.client, world.server_address, NOBODY)
    gateway.net("startup")  # twice is once
    gateway.net("ready")
    assert connects(world.client, world.server_address, NOBODY)
    assert "ATTLS" not in saved(world.client)
    gateway.net("ready")


@pytest.mark.parametrize("permitted", [True, False])
def test_permitted_destination(world, permitted):
    world.serve(traffic.echo, PORT)
    other = "192.0.2.1, 2001:db8::/32"
    gateway = prepare(world, remote_addr=world.server_address if permitted else other)
    gateway.net("startup")
    assert connects(world.client, world.server_address, NOBODY) == permitted


def test_servers_are_not_reached_either(world):
    world.serve(traffic.echo, PORT)
    gateway = prepare(world, role="server", userid="root")
    gateway.net("startup")
    assert not connects(world.client, world.server_address, 0)
    gateway.net("ready")
    assert connects(world.client, world.server_address, 0)


def test_nobody_is_permitted_unless_named(world4):
    world4.serve(traffic.echo, PORT)
    gateway = prepare(world4)
    gateway.net("startup")
    assert not connects(world4.client, world4.server_address, 0)


@pytest.mark.parametrize("permitted", [True, False])
def test_router_forwards_to_permitted_destinations_only(make_world, family, permitted):
    """Users are of no account behind a router; what is open goes on."""
    world = make_world(family, roles=("client", "gw", "wire", "server"))
    world.serve(traffic.echo, PORT)
    s = world.connect(PORT)
    other = "192.0.2.1, 2001:db8::/32"
    gateway = prepare(world, role="gw", userid="root",
                      settings={"mode": "router", "inside": LEFT, "outside": RIGHT},
                      remote_addr=world.server_address if permitted else other)
    gateway.net("startup")
    assert connects(world.client, world.server_address, 0) == permitted
    s.sendall(b"hello")
    assert traffic.receive_exactly(s, 5) == b"hello"
    gateway.net("ready")
    assert connects(world.client, world.server_address, 0)
    assert "ATTLS" not in saved(world.gw)


def test_loopback_and_open_connections_go_on(world4):
    world4.serve(traffic.echo, PORT)
    s = world4.connect(PORT)
    gateway = prepare(world4)
    gateway.net("startup")
    s.sendall(b"hello")
    assert traffic.receive_exactly(s, 5) == b"hello"
    listener = world4.client.listen("127.0.0.1", PORT)
    world4.client.connect("127.0.0.1", PORT).close()
    listener.close()


def test_window_ends_when_the_daemon_is_ready(world4):
    """A connection that began in the window gets through then, and no earlier."""
    world4.closing(tls_server(world4.server, world4.server_address, PORT + 1, world4.pki.server,
                              traffic.echo))
    world4.serve(traffic.echo, PORT)
    gateway = prepare(world4)
    gateway.add_ca(rules.CLIENT_RING, world4.pki.ca)
    gateway.net("startup")
    waiting = traffic.Task(connects, world4.client, world4.server_address, NOBODY, 30)
    gateway.up()
    assert not waiting.done()
    gateway.start()
    assert waiting.join()
    s = world4.connect(PORT + 1)
    s.sendall(b"hello")
    assert traffic.receive_exactly(s, 5) == b"hello"


def without_section(gateway):
    with open(gateway.ini) as f:
        text = f.read()
    with open(gateway.ini, "w") as f:
        f.write(text.split("[startup]")[0])


def test_window_ends_although_its_section_is_gone(world4):
    """Booted with it; attlsd failed; the administrator took it out and started attlsd."""
    world4.serve(traffic.echo, PORT)
    gateway = prepare(world4)
    gateway.add_ca(rules.CLIENT_RING, world4.pki.ca)
    gateway.net("startup")
    assert not connects(world4.client, world4.server_address, NOBODY)
    without_section(gateway)
    gateway.begin()
    assert connects(world4.client, world4.server_address, NOBODY)
    assert "ATTLS-START" not in saved(world4.client)


@pytest.mark.parametrize("wanted", [True, False])
def test_daemon_that_cannot_look_for_a_window(world4, wanted):
    """It serves those who asked for none, and says so."""
    gateway = prepare(world4)
    gateway.add_ca(rules.CLIENT_RING, world4.pki.ca)
    if not wanted:
        without_section(gateway)
    gateway.up()
    sentence = "iptables, table security: Another app"
    with programs(world4, iptables=LOCKED):
        if wanted:
            done = gateway.result("attlsd")
            assert done.returncode == 1 and sentence in done.stderr
        else:
            gateway.start()
            gateway.wait_log(f"attlsd: warning: attls-net ready: .*{sentence}")


def test_without_a_section_nothing_is_held(world4):
    world4.serve(traffic.echo, PORT)
    gateway = world4.gateway("client", rules.client(PORT + 1))
    assert "no [startup] section" in gateway.net("startup")
    assert connects(world4.client, world4.server_address, NOBODY)


def test_owner_is_matched_for_syns_only(world4):
    gateway = prepare(world4, userid="root")
    gateway.net("startup")
    gateway.up()
    lines = saved(world4.client).splitlines()
    owners = [line for line in lines if "--uid-owner" in line]
    assert owners and all(line.startswith("-A ATTLS-START-OUT ") for line in owners)
    jumps = [line for line in lines if "-j ATTLS-START" in line]
    assert len(jumps) == 4
    assert all("--tcp-flags FIN,SYN,RST,ACK SYN" in line for line in jumps)


def test_settings_that_do_not_load_permit_nobody(world):
    """It asks for a window, and whom it would let through cannot be relied upon."""
    world.serve(traffic.echo, PORT)
    gateway = prepare(world, settings={"log_levl": "info"}, userid="root",
                      remote_addr=world.server_address)
    done = gateway.result("attls-net", "startup")
    assert done.returncode == 1
    assert "did you mean log_level?" in done.stderr and "nobody may connect now" in done.stderr
    assert not connects(world.client, world.server_address, 0)
    listener = world.client.listen("127.0.0.1", PORT)
    world.client.connect("127.0.0.1", PORT).close()
    listener.close()
    gateway.net("ready")  # reads no settings
    assert connects(world.client, world.server_address, 0)
    assert "ATTLS" not in saved(world.client)


def test_settings_that_load_again_open_the_window(world4):
    world4.serve(traffic.echo, PORT)
    gateway = prepare(world4, userid="root")
    with open(gateway.ini) as f:
        good = f.read()
    with open(gateway.ini, "a") as f:
        f.write("usrid = 1\n")
    assert gateway.result("attls-net", "startup").returncode == 1
    assert not connects(world4.client, world4.server_address, 0)
    with open(gateway.ini, "w") as f:
        f.write(good)
    gateway.net("startup")
    assert connects(world4.client, world4.server_address, 0)
    assert "ATTLS-START-FWD" not in saved(world4.client)


def test_settings_that_do_not_load_and_ask_for_no_window(world4):
    world4.serve(traffic.echo, PORT)
    gateway = world4.gateway("client", rules.client(PORT + 1), log_levl="info")
    done = gateway.result("attls-net", "startup")
    assert done.returncode == 1 and "did you mean log_level?" in done.stderr
    assert "nobody may" not in done.stderr
    assert connects(world4.client, world4.server_address, NOBODY)
    assert "ATTLS" not in saved(world4.client)


def test_router_whose_settings_do_not_load_forwards_nothing(make_world, family):
    world = make_world(family, roles=("client", "gw", "wire", "server"))
    world.serve(traffic.echo, PORT)
    gateway = prepare(world, role="gw", remote_addr=world.server_address,
                      settings={"mode": "rooter", "inside": LEFT, "outside": RIGHT})
    assert gateway.result("attls-net", "startup").returncode == 1
    assert not connects(world.client, world.server_address, 0)
    gateway.net("ready")
    assert connects(world.client, world.server_address, 0)
    assert "ATTLS" not in saved(world.gw)


def test_account_that_is_unknown_permits_nobody(world4):
    """A directory service may not be there yet; neither is the host left open nor is root shut."""
    world4.serve(traffic.echo, PORT)
    gateway = prepare(world4, userid="of-a-directory, root")
    done = gateway.result("attls-net", "startup")
    assert done.returncode == 0 and "of-a-directory" in done.stderr
    assert connects(world4.client, world4.server_address, 0)
    assert not connects(world4.client, world4.server_address, NOBODY)


def test_kernel_that_knows_no_owners_permits_nobody(world4):
    """Neither does it leave everybody, for a rule that it does not take."""
    world4.serve(traffic.echo, PORT)
    gateway = prepare(world4, userid="root")
    text = """#!/bin/sh
rules=$(cat)
case "$rules" in *owner*) echo "line 5 failed: no owners here" >&2; exit 4 ;; esac
echo "$rules" | exec /usr/sbin/iptables-restore "$@"
"""
    with programs(world4, **{"iptables-restore": text}):
        done = gateway.result("attls-net", "startup")
    assert done.returncode == 1 and "no owners here" in done.stderr
    assert not connects(world4.client, world4.server_address, 0)
    gateway.net("ready")
    assert "ATTLS" not in saved(world4.client)


def test_tables_that_cannot_be_read_are_not_taken_for_empty(world4):
    """Neither is the window left shut with a good word, nor is a second one put before it."""
    world4.serve(traffic.echo, PORT)
    gateway = prepare(world4)
    gateway.net("startup")
    before = [line for line in saved(world4.client).splitlines() if "ATTLS" in line]
    with programs(world4, iptables=LOCKED, ip6tables=LOCKED):
        for verb in ("ready", "startup"):
            done = gateway.result("attls-net", verb)
            assert done.returncode == 1
            assert "iptables, table security: Another app" in done.stderr
            assert "ip6tables, table security: Another app" in done.stderr
    assert [line for line in saved(world4.client).splitlines() if "ATTLS" in line] == before
    gateway.net("ready")
    assert connects(world4.client, world4.server_address, NOBODY)
    assert "ATTLS" not in saved(world4.client)


def test_a_kernel_without_the_table_has_no_window(world4):
    text = """#!/bin/sh
echo "can't initialize ip6tables table: Table does not exist (do you need to insmod?)" >&2
exit 3
"""
    gateway = prepare(world4)
    with programs(world4, iptables=text, ip6tables=text):
        gateway.net("ready")


def test_whatever_there_is_of_a_window_is_removed(world4):
    """A jump twice, a jump that somebody else has removed."""
    gateway = prepare(world4)
    gateway.net("startup")
    world4.client.run("iptables", "-t", "security", "-I", "INPUT", "-p", "tcp", "--syn",
                      "-j", "ATTLS-START-IN")
    world4.client.run("ip6tables", "-t", "security", "-D", "OUTPUT", "1")
    gateway.net("ready")
    assert "ATTLS" not in saved(world4.client)


def test_a_jump_that_somebody_has_removed_comes_back(world4):
    world4.serve(traffic.echo, PORT)
    gateway = prepare(world4)
    gateway.net("startup")
    world4.client.run("iptables", "-t", "security", "-F", "OUTPUT")
    gateway.net("startup")
    assert not connects(world4.client, world4.server_address, NOBODY)
    assert saved(world4.client).count("-j ATTLS-START-OUT") == 2  # one in each family
