# SPDX-License-Identifier: GPL-3.0-or-later
# test_client_role.py - scenario 1: cleartext clients, the gateway in their namespace, TLS servers
import socket
import ssl

import pytest

from lib import clients, rules, servers, traffic
from lib.tlspeer import server_context, tls_server
from lib.traffic import Server
from lib.world import canary

PORT = 8443


def fetch(world, path, *options):
    return clients.curl(world.client, f"http://{clients.host(world.server_address)}:{PORT}{path}",
                        *options)


@pytest.mark.sanitized
def test_curl_gets_a_page_from_nginx_with_tls(world):
    word = canary()
    directory = world.path("nginx")
    servers.nginx(world.server, directory, PORT, cert=world.pki.server)
    with open(directory + "/www/page", "wb") as f:
        f.write(word)
    capture = world.capture()
    world.client_gateway(PORT)
    got = fetch(world, "/page")
    assert got.stdout == word.decode(), got.stderr
    assert capture.count(word) == 0


def test_nginx_with_tls_sees_the_true_address_of_curl(world):
    servers.nginx(world.server, world.path("nginx"), PORT, cert=world.pki.server)
    world.client_gateway(PORT)
    got = fetch(world, "/peer", "-w", "%{local_port} %{remote_ip} %{remote_port}\n")
    seen, own = (line.split() for line in got.stdout.splitlines())
    assert seen == [world.client_address, own[0], world.server_address, str(PORT)]
    assert own[1:] == [world.server_address, str(PORT)]


def test_keepalive_requests_share_a_connection(world4):
    servers.nginx(world4.server, world4.path("nginx"), PORT, cert=world4.pki.server)
    world4.client_gateway(PORT)
    url = f"http://{world4.server_address}:{PORT}/peer"
    got = clients.curl(world4.client, url, url, url)
    assert len(set(got.stdout.splitlines())) == 1 and len(got.stdout.splitlines()) == 3


@pytest.mark.parametrize("size", [1, 65536, 1 << 20, 10 << 20])
def test_curl_uploads_to_nginx_with_tls(world4, size):
    directory = world4.path("nginx")
    servers.nginx(world4.server, directory, PORT, cert=world4.pki.server,
                  extra="    location /put/ { dav_methods PUT; create_full_put_path on; }\n")
    body = directory + "/body"
    with open(body, "wb") as f:
        f.write(traffic.noise(size))
    world4.client_gateway(PORT)
    got = fetch(world4, "/put/x", "-T", body, "-w", "%{http_code}")
    assert got.stdout.endswith("201"), got.stdout + got.stderr
    with open(directory + "/www/put/x", "rb") as f:
        assert f.read() == traffic.noise(size)


def test_plain_socket_talks_to_openssl_s_server(world):
    servers.openssl_server(world.server, world.path("o"), PORT, world.pki.server,
                           family=world.family)
    world.client_gateway(PORT)
    s = world.connect(PORT)
    s.sendall(b"attls\n")
    assert traffic.receive_exactly(s, 6) == b"sltta\n"


def test_plain_socket_talks_to_gnutls_serv(world):
    servers.gnutls_server(world.server, world.path("g"), PORT, world.pki.server)
    world.client_gateway(PORT)
    s = world.connect(PORT)
    s.sendall(b"echo this\n")
    assert traffic.receive_exactly(s, 10) == b"echo this\n"


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3],
                         ids=["tls12", "tls13"])
def test_both_tls_versions(world4, version):
    world4.closing(tls_server(world4.server, world4.server_address, PORT, world4.pki.server,
                              lambda s, _peer: s.sendall(s.version().encode()), version=version))
    world4.client_gateway(PORT)
    s = world4.connect(PORT)
    assert traffic.receive_all(s) == version.name.replace("_", ".").encode()


def test_both_ends_have_true_names(world):
    world.closing(tls_server(world.server, world.server_address, PORT, world.pki.server,
                             lambda s, peer: s.sendall(f"{peer[0]} {peer[1]}".encode())))
    world.client_gateway(PORT)
    s = world.connect(PORT)
    assert s.getpeername()[:2] == (world.server_address, PORT)
    own = s.getsockname()
    assert traffic.receive_all(s) == f"{own[0]} {own[1]}".encode()
    assert own[0] == world.client_address


