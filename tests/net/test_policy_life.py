# SPDX-License-Identifier: GPL-3.0-or-later
# test_policy_life.py - what becomes of rules, and of their connections, while the gateway runs
import datetime
import glob
import os
import signal
import time

import pytest

from lib import rules, traffic
from lib.tlspeer import tls_server
from lib.wait import wait_for
from lib.world import canary

PORT = 9680


def tls_echo(world, port=PORT):
    return world.closing(tls_server(world.server, world.server_address, port, world.pki.server,
                                    traffic.echo))


def say(s, word=b"hello"):
    s.sendall(word)
    assert traffic.receive_exactly(s, len(word)) == word


def opened(world, port=PORT):
    s = world.connect(port)
    say(s)
    return s


def other_rule():
    return rules.client(PORT + 1, name="other")


# Stale

def test_changed_action_is_stale_for_old_connections_only(world4):
    tls_echo(world4)
    gateway = world4.client_gateway(PORT)
    old = opened(world4)
    gateway.ctl("reload")
    assert not gateway.flows()[0]["stale"]
    gateway.write_rules(rules.client(PORT, handshake_timeout="20s"))
    gateway.ctl("reload")
    new = opened(world4)
    say(old)
    rows = {f["local"]: f for f in gateway.flows()}
    assert rows["%s:%d" % old.getsockname()]["stale"]
    assert not rows["%s:%d" % new.getsockname()]["stale"]
    assert "stale" in gateway.ctl("flows")
    assert gateway.ctl_json("policy", "show")["stale"] == [
        {"action": "c-action", "rule": "c", "generation": 1, "flows": 1,
         "because": "action changed"}]
    old.close()
    gateway.wait_flows(1)
    assert gateway.ctl_json("policy", "show", "--effective")["stale"] == []


@pytest.mark.sanitized
def test_connection_of_a_rule_that_is_gone_goes_on(world4):
    word = canary()
    tls_echo(world4)
    gateway = world4.client_gateway(PORT)
    capture = world4.capture()
    old = opened(world4)
    gateway.write_rules(other_rule())
    gateway.ctl("reload")
    say(old, word)
    row, = gateway.flows()
    assert row["stale"] and row["rule"] == "c"
    assert ("# stale: action c-action of rule c, generation 1 (rule gone), flows 1"
            in gateway.ctl("policy", "show").splitlines())
    assert capture.count(word) == 0


# on_removal

def test_removal_resets_where_the_rule_says_so(world4):
    tls_echo(world4)
    gateway = world4.client_gateway(PORT, conditions={"on_removal": "reset"})
    s = opened(world4)
    gateway.ctl("reload")
    say(s)
    gateway.write_rules(other_rule())
    gateway.ctl("reload")
    with pytest.raises(ConnectionResetError):
        s.recv(1)
    gateway.wait_flows(0)


def test_removal_drains_where_the_rule_says_so(world4):
    """Bytes under way arrive; once it is quiet both ends see a clean close."""
    tls_echo(world4)
    gateway = world4.client_gateway(PORT, conditions={"on_removal": "drain"})
    capture = world4.capture()
    word = canary()
    s = opened(world4)
    gateway.write_rules(other_rule())
    gateway.ctl("reload")
    assert gateway.flows()[0]["draining"]
    say(s, traffic.noise(1 << 20, word=word))
    assert s.recv(1) == b""
    s.close()
    gateway.wait_flows(0)
    assert capture.count(word) == 0
    assert "reset by the operator" not in gateway.log()


def test_drained_connection_that_is_not_closed_is_reset(world4):
    tls_echo(world4)
    gateway = world4.client_gateway(PORT, conditions={"on_removal": "drain"})
    s = opened(world4)
    gateway.write_rules(other_rule())
    gateway.ctl("reload")
    assert s.recv(1) == b""
    gateway.wait_log("reset by the operator", 20)


# Use

