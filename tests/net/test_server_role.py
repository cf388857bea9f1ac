# SPDX-License-Identifier: GPL-3.0-or-later
# test_server_role.py - scenario 2: cleartext servers behind the gateway, TLS clients
import ssl
import struct

import pytest

from lib import clients, servers, traffic
from lib.tlspeer import tls_connect
from lib.world import canary

PORT = 8080


@pytest.mark.sanitized
def test_curl_with_https_gets_a_page_from_plain_nginx(world):
    word = canary()
    directory = world.path("nginx")
    servers.nginx(world.server, directory, PORT)
    with open(directory + "/www/page", "wb") as f:
        f.write(word)
    capture = world.capture()
    world.server_gateway(PORT)
    got = clients.curl_tls(world.client, world.server_address, PORT, "/page", world.pki)
    assert got.stdout == word.decode(), got.stderr
    assert capture.count(word) == 0


def test_plain_nginx_sees_the_true_address_of_curl(world):
    servers.nginx(world.server, world.path("nginx"), PORT)
    world.server_gateway(PORT)
    got = clients.curl_tls(world.client, world.server_address, PORT, "/peer", world.pki, "-w",
                           "%{local_port} %{remote_ip}\n")
    seen, own = (line.split() for line in got.stdout.splitlines())
    assert seen == [world.client_address, own[0], world.server_address, str(PORT)]
    assert own[1] == world.server_address


def test_curl_with_https_and_python_http_server(world):
    directory = world.path("files")
    with open(directory + "/big", "wb") as f:
        f.write(traffic.noise(3 << 20))
    servers.python_http(world.server, directory, PORT, world.server_address)
    world.server_gateway(PORT)
    target = directory + "/got"
    got = clients.curl_tls(world.client, world.server_address, PORT, "/big", world.pki, "-o",
                           target)
    assert got.returncode == 0, got.stderr
    with open(target, "rb") as f:
        assert f.read() == traffic.noise(3 << 20)


def test_redis_cli_with_tls_and_plain_redis(world):
    servers.redis(world.server, world.path("redis"), PORT)
    world.server_gateway(PORT)
    command = ("--tls", "--cacert", world.pki.ca.pem, "--sni", "server.test")
    assert clients.redis(world.client, world.server_address, PORT, *command,
                         "SET", "k", "v" * 100000).stdout == "OK\n"
    got = clients.redis(world.client, world.server_address, PORT, *command, "GET", "k")
    assert got.stdout == "v" * 100000 + "\n"


def test_postgres_protocol_inside_tls(world4):
    """TLS from the first byte, as psql 17 calls sslnegotiation=direct."""
    servers.postgres(world4.server, world4.path("pg"), PORT)
    world4.server_gateway(PORT)
    start = struct.pack(">I", 196608) + b"user\0postgres\0database\0postgres\0\0"
    with tls_connect(world4.client, world4.server_address, PORT, world4.pki.ca) as tls:
        tls.sendall(struct.pack(">I", len(start) + 4) + start)
        assert traffic.receive_exactly(tls, 9) == b"R" + struct.pack(">II", 8, 0)
        query = b"SELECT 6*7\0"
        tls.sendall(b"Q" + struct.pack(">I", len(query) + 4) + query)
        answer = b""
        while not answer.endswith(b"Z\0\0\0\x05I") or b"SELECT 1" not in answer:
            answer += tls.recv(4096)
        assert b"\0\0\0\x0242" in answer


def test_openssl_s_client_and_plain_echo(world):
    world.serve(traffic.echo, PORT)
    world.server_gateway(PORT)
    client = world.closing(clients.openssl_client(
        world.client, world.path("c"), world.server_address, PORT, world.pki))
    client.ask("through the gateway\n", "^through the gateway$")


def test_gnutls_cli_and_plain_echo(world):
    world.serve(traffic.echo, PORT)
    world.server_gateway(PORT)
    client = world.closing(clients.gnutls_client(
        world.client, world.path("c"), world.server_address, PORT, world.pki))
    client.ask("through the gateway\n", "^through the gateway$")


def test_both_ends_have_true_names(world):
    world.serve(traffic.peername, PORT)
    world.server_gateway(PORT)
    with tls_connect(world.client, world.server_address, PORT, world.pki.ca) as tls:
        own = tls.getsockname()
        text = traffic.receive_all(tls).decode().split()
    assert text == [world.client_address, str(own[1]), world.server_address, str(PORT)]


def test_server_may_speak_first(world):
    world.serve(lambda s, _peer: (s.sendall(b"220 ready\r\n"), s.recv(1)), PORT)
    world.server_gateway(PORT)
    with tls_connect(world.client, world.server_address, PORT, world.pki.ca) as tls:
        assert tls.recv(100) == b"220 ready\r\n"


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3],
                         ids=["tls12", "tls13"])
def test_both_tls_versions(world4, version):
    world4.serve(traffic.echo, PORT)
    world4.server_gateway(PORT)
    with tls_connect(world4.client, world4.server_address, PORT, world4.pki.ca,
                     version=version) as tls:
        assert tls.version() == version.name.replace("_", ".")
        tls.sendall(b"x" * 100000)
        assert traffic.receive_exactly(tls, 100000) == b"x" * 100000


def test_label_chooses_the_certificate(world4):
    """The certificate named by `label` is presented, not the default of the ring."""
    world4.serve(lambda s, _peer: s.sendall(b"x"), PORT)
    gateway = world4.server_gateway(PORT, cert=world4.pki.wrong_host, begin=False, label="second")
    gateway.add_cert("serverring", world4.pki.server, "second", new_ring=False)
    gateway.keyring("connect", "--id", "root", "--ring", "serverring", "--label", "srv",
                    "--default")
    gateway.begin()
    with tls_connect(world4.client, world4.server_address, PORT, world4.pki.ca) as tls:
        assert tls.recv(1) == b"x"


def test_alpn_is_not_invented(world4):
    """A server behind the gateway never agreed to h2: curl must be served HTTP/1.1."""
    servers.nginx(world4.server, world4.path("nginx"), PORT)
    world4.server_gateway(PORT)
    got = clients.curl_tls(world4.client, world4.server_address, PORT, "/peer", world4.pki,
                           "--http2", "-w", "%{http_version}")
    assert got.returncode == 0 and got.stdout.endswith("1.1"), got.stderr
