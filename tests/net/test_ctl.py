# SPDX-License-Identifier: GPL-3.0-or-later
# test_ctl.py - what an operator sees and does: attlsd --check, attlsctl
import json
import os

import pytest

from lib import rules, traffic
from lib.tlspeer import tls_server

PORT = 9700


@pytest.fixture
def flow(world):
    """One established flow: (world, gateway, socket)."""
    world.closing(tls_server(world.server, world.server_address, PORT, world.pki.server,
                             traffic.echo))
    gateway = world.client_gateway(PORT)
    s = world.connect(PORT)
    s.sendall(b"0123456789")
    assert traffic.receive_exactly(s, 10) == b"0123456789"
    return world, gateway, s


def test_flows_tells_what_a_flow_is(flow):
    world, gateway, s = flow
    (row,) = gateway.flows()
    text = json.dumps(row)
    for word in (world.client_address, world.server_address, str(PORT),
                 str(s.getsockname()[1]), "outbound", '"c"', "c-action", "TLSv1.3", "TLS_AES",
                 "CN"):
        assert word in text, f"{word} is not in {text}"
    listing = gateway.ctl("flows")
    assert world.server_address in listing and "TLSv1.3" in listing and "outbound" in listing


def test_status_and_stats(flow):
    _, gateway, _ = flow
    status = gateway.ctl_json("status")
    assert status["workers"] == 2 and status["generation"] == 1
    assert "host" in json.dumps(status)
    assert gateway.ctl("status").strip()
    assert isinstance(gateway.ctl_json("stats"), dict)
    assert gateway.ctl("stats").strip()


def test_policy_show(flow):
    _, gateway, _ = flow
    assert "[rule c]" in gateway.ctl("policy", "show")


@pytest.mark.sanitized
def test_policy_show_effective(flow):
    """Each value with file, line and section, or that it is a default; no stale action."""
    _, gateway, _ = flow
    path = gateway.rules_dir + "/test.ini"
    answer = gateway.ctl_json("policy", "show", "--effective", "c")
    assert answer["stale"] == [] and answer["generation"] == 1
    sections = {s["section"]: {v["key"]: (v["value"], v["origin"]) for v in s["values"]}
                for s in answer["effective"]}
    assert sections["[rule c]"]["remote_port"] == (
        str(PORT), {"file": path, "line": 3, "section": "[rule c]"})
    assert sections["[rule c]"]["priority"] == ("1", None)
    assert sections["[action c-action]"]["handshake_timeout"] == ("10000ms", None)
    lines = gateway.ctl("policy", "show", "--effective").splitlines()
    assert f"remote_port = {PORT}  # {path}:3" in lines
    assert "priority = 1  # default" in lines


def test_policy_show_effective_of_no_rule(flow):
    _, gateway, _ = flow
    done = gateway.result("attlsctl", "policy", "show", "--effective", "d")
    assert (done.returncode, done.stdout) == (1, "")
    assert "there is no rule d" in done.stderr
    assert gateway.result("attlsctl", "policy", "show", "c").returncode == 2


def test_default_ring_comes_from_the_settings(world4):
    gateway = world4.gateway("client", rules.client(PORT).replace("ring = root/clientring\n", ""),
                             ring="root/clientring")
    gateway.add_ca("clientring", world4.pki.ca)
    gateway.begin()
    assert f"ring = root/clientring  # {gateway.ini}, [gateway]" in gateway.ctl(
        "policy", "show", "--effective").splitlines()


def test_match_names_the_winner_and_the_passed_over(world4):
    gateway = world4.gateway("client", rules.client(PORT, conditions={"priority": 10})
                             + rules.client(PORT + 1, name="first",
                                            conditions={"priority": 20}))
    path = gateway.rules_dir + "/test.ini"
    query = ("policy", "match", "--local", "10.0.0.1:40000", "--remote", f"10.0.0.2:{PORT}",
             "--direction", "outbound", "--rules", path)
    answer = gateway.ctl_json(*query)
    assert answer["rule"] == "c" and answer["action"] == "c-action"
    assert "first" in json.dumps(answer["passed_over"])
    assert "remote_port" in json.dumps(answer["passed_over"])
    text = gateway.ctl(*query)
    assert "first" in text and "remote_port" in text
    none = gateway.ctl_json(*[a.replace(str(PORT), "1") for a in query])
    assert none["rule"] is None