def test_use_of_each_rule_is_counted_over_reloads(world4):
    tls_echo(world4)
    gateway = world4.client_gateway(PORT)
    for _ in range(3):
        opened(world4).close()
    gateway.write_rules(rules.client(PORT) + other_rule())
    gateway.ctl("reload")
    opened(world4).close()
    uses = {r["rule"]: r for r in gateway.ctl_json("policy", "show")["rules"]}
    assert (uses["c"]["hits"], uses["other"]["hits"]) == (4, 0)
    assert uses["c"]["last_used_s"] < 60 and uses["other"]["last_used_s"] is None
    text = gateway.ctl("policy", "show")
    assert "# rule c: 4 connections" in text and "# rule other: no connection yet" in text
    metrics = gateway.ctl("stats", "--prometheus")
    assert 'attls_rule_connections_total{rule="c"} 4\n' in metrics
    assert 'attls_rule_last_used_seconds{rule="other"}' not in metrics


# SIGHUP

def generation(gateway):
    return gateway.ctl_json("status")["generation"]


@pytest.mark.sanitized
def test_hangup_reloads(world4):
    """As the command does, but what is wrong can only be told to the log."""
    tls_echo(world4)
    gateway = world4.client_gateway(PORT)
    old = opened(world4)
    gateway.write_rules(rules.client(PORT, name="renamed"))
    os.kill(gateway.daemon.pid, signal.SIGHUP)
    wait_for(lambda: generation(gateway) == 2, "the next generation")
    assert [r["rule"] for r in gateway.ctl_json("policy", "show")["rules"]] == ["renamed"]
    say(old)
    gateway.write_rules("[rule c]\nnonsense = 1\n")
    os.kill(gateway.daemon.pid, signal.SIGHUP)
    gateway.wait_log("nonsense: unknown key")
    assert generation(gateway) == 2
    say(old)
    opened(world4)


# Watching files


@pytest.mark.parametrize("one_file", [False, True])
def test_watched_file_is_loaded_when_it_changes(world4, one_file):
    settings = {"watch": "on"}
    gateway = world4.client_gateway(PORT, settings=settings, begin=False)
    if one_file:
        gateway.write_ini(**settings, rules=gateway.rules_dir + "/test.ini")
    gateway.begin()
    gateway.write_rules(other_rule())
    wait_for(lambda: generation(gateway) == 2, "the next generation")
    gateway.write_rules(rules.client(PORT), "new.tmp")
    os.rename(gateway.rules_dir + "/new.tmp", gateway.rules_dir + "/test.ini")
    wait_for(lambda: generation(gateway) == 3, "the generation after")


def test_watched_file_with_an_error_changes_nothing(world4):
    tls_echo(world4)
    gateway = world4.client_gateway(PORT, settings={"watch": "on"})
    gateway.write_rules("[rule c]\nnonsense = 1\n")
    gateway.wait_log("nonsense")
    assert generation(gateway) == 1
    opened(world4)


def test_rules_are_not_watched_by_default(world4):
    gateway = world4.client_gateway(PORT)
    folder, fds = f"/proc/{gateway.daemon.pid}/fdinfo", []
    for name in os.listdir(folder):
        with open(os.path.join(folder, name)) as f:
            fds.append(f.read())
    watched = [f"ino:{os.stat(p).st_ino:x} " for p in (gateway.keyring_dir, gateway.rules_dir)]
    assert [any(inode in text for text in fds) for inode in watched] == [True, False]


# Time

def at(seconds):
    """RFC 3339, @seconds from now."""
    when = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def timed(start, end):
    return (rules.client(PORT, conditions={"time": "window"})
            + rules.section("time", "window", {"from": start, "to": end}))


def active(gateway):
    return gateway.ctl_json("policy", "show")["rules"][0]["active"]


def test_window_ends_while_the_gateway_runs(world4):
    """Established connections go on; new ones find no rule, and are refused as asked."""
    tls_echo(world4)
    gateway = world4.gateway("client", timed(at(-60), at(12)), unmatched="reject")
    gateway.add_ca(rules.CLIENT_RING, world4.pki.ca)
    gateway.begin()
    old = opened(world4)
    assert active(gateway)
    wait_for(lambda: not active(gateway), "the end of the window", 30)
    say(old)
    with pytest.raises(ConnectionError):
        opened(world4)
    assert "not its time now" in gateway.ctl("policy", "show")


