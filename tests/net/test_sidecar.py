# SPDX-License-Identifier: GPL-3.0-or-later
# test_sidecar.py - the gateway in a container of its own beside the application
import pytest

from lib import clients, rules, servers, traffic
from lib.tlspeer import tls_server
from lib.topology import unreachable
from lib.world import canary

PORT = 8700
V4_ONLY = {"conditions": {"remote_addr": "0.0.0.0/0"}}


@pytest.fixture(params=["rootful", "rootless"])
def unprivileged(request):
    """Whether the container's network namespace belongs to a user namespace."""
    return ("client",) if request.param == "rootless" else ()


def make(make_world, family, unprivileged):
    world = make_world(family, unprivileged=unprivileged)
    if family == 6:
        # what `docker run --sysctl` does before the container starts
        world.client.sysctl("net.ipv6.conf.all.forwarding", 1)
    return world


def sidecar(world, **options):
    conditions = {} if world.family == 6 else V4_ONLY
    return world.client_gateway(PORT, container=True, **conditions, **options)


def test_curl_beside_a_sidecar_reaches_tls_nginx(make_world, family, unprivileged):
    world = make(make_world, family, unprivileged)
    word = canary()
    servers.nginx(world.server, world.path("nginx"), PORT, cert=world.pki.server)
    with open(world.path("nginx") + "/www/page", "wb") as f:
        f.write(word)
    capture = world.capture()
    sidecar(world)
    url = f"http://{clients.host(world.server_address)}:{PORT}"
    got = clients.curl(world.client, url + "/page")
    assert got.stdout == word.decode(), got.stderr
    assert clients.curl(world.client, url + "/peer").stdout.split()[0] == world.client_address
    assert capture.count(word) == 0


def test_sidecar_refused_and_unreachable(make_world, family, unprivileged):
    world = make(make_world, family, unprivileged)
    sidecar(world)
    with pytest.raises(ConnectionRefusedError):
        world.connect(PORT)
    with pytest.raises(OSError, match="No route to host"):
        world.client.connect(unreachable(world.chain, family), PORT)


def test_sidecar_carries_bulk(make_world, family):
    world = make(make_world, family, ())

    def hash_and_tell(s, _peer):
        s.sendall(traffic.receive_hash(s, 32 << 20)[1].encode())
    world.closing(tls_server(world.server, world.server_address, PORT, world.pki.server,
                             hash_and_tell))
    sidecar(world)
    s = world.connect(PORT)
    sent = traffic.send_noise(s, 32 << 20, 8, end=False)
    assert traffic.receive_all(s).decode() == sent


def test_ipv6_without_forwarding_is_refused_with_the_sysctl_named(make_world):
    world = make_world(6)
    gateway = world.client_gateway(PORT, container=True, begin=False)
    gateway.write_rules(rules.client(PORT, conditions={"remote_addr": "::/0"}))
    done = gateway.result("attls-net", "up")
    assert done.returncode != 0
    assert "net.ipv6.conf.all.forwarding" in done.stdout + done.stderr


def test_small_receive_buffer_is_warned_about_with_the_figure(make_world):
    """Without CAP_NET_ADMIN of the machine SO_RCVBUFFORCE fails; SO_RCVBUF is what remains."""
    world = make_world(4, unprivileged=("client",))
    gateway = sidecar(world)
    gateway.wait_log(r"(?i)receive buffer.*\d{5,}")


def test_no_such_warning_with_privileges(make_world):
    world = make_world(4)
    gateway = sidecar(world)
    assert "receive buffer" not in gateway.log().lower()


def test_sidecar_down_leaves_nothing(make_world, unprivileged):
    world = make(make_world, 4, unprivileged)
    before = world.client.run("ip", "-o", "link")
    gateway = sidecar(world)
    gateway.stop()
    gateway.down()
    assert world.client.run("ip", "-o", "link") == before
    for tool in ("iptables-save", "ip6tables-save"):
        assert "-A " not in world.client.run(tool)
