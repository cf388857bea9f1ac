# SPDX-License-Identifier: GPL-3.0-or-later
# test_labels.py - which of several certificates a server presents, and how short its key may be
import pytest

from lib import rules, traffic
from lib.askers import Asked

PORT = 9820
BOTH = pytest.mark.parametrize("version", ["TLSv1.2", "TLSv1.3"])
# what a client can verify, to the label of what it must be shown
OFFERS = {
    "rsa_pss_rsae_sha256:RSA+SHA256": "rsa",
    "ecdsa_secp256r1_sha256": "ec",
    "ed25519": "ed",
}


def gateway_for(world, *labels, **keys):
    """A server gateway whose ring has a certificate of each kind, signed by the tests' CA."""
    gateway = world.gateway("server", rules.server(PORT, **keys))
    ca = world.pki.ca.cert
    gateway.keyring("add", "--certauth", "--label", "ca", "--cert", ca.pem, "--key", ca.key)
    gateway.add_ring(rules.SERVER_RING)
    for label, *key in labels:
        gateway.keyring("gencert", "--id", "root", "--label", label, "--subject",
                        "CN=server.test", "--altname", "DNS:server.test", "--signwith",
                        "CERTAUTH/ca", *key)
        gateway.keyring("connect", "--id", "root", "--ring", rules.SERVER_RING, "--label", label)
    world.serve(traffic.echo, PORT)
    return gateway


KINDS = (("rsa", "--keytype", "rsa"), ("ec", "--keytype", "nistecc"),
         ("ed", "--keytype", "ed25519"))


@BOTH
@pytest.mark.sanitized
def test_certificate_suits_the_client(world4, version):
    gateway = gateway_for(world4, *KINDS, label="rsa, ec, ed").begin()
    for offer, label in OFFERS.items():
        asked = Asked(world4, label, "openssl", PORT, version, None, "-sigalgs", offer)
        assert asked.served, asked.client.output()
        assert gateway.flows()[0]["own_label"] == label
        asked.close()
        gateway.wait_flows(0)


@BOTH
def test_no_certificate_suits_the_client(world4, version):
    gateway = gateway_for(world4, *KINDS[:1], label="rsa").begin()
    assert not Asked(world4, "c", "openssl", PORT, version, None, "-sigalgs",
                     "ecdsa_secp256r1_sha256").served
    gateway.wait_log("reset: TLS handshake failed: no shared")


def test_named_certificate_that_is_not_trusted_is_refused(world4):
    gateway = gateway_for(world4, *KINDS, label="rsa, ec")
    gateway.keyring("alter", "--id", "root", "--label", "ec", "--notrust")
    gateway.begin()
    assert not Asked(world4, "c", "openssl", PORT, "TLSv1.3", None).served
    gateway.wait_log('has no usable certificate "ec"')


@BOTH
@pytest.mark.parametrize("min_key", [None, 1024])
def test_short_key_takes_leave(world4, version, min_key):
    """RACDCERT's SIZE(1024): stored with a warning, presented only if the level says so."""
    gateway = gateway_for(world4, ("rsa", "--keytype", "rsa", "--size", "1024"), label="rsa",
                          level="old")
    gateway.write_rules("[level old]\nversions = TLSv1.2, TLSv1.3\n"
                        + (f"min_key = {min_key}\n" if min_key else ""), "level.ini")
    gateway.begin()
    served = Asked(world4, "c", "openssl", PORT, version, None, "-cipher",
                   "DEFAULT:@SECLEVEL=1").served
    assert served == (min_key is not None)
    if not served:
        gateway.wait_log('the key of certificate "rsa" has 1024 bits, which is too short')