def test_server_may_speak_first(world):
    world.closing(tls_server(world.server, world.server_address, PORT, world.pki.server,
                             lambda s, _peer: (s.sendall(b"220 ready\r\n"), s.recv(10))))
    world.client_gateway(PORT)
    assert world.connect(PORT).recv(100) == b"220 ready\r\n"


def test_client_certificate_is_presented(world4):
    def subject(s, _peer):
        s.sendall(str(s.getpeercert()["subject"]).encode())
    world4.closing(tls_server(world4.server, world4.server_address, PORT, world4.pki.server,
                              subject, ca=world4.pki.ca))
    world4.client_gateway(PORT, cert=world4.pki.client)
    assert b"client.test" in traffic.receive_all(world4.connect(PORT))


def test_server_name_is_sent(world4):
    names = []
    context = server_context(world4.pki.server)
    context.sni_callback = lambda _s, name, _c: names.append(name)

    def handle(s, _peer):
        with context.wrap_socket(s, server_side=True) as tls:
            tls.sendall(b"x")
            tls.unwrap()
    world4.closing(Server(world4.server, world4.server_address, PORT, handle))
    world4.client_gateway(PORT)
    assert world4.connect(PORT).recv(1) == b"x"
    assert names == ["server.test"]


@pytest.mark.parametrize("identity", ["remote-ip", "10.77.2.2", None])
def test_certificate_that_names_the_address(world4, identity):
    """remote-ip, the address itself, and remote-ip by default where no reference_id is given."""
    world4.closing(tls_server(world4.server, world4.server_address, PORT, world4.pki.address,
                              lambda s, _peer: s.sendall(b"x")))
    gateway = world4.client_gateway(PORT, begin=False)
    text = rules.client(PORT, reference_id=identity)
    gateway.write_rules(text if identity else text.replace("reference_id = None\n", ""))
    gateway.begin()
    assert world4.connect(PORT).recv(1) == b"x"


def test_any_name_has_to_be_written_down(world4):
    world4.closing(tls_server(world4.server, world4.server_address, PORT, world4.pki.wrong_host,
                              lambda s, _peer: s.sendall(b"x")))
    world4.client_gateway(PORT, reference_id="any")
    assert world4.connect(PORT).recv(1) == b"x"


def test_system_wide_ring(world4):
    """An action without a ring uses the ring of the [gateway] section."""
    world4.closing(tls_server(world4.server, world4.server_address, PORT, world4.pki.server,
                              lambda s, _peer: s.sendall(b"x")))
    gateway = world4.client_gateway(PORT, settings={"ring": f"root/{rules.CLIENT_RING}"},
                                    begin=False)
    gateway.write_rules(rules.client(PORT).replace(f"ring = root/{rules.CLIENT_RING}\n", ""))
    gateway.begin()
    assert world4.connect(PORT).recv(1) == b"x"


def test_ring_without_owner_is_the_connection_owners(world4):
    world4.closing(tls_server(world4.server, world4.server_address, PORT, world4.pki.server,
                              lambda s, _peer: s.sendall(b"x")))
    world4.client_gateway(PORT, ring=rules.CLIENT_RING)
    assert world4.connect(PORT).recv(1) == b"x"


def test_other_ports_stay_in_clear(world):
    word = canary()
    world.serve(traffic.echo, PORT + 1)
    gateway = world.client_gateway(PORT)
    capture = world.capture()
    s = world.connect(PORT + 1)
    s.sendall(word)
    assert traffic.receive_exactly(s, len(word)) == word
    assert gateway.flows() == []
    s.close()
    assert capture.count(word) == 2


def test_application_with_nodelay_is_not_kept_waiting(world4):
    """Five hundred exchanges of some bytes: no exchange waits for a delayed ACK (40 ms)."""
    world4.closing(tls_server(world4.server, world4.server_address, PORT, world4.pki.server,
                              traffic.echo))
    world4.client_gateway(PORT)
    s = world4.connect(PORT, timeout=20)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for i in range(500):
        word = b"%08d" % i
        s.sendall(word)
        assert traffic.receive_exactly(s, 8) == word