def test_match_against_the_daemons_policy(flow):
    _, gateway, _ = flow
    answer = gateway.ctl_json("policy", "match", "--local", "[::1]:4000", "--remote",
                              f"[fd00::9]:{PORT}", "--direction", "outbound")
    assert answer["rule"] == "c"


def written(world, name, text):
    path = os.path.join(world.path("new"), name)
    with open(path, "w") as f:
        f.write(text)
    return path


@pytest.mark.sanitized
def test_diff_names_the_flows_that_would_change(flow):
    world, gateway, s = flow
    local, remote = ("[%s]:%d" if world.family == 6 else "%s:%d",) * 2
    ends = (local % s.getsockname()[:2], remote % s.getpeername()[:2])
    assert gateway.ctl_json("policy", "diff") == {"flows": 1, "different": []}
    path = written(world, "other.ini", rules.client(PORT, name="other"))
    row, = gateway.ctl_json("policy", "diff", path)["different"]
    assert (row["local"], row["remote"]) == ends
    assert [row[k] for k in ("old_rule", "old_action", "new_rule", "new_action", "because")] == [
        "c", "c-action", "other", "other-action", "rule"]
    path = written(world, "none.ini", rules.client(PORT + 1))
    row, = gateway.ctl_json("policy", "diff", path)["different"]
    assert (row["new_rule"], row["new_action"]) == (None, "pass")
    assert "1 of 1 connections" in gateway.ctl("policy", "diff", path)
    path = written(world, "changed.ini", rules.client(PORT, handshake_timeout="20s"))
    row, = gateway.ctl_json("policy", "diff", path)["different"]
    assert (row["new_rule"], row["because"]) == ("c", "action changed")
    assert gateway.flows()[0]["rule"] == "c" and gateway.ctl_json("status")["generation"] == 1


def test_diff_knows_the_owner_only_where_a_rule_asked(world4):
    world4.closing(tls_server(world4.server, world4.server_address, PORT, world4.pki.server,
                              traffic.echo))
    gateway = world4.client_gateway(PORT, conditions={"userid": "0"})
    asked = world4.connect(PORT)
    asked.sendall(b"x")
    assert traffic.receive_exactly(asked, 1) == b"x"
    path = written(world4, "job.ini", rules.client(PORT, conditions={"jobname": "python3*"}))
    row, = gateway.ctl_json("policy", "diff", path)["different"]
    assert (row["new_rule"], row["because"]) == (None, "owner not known")
    path = written(world4, "root.ini", rules.client(PORT, conditions={"userid": "0-5"}))
    assert gateway.ctl_json("policy", "diff", path)["different"] == []
    path = written(world4, "one.ini", rules.client(PORT, conditions={"userid": "1"}))
    row, = gateway.ctl_json("policy", "diff", path)["different"]
    assert (row["new_rule"], row["because"]) == (None, "rule")


def test_diff_tells_every_problem_of_every_file(flow):
    world, gateway, _ = flow
    paths = [written(world, n, "[rule r]\nbad = 1\nworse = 2\n") for n in ("a.ini", "b.ini")]
    done = gateway.result("attlsctl", "policy", "diff", *paths)
    assert (done.returncode, done.stdout) == (1, "")
    for path in paths:
        assert f"{path}:2:" in done.stderr and f"{path}:3:" in done.stderr
    good = written(world, "good.ini", rules.client(PORT))
    gateway.stop()
    assert gateway.result("attlsctl", "policy", "diff", good).returncode == 3
    assert gateway.result("attlsctl", "policy", "diff", *paths).returncode == 1


