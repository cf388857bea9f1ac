# SPDX-License-Identifier: GPL-3.0-or-later
# test_client_auth.py - what a server asks of its clients' certificates, each cell of the table
import os
import socket

import pytest

from lib import rules, traffic
from lib.askers import Asked

PORT = 9800
MODES = ("none", "passthru", "full", "required", "safcheck")
# who is served: (mode, certificate) to the reason in the log, None where the client is served
CELLS = {
    ("none", "no"): None,
    ("none", "bad"): None,
    ("none", "good"): None,
    ("passthru", "no"): None,
    ("passthru", "bad"): None,
    ("passthru", "good"): None,
    ("full", "no"): None,
    ("full", "bad"): "certificate verify failed",
    ("full", "good"): None,
    ("required", "no"): "the client sent no certificate",
    ("required", "bad"): "certificate verify failed",
    ("required", "good"): None,
    ("safcheck", "no"): "the client sent no certificate",
    ("safcheck", "bad"): "certificate verify failed",
    ("safcheck", "good"): "stands for no user",
    # the certificate is one of a user's
    ("required", "known"): None,
    ("safcheck", "known"): None,
}
BOTH = pytest.mark.parametrize("version", ["TLSv1.2", "TLSv1.3"])


def certificate(world, kind):
    return {"no": None, "bad": world.pki.untrusted, "good": world.pki.client,
            "known": world.pki.address}[kind]


def gateway_for(world, modes, **keys):
    """A server gateway with a port for each of @modes, from PORT on, that trusts the CA."""
    text = "".join(rules.server(PORT + i, name=mode, client_auth=mode, **keys)
                   for i, mode in enumerate(modes))
    gateway = world.gateway("server", text)
    gateway.add_cert(rules.SERVER_RING, world.pki.server)
    gateway.keyring("add", "--certauth", "--label", "ca", "--cert", world.pki.ca.pem)
    gateway.keyring("connect", "--id", "root", "--ring", rules.SERVER_RING, "--label", "ca",
                    "--owner", "CERTAUTH")
    for i in range(len(modes)):
        world.serve(traffic.echo, PORT + i)
    return gateway


@BOTH
@pytest.mark.sanitized
@pytest.mark.parametrize("tool", ["openssl", "gnutls"])
def test_every_cell(world4, tool, version):
    gateway = gateway_for(world4, MODES)
    gateway.keyring("add", "--id", "ALICE", "--label", "hers", "--cert", world4.pki.address.pem)
    gateway.begin()
    for (mode, kind), reason in CELLS.items():
        before = len(gateway.log())
        asked = Asked(world4, f"{mode}-{kind}", tool, PORT + MODES.index(mode), version,
                      certificate(world4, kind))
        assert asked.served == (reason is None), (mode, kind, asked.client.output())
        if reason is None:
            flow, = gateway.flows()
            assert flow["mapped_user"] == ("ALICE" if kind == "known" else None)
        asked.close()
        gateway.wait_flows(0)
        assert not reason or reason in gateway.log()[before:], (mode, kind)


@BOTH
def test_expired_certificate_is_refused(world4, version):
    gateway = gateway_for(world4, ("required",)).begin()
    assert not Asked(world4, "c", "openssl", PORT, version, world4.pki.expired).served
    gateway.wait_log("certificate has expired")


@BOTH
def test_resumed_session_has_the_same_client(world4, version):
    gateway = gateway_for(world4, ("required",)).begin()
    kept = world4.path("kept") + "/session"
    for expected in (False, True):
        option = "-sess_in" if expected else "-sess_out"
        asked = Asked(world4, f"c{expected}", "openssl", PORT, version, world4.pki.client,
                      option, kept)
        assert asked.served, asked.client.output()
        flow, = gateway.flows()
        assert flow["resumed"] == expected
        assert "client.test" in flow["peer_subject"]
        asked.close()
        gateway.wait_flows(0)


@BOTH
def test_ticket_of_a_rule_that_does_not_ask_proves_nothing(world4, version):
    """A session made where nobody asks for a certificate is no way in where one is required."""
    gateway = gateway_for(world4, ("none", "required")).begin()
    kept = world4.path("kept") + "/session"
    first = Asked(world4, "a", "openssl", PORT, version, None, "-sess_out", kept)
    assert first.served
    first.close()
    assert not Asked(world4, "b", "openssl", PORT + 1, version, None, "-sess_in", kept).served
    gateway.wait_log("the client sent no certificate")


def filter_for(gateway, user, subject, *options):
    gateway.keyring("map", "--id", user, "--label", user, "--sdnfilter", subject, *options)


