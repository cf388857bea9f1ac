# SPDX-License-Identifier: GPL-3.0-or-later
# test_parameters.py - parameters that few have, with TLS endpoints of others at the other end
import ssl

import pytest

from lib import clients, rules, traffic
from lib.askers import Asked
from lib.tlspeer import client_context, tls_server

PORT = 9840
BOTH = pytest.mark.parametrize("version", ["TLSv1.2", "TLSv1.3"])


def server(world, level=None, **keys):
    """A server gateway; what it serves echoes."""
    world.serve(traffic.echo, PORT)
    return begin(world, "server", rules.server(PORT, level="l", **keys), level)


def client(world, level=None, **keys):
    """A client gateway, and a TLS server of Python's that echoes."""
    world.closing(tls_server(world.server, world.server_address, PORT, world.pki.server,
                             traffic.echo))
    return begin(world, "client", rules.client(PORT, level="l", **keys), level)


def begin(world, role, text, level):
    gateway = world.gateway(role, text + rules.section("level", "l", level or {}))
    if role == "client":
        gateway.add_ca(rules.CLIENT_RING, world.pki.ca)
    else:
        gateway.add_cert(rules.SERVER_RING, world.pki.server, "srv")
    return gateway.begin()


def works(world):
    """Whether a byte comes back from the TLS server."""
    try:
        s = world.connect(PORT)
        s.sendall(b"x")
        return s.recv(1) == b"x"
    except ConnectionError:
        return False


@BOTH
@pytest.mark.parametrize("tool, options, served", [
    ("openssl", ["-sigalgs", "ecdsa_secp256r1_sha256:rsa_pss_rsae_sha256"], True),
    ("openssl", ["-sigalgs", "ecdsa_secp384r1_sha384"], False)])
def test_signatures_of_a_server(world4, version, tool, options, served):
    gateway = server(world4, {"signatures": "ecdsa_secp256r1_sha256, ed25519"})
    assert Asked(world4, "c", tool, PORT, version, None, *options).served == served
    if not served:
        gateway.wait_log("TLS handshake failed: no shared")


@pytest.mark.parametrize("words, expected", [
    ("ecdsa_secp256r1_sha256", True), ("ed25519", False)])
def test_signatures_of_a_client(world4, words, expected):
    client(world4, {"signatures": words})
    assert works(world4) == expected


@pytest.mark.parametrize("level, expected, words", [
    ({"cert_signatures": "ecdsa_secp256r1_sha256, rsa_pkcs1_sha256"}, True, ""),
    ({"cert_signatures": "rsa_pss_rsae_sha256"}, False, "not in cert_signatures"),
    ({"peer_min_ecc_key": "256"}, True, ""),
    ({"peer_min_ecc_key": "384"}, False, "peer_min_ecc_key in the level: 384"),
    ({"peer_min_cert_version": "3"}, True, "")])
def test_certificates_of_the_peer(world4, level, expected, words):
    gateway = client(world4, level)
    assert works(world4) == expected
    assert words in gateway.log()


@pytest.mark.parametrize("name, expected", [("server.test", True), ("attls test", False)])
def test_common_name(world4, name, expected):
    gateway = client(world4, reference_id="other.test", reference_id_cn=name)
    assert works(world4) == expected
    assert expected or f"CN={name}" in gateway.log()


@BOTH
@pytest.mark.parametrize("tool, options, served", [
    ("openssl", ["-maxfraglen", "1024"], True), ("openssl", [], False),
    ("gnutls", ["--recordsize=1024"], True)])
def test_short_records(world4, version, tool, options, served):
    gateway = server(world4, max_fragment="required")
    asked = Asked(world4, "c", tool, PORT, version, None, *options)
    assert asked.served == served, asked.client.output()
    if not served:
        gateway.wait_log("max_fragment requires them")


@pytest.mark.parametrize("name", ["server.test", None])
def test_server_name_is_demanded(world4, name):
    gateway = server(world4, server_sni="required")
    context = client_context(world4.pki.ca)
    context.check_hostname = False
    with world4.client.connect(world4.server_address, PORT, 20) as raw:
        if name:
            with context.wrap_socket(raw, server_hostname=name) as tls:
                tls.sendall(b"x")
                assert tls.recv(1) == b"x"
        else:
            with pytest.raises(ssl.SSLError, match="MISSING_EXTENSION"):
                context.wrap_socket(raw)
            gateway.wait_log("the client sent no server name, and server_sni wants one")


@pytest.mark.parametrize("secret", ["on", "off", "required"])
def test_extended_master_secret(world4, secret):
    gateway = server(world4, {"extended_master_secret": secret})
    asked = Asked(world4, "c", "openssl", PORT, "TLSv1.2", None)
    assert asked.served
    said = "Extended master secret: " + ("no" if secret == "off" else "yes")
    assert said in asked.client.output()
    assert gateway.flows()[0]["tls_version"] == "TLSv1.2"


@pytest.mark.sanitized
@pytest.mark.parametrize("count", [0, 2])
def test_tickets(world4, count):
    """They come before what the application says, and a program that has ended has told of all."""
    world4.serve(lambda s, _peer: s.sendall(b"good bye"), PORT)
    begin(world4, "server", rules.server(PORT, server_ticket_count=count), None)
    asked = clients.openssl_client(world4.client, world4.path("c"), world4.server_address, PORT,
                                   world4.pki, "-tls1_3")
    asked.wait(20)
    assert "good bye" in asked.output()
    assert asked.output().count("TLS session ticket:") == count


@pytest.mark.parametrize("keys, words", [
    ({"server_sni": "required"}, "server_sni: is for role = server"),
    ({"max_fragment_length": "512"}, "max_fragment_length: takes max_fragment")])
def test_keys_that_mean_nothing_here(world4, keys, words):
    gateway = world4.gateway("client", rules.client(PORT, **keys))
    done = gateway.result("attlsctl", "policy", "check", gateway.rules_dir + "/test.ini")
    assert done.returncode == 1 and words in done.stderr