def test_window_begins_while_the_gateway_runs(world4):
    tls_echo(world4)
    gateway = world4.gateway("client", timed(at(8), at(3600)), unmatched="reject")
    gateway.add_ca(rules.CLIENT_RING, world4.pki.ca)
    gateway.begin()
    wait_for(lambda: active(gateway), "the beginning of the window", 30)
    opened(world4)


def start_at(gateway, clock):
    """Rules and daemon as usual, with what libfaketime understands by @clock for its time."""
    gateway.up()
    plain = gateway.wrapper
    library, = glob.glob("/usr/lib/*/faketime/libfaketime.so.1")
    gateway.wrapper = lambda *argv: plain("env", f"LD_PRELOAD={library}", f"FAKETIME={clock}",
                                          "DONT_FAKE_MONOTONIC=1", "TZ=UTC", *argv)
    gateway.start()
    gateway.wrapper = plain


@pytest.mark.parametrize("shift, expected", [("+100d", True), ("+0d", False)])
def test_shifted_clock(world4, shift, expected):
    """A window a hundred days ahead, and a daemon whose clock is (or is not) there."""
    tls_echo(world4)
    ahead = 100 * 24 * 3600
    gateway = world4.gateway("client", timed(at(ahead - 3600), at(ahead + 3600)),
                             unmatched="reject")
    gateway.add_ca(rules.CLIENT_RING, world4.pki.ca)
    start_at(gateway, shift)
    assert active(gateway) == expected
    if expected:
        # the certificates of the test are not valid as long
        with pytest.raises(ConnectionError):
            opened(world4)
        gateway.wait_log("certificate has expired")
    else:
        with pytest.raises(ConnectionError):
            opened(world4)
        assert "handshake" not in gateway.log()


@pytest.mark.parametrize("clock, window, before", [
    ("2027-03-28 00:59:54", "03:00-04:00", False),  # 1:59:54, and after 1:59:59 comes 3:00
    ("2027-10-31 00:59:54", "02:59-03:00", True),   # 2:59:54, and after 2:59:59 comes 2:00
    ("2027-03-28 00:59:54", "02:00-03:00", None),   # an hour that this day does not have
    ("2027-10-31 00:59:54", "02:00-03:00", None)])  # one that it has twice
def test_summer_time_begins_and_ends(world4, clock, window, before):
    """The clocks of Berlin change while the gateway runs; None: to no effect."""
    gateway = world4.gateway("client", (
        rules.client(PORT, conditions={"time": "window"})
        + rules.section("time", "window", {"time_of_day": window, "timezone": "Europe/Berlin"})
        + rules.client(PORT + 1, name="mark", conditions={"time": "mark"})
        + rules.section("time", "mark", {"from": f"{clock[:10]}T01:00:00Z"})))
    gateway.add_ca(rules.CLIENT_RING, world4.pki.ca)
    start_at(gateway, "@" + clock)

    def rule_active(name):
        return {r["rule"]: r["active"] for r in gateway.ctl_json("policy", "show")["rules"]}[name]
    first = rule_active("c")
    assert not rule_active("mark")
    wait_for(lambda: rule_active("mark"), "the change of the clocks", 30)
    if before is None:
        assert first == rule_active("c") == (clock[5:7] == "10")
    else:
        assert (first, rule_active("c")) == (before, not before)


def test_no_time_condition_is_no_work(world4):
    """Nothing ever changes, far beyond the 31 bits of seconds too: the main thread sleeps."""
    gateway = world4.client_gateway(PORT, begin=False)
    start_at(gateway, "@2045-01-01 00:00:00")

    with open(f"/proc/{gateway.daemon.pid}/schedstat") as schedule:
        def busy():
            """Nanoseconds on a processor, of the main thread."""
            schedule.seek(0)
            return int(schedule.read().split()[0])
        first, begun = busy(), time.monotonic_ns()
        for _ in range(20):
            gateway.ctl("status")
        assert busy() - first < (time.monotonic_ns() - begun) / 4