def test_user_of_a_filter_is_seen(world4):
    gateway = gateway_for(world4, ("safcheck",))
    filter_for(gateway, "staff", "O=attls test")
    gateway.begin()
    asked = Asked(world4, "c", "openssl", PORT, "TLSv1.3", world4.pki.client)
    assert asked.served, asked.client.output()
    flow, = gateway.flows()
    assert flow["mapped_user"] == "staff"
    assert "staff" in gateway.ctl("flows") and "MAPPED" in gateway.ctl("flows")
    gateway.wait_log("peer CN=client.test,O=attls test user staff$")


def test_criteria_know_the_action(world4):
    gateway = gateway_for(world4, ("safcheck",))
    gateway.keyring("map", "--multiid", "--criteria", "APPLID=&APPLID", "--label", "m",
                    "--sdnfilter", "O=attls test")
    with open(gateway.keyring_dir + "/identity.ini", "w") as f:
        f.write("[criteria APPLID=safcheck-action]\nuser = bob\n")
    gateway.begin()
    assert Asked(world4, "c", "openssl", PORT, "TLSv1.3", world4.pki.client).served
    assert gateway.flows()[0]["mapped_user"] == "bob"


@BOTH
def test_only_permitted_users_are_served(world4, version):
    gateway = gateway_for(world4, ("safcheck",), permit="carol, st*, group:nogroup")
    filter_for(gateway, "staff", "CN=client.test,O=attls test")
    filter_for(gateway, "NOBODY", "CN=address,O=attls test")
    filter_for(gateway, "eve", "CN=elsewhere.test,O=attls test")
    gateway.begin()
    assert Asked(world4, "a", "openssl", PORT, version, world4.pki.client).served
    assert Asked(world4, "b", "openssl", PORT, version, world4.pki.address).served
    refused = Asked(world4, "c", "openssl", PORT, version, world4.pki.wrong_host)
    assert not refused.served
    gateway.wait_log("rule safcheck: reset: .*user eve, for whom the client's certificate stands, "
                     "is not in permit")
    assert "alert" in refused.client.output()


@BOTH
@pytest.mark.parametrize("change", ["unmapped", "not permitted", "distrusted"])
def test_resumed_session_is_judged_again(world4, version, change):
    """Whoever was let in once comes in again only while that would be so without the ticket."""
    gateway = gateway_for(world4, ("safcheck",), permit="staff")
    filter_for(gateway, "staff", "O=attls test")
    gateway.begin()
    kept = world4.path("kept") + "/session"
    first = Asked(world4, "a", "openssl", PORT, version, world4.pki.client, "-sess_out", kept)
    assert first.served
    first.close()
    gateway.wait_flows(0)
    again = Asked(world4, "b", "openssl", PORT, version, world4.pki.client, "-sess_in", kept)
    assert again.served
    flow, = gateway.flows()
    assert flow["resumed"] and flow["mapped_user"] == "staff"
    again.close()
    gateway.wait_flows(0)
    if change == "unmapped":
        gateway.keyring("delmap", "--label", "staff")
    elif change == "not permitted":
        gateway.keyring("altmap", "--label", "staff", "--id", "eve")
    else:
        gateway.keyring("add", "--id", "staff", "--label", "x", "--cert", world4.pki.client.pem,
                        "--notrust")
    gateway.ctl("reload")
    assert not Asked(world4, "c", "openssl", PORT, version, world4.pki.client, "-sess_in",
                     kept).served
    gateway.wait_log("not in permit" if change == "not permitted" else "stands for no user")


def test_change_of_a_filter_counts_for_the_next_client(world4):
    """Without a reload, and a client that was let in stays."""
    gateway = gateway_for(world4, ("safcheck",))
    gateway.keyring("map", "--multiid", "--criteria", "at &SYSID", "--label", "m",
                    "--sdnfilter", "O=attls test")
    gateway.begin()
    assert not Asked(world4, "a", "openssl", PORT, "TLSv1.3", world4.pki.client).served
    with open(gateway.ini + ".identity", "w") as f:
        f.write(f"[criteria at {socket.gethostname()}]\nuser = bob\n")
    os.rename(f.name, gateway.keyring_dir + "/identity.ini")
    gateway.wait_log("identity.ini")
    first = Asked(world4, "b", "openssl", PORT, "TLSv1.3", world4.pki.client)
    assert first.served
    gateway.keyring("delmap", "--label", "m")
    gateway.wait_log("maps/m.map")
    assert not Asked(world4, "c", "openssl", PORT, "TLSv1.3", world4.pki.client).served
    filter_for(gateway, "carol", "O=attls test")
    gateway.wait_log("maps/carol.map")
    second = Asked(world4, "d", "openssl", PORT, "TLSv1.3", world4.pki.client)
    assert second.served
    assert sorted(f["mapped_user"] for f in gateway.flows()) == ["bob", "carol"]