@pytest.mark.parametrize("text, words", [
    ("[rule x]\nremote_prot = 5\naction = a\n", ("remote_prot", "remote_port", "rule x")),
    ("[rule x]\nremote_port = 99999\naction = a\n", ("99999", "remote_port", "rule x")),
    ("[rlue x]\nremote_port = 5\n", ("rlue", "rule")),
    ("[rule x]\nremote_port = 5\naction = nothere\n", ("nothere", "rule x")),
    ("[rule x]\ndirection = outwards\naction = a\n", ("outwards", "outbound")),
])
def test_check_explains_what_is_wrong(world4, text, words):
    """File, section, key and the nearest known word; from attlsctl, --check and reload alike."""
    gateway = world4.gateway("client", rules.client(PORT))
    gateway.add_ca(rules.CLIENT_RING, world4.pki.ca)
    gateway.begin()
    generation = gateway.ctl_json("status")["generation"]
    gateway.write_rules(text + rules.action("a", tls="off"))
    path = gateway.rules_dir + "/test.ini"
    for argv in (("attlsctl", "policy", "check", path), ("attlsd", "--check"),
                 ("attlsctl", "reload")):
        done = gateway.result(*argv)
        said = done.stdout + done.stderr
        assert done.returncode == 1, f"{argv}: {said}"
        for word in (*words, "test.ini"):
            assert word in said, f"{argv}: {word} is not in: {said}"
    assert gateway.ctl_json("status")["generation"] == generation
    assert "[rule c]" in gateway.ctl("policy", "show")


def test_reload_takes_a_good_policy(world4):
    gateway = world4.client_gateway(PORT)
    gateway.write_rules(rules.client(PORT, name="renamed"))
    assert "2" in gateway.ctl("reload")
    assert gateway.ctl_json("status")["generation"] == 2
    assert "[rule renamed]" in gateway.ctl("policy", "show")
    assert "[rule c]" not in gateway.ctl("policy", "show")


def test_reload_with_a_bad_keyring_changes_nothing(world4):
    gateway = world4.client_gateway(PORT)
    key = gateway.keyring_dir + "/certs/CERTAUTH/ca.pem"
    with open(key, "a") as f:
        f.write("not a certificate\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    done = gateway.result("attlsctl", "reload")
    assert done.returncode == 1 and "ca.pem" in done.stdout + done.stderr
    assert gateway.ctl_json("status")["generation"] == 1


def test_check_accepts_what_is_right(world4):
    gateway = world4.gateway("client", rules.client(PORT))
    gateway.add_ca(rules.CLIENT_RING, world4.pki.ca)
    assert gateway.result("attlsd", "--check").returncode == 0
    path = gateway.rules_dir + "/test.ini"
    assert gateway.result("attlsctl", "policy", "check", path).returncode == 0


def test_unknown_setting_is_an_error(world4):
    gateway = world4.gateway("client", rules.client(PORT), worker="2")
    done = gateway.result("attlsd", "--check")
    said = done.stdout + done.stderr
    assert done.returncode == 1
    assert "worker" in said and "workers" in said and "attls.ini" in said


def test_ctl_without_a_daemon_says_so(world4):
    gateway = world4.gateway("client", rules.client(PORT))
    done = gateway.result("attlsctl", "status")
    assert done.returncode != 0 and "control.sock" in done.stderr


def test_loose_key_permissions_are_refused(world4):
    gateway = world4.gateway("client", rules.client(PORT))
    gateway.add_ca(rules.CLIENT_RING, world4.pki.ca)
    gateway.add_cert(rules.CLIENT_RING, world4.pki.client, "cli", new_ring=False)
    (key,) = [os.path.join(d, n) for d, _, names in os.walk(gateway.keyring_dir) for n in names
              if n.endswith(".key")]
    os.chmod(key, 0o644)
    done = gateway.result("attlsd", "--check")
    assert done.returncode == 1 and os.path.basename(key) in done.stdout + done.stderr


def test_no_key_and_no_cleartext_in_the_log(world4):
    world4.closing(tls_server(world4.server, world4.server_address, PORT, world4.pki.server,
                              traffic.echo))
    gateway = world4.client_gateway(PORT, settings={"log_level": "debug"})
    s = world4.connect(PORT)
    s.sendall(b"SECRETWORDS" * 10)
    traffic.receive_exactly(s, 110)
    s.close()
    gateway.wait_flows(0)
    assert "SECRETWORDS" not in gateway.log() and "PRIVATE KEY" not in gateway.log()
