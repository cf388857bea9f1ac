# SPDX-License-Identifier: GPL-3.0-or-later
# test_reload.py - policies that change under load, and attls-net failing or hanging meanwhile
import fcntl
import hashlib
import json
import os
import socket
import threading

import pytest

from lib import rules, traffic
from lib.filter import filter_rules
from lib.gateway import SANITIZED
from lib.tlspeer import tls_connect, tls_server
from lib.traffic import Task
from lib.wait import wait_for
from lib.world import canary

PORT = 9860
STALE = PORT + 1  # of the first policy only
KILOBYTE = 1 << 10


def policies(kind):
    """Two policies whose candidates differ; both take PORT, the first takes STALE too."""
    return (kind(f"{PORT}, {STALE}"), kind(f"{PORT}, {PORT + 2}-{PORT + 8}"))


def echoes(s, data):
    s.sendall(data)
    return traffic.receive_exactly(s, len(data)) == data


# Under load

class Load:
    """Connections that come, exchange canaries and go, and some that stay, until end()."""

    def __init__(self, world, word):
        self.world, self.word, self.done = world, word, threading.Event()
        self.lasting = [world.connect(port) for port in (PORT, PORT, STALE, STALE)]
        for s in self.lasting:
            assert echoes(s, word)
        self.tasks = ([Task(self._come_and_go, seed) for seed in range(4)]
                      + [Task(self._stay, s) for s in self.lasting])

    def _come_and_go(self, seed):
        count = 0
        while not self.done.is_set():
            count += 1
            data = traffic.noise(100 * KILOBYTE, seed * 1000 + count, self.word)
            with self.world.client.connect(self.world.server_address, PORT, 30) as s:
                assert echoes(s, data)
        return count

    def _pour(self, s):
        """Send all the time, no more than a capture can follow; return the hash."""
        block, digest = traffic.noise(20 * KILOBYTE, 7, self.word), hashlib.sha1()
        while not self.done.wait(0.01):
            s.sendall(block)
            digest.update(block)
        s.shutdown(socket.SHUT_WR)
        return digest.hexdigest()

    def _stay(self, s):
        sender = Task(self._pour, s)
        count, digest = traffic.receive_hash(s)
        assert sender.join() == digest
        return count

    def end(self):
        """How many exchanges there were; a connection that was lost raises."""
        self.done.set()
        return [t.join() for t in self.tasks]


@pytest.mark.sanitized
def test_reloads_under_load(world):
    """Candidates come and go in both directions; no connection is lost, none is in clear."""
    word = canary()
    for port in (PORT, STALE):
        world.serve(traffic.echo, port)
    capture = world.capture()
    gateways = [(world.client_gateway(f"{PORT}, {STALE}"), policies(rules.client)),
                (world.server_gateway(f"{PORT}, {STALE}"), policies(rules.server))]
    load = Load(world, word)
    for turn in range(8):
        for gateway, texts in gateways:
            gateway.write_rules(texts[(turn + 1) % 2])
            gateway.ctl("reload")
    assert min(load.end()) >= 1
    assert capture.count(word) == 0


# A reload that gives a connection's packets to another worker

def connections_of_both_workers(world, gateway):
    """TLS connections from outside, of which each worker has some."""
    found = []

    def spread():
        found.append(tls_connect(world.client, world.server_address, PORT, world.pki.ca))
        assert echoes(found[-1], b"hello")
        return {f["worker"] for f in gateway.flows()} == {0, 1} and len(found) >= 6
    wait_for(spread, "connections of both workers")
    return found


@pytest.mark.sanitized
def test_connections_stay_with_their_worker(world):
    """A candidate for connections to the peer covers those from it: the other port counts."""
    word = canary()
    world.serve(traffic.echo, PORT)
    gateway = world.server_gateway(PORT)
    connections = connections_of_both_workers(world, gateway)
    capture = world.capture()
    inbound = rules.server(PORT)
    outbound = (rules.rule("out", "out-action", direction="outbound", remote_port="1024-65535",
                           remote_addr=world.client_address)
                + rules.action("out-action", tls="on", role="client",
                               ring=f"root/{rules.SERVER_RING}", reference_id="any"))
    for text in (inbound + outbound, inbound):
        gateway.write_rules(text)
        gateway.ctl("reload")
        for tls in connections:
            assert echoes(tls, traffic.noise(300 * KILOBYTE, 3, word))
        new = tls_connect(world.client, world.server_address, PORT, world.pki.ca)
        connections.append(new)
        assert echoes(new, word)
    counters = gateway.ctl_json("stats")["counters"]
    assert counters["carried"] > 0
    assert (counters["midstream"], counters["reset"]) == (0, 0)
    for tls in connections:
        tls.unwrap().close()
    gateway.wait_flows(0)
    assert capture.count(word) == 0


# attls-net fails half-way

FAILING = """#!/usr/bin/python3
import os, subprocess, sys
text = sys.stdin.read()
fail = (text.startswith("*{table}\\n") and "ATTLS-TRY" not in text and "--test" not in sys.argv
        and os.path.exists("{armed}"))
if fail and not {lasting}:
    os.unlink("{armed}")
if not fail or {late}:
    status = subprocess.run(["/usr/sbin/{tool}", *sys.argv[1:]], input=text, text=True).returncode
sys.exit("line 7 failed: injected" if fail else status)
"""


class Fault:
    """A program in front of the real one in the PATH of the daemon's helper process."""

    def __init__(self, world, tool, text, **values):
        self.directory = world.path("faulty")
        self.armed = os.path.join(self.directory, "armed")
        path = os.path.join(self.directory, tool)
        with open(path, "w") as f:
            f.write(text.format(tool=tool, armed=self.armed, **values))
        os.chmod(path, 0o755)

    def start(self, gateway):
        """The usual order, with the daemon alone seeing the faulty program."""
        gateway.up()
        plain = gateway.wrapper
        path = f"PATH={self.directory}:{os.environ['PATH']}"
        gateway.wrapper = lambda *argv: plain("env", path, *argv)
        gateway.start()
        gateway.wrapper = plain

    def arm(self):
        with open(self.armed, "w"):
            pass

    def disarm(self):
        os.unlink(self.armed)


def faulty_gateway(world, fault, **settings):
    """A gateway for two ports whose helper process meets @fault, with a connection to each."""
    for port in (PORT, STALE):
        world.closing(tls_server(world.server, world.server_address, port, world.pki.server,
                                 traffic.echo))
    gateway = world.client_gateway(f"{PORT}, {STALE}", settings=settings, begin=False)
    fault.start(gateway)
    return gateway, [opened(world, port) for port in (PORT, STALE)]


def opened(world, port):
    s = world.connect(port)
    assert echoes(s, b"hello")
    return s


def refused_reload(gateway):
    """A reload that must fail; what it said."""
    done = gateway.result("attlsctl", "reload", timeout=80)
    assert done.returncode == 1, done
    return done.stdout + done.stderr


def check_old_policy(world, gateway, connections, word):
    """Whole, and nobody has noticed."""
    assert gateway.ctl_json("status")["generation"] == 1
    for s in [*connections, opened(world, PORT), opened(world, STALE)]:
        assert echoes(s, word * 1000)
    assert not gateway.ctl_json("status")["quiesced"]


@pytest.mark.sanitized
@pytest.mark.parametrize("tool, table, late", [
    ("iptables-restore", "mangle", False), ("iptables-restore", "raw", False),
    ("iptables-restore", "raw", True), ("ip6tables-restore", "filter", False)])
def test_restore_that_fails_half_way(world4, tool, table, late):
    """Tables that were changed go back, the old policy stays, and the next reload works."""
    word = canary()
    fault = Fault(world4, tool, FAILING, table=table, late=late, lasting=False)
    gateway, connections = faulty_gateway(world4, fault)
    capture = world4.capture()
    before = filter_rules(gateway.ns)
    gateway.write_rules(policies(rules.client)[1])
    fault.arm()
    said = refused_reload(gateway)
    assert f"{tool}, table {table}: line 7 failed" in said
    assert "the rules are as they were" in said
    assert filter_rules(gateway.ns) == before
    check_old_policy(world4, gateway, connections, word)
    gateway.ctl("reload")
    for s in [*connections, opened(world4, PORT)]:
        assert echoes(s, word * 1000)
    assert "somebody has changed" not in gateway.log()
    assert capture.count(word) == 0


def test_restore_that_goes_on_failing(world4):
    """The tables cannot be put back either: nothing is in clear, and in the end they are whole."""
    word = canary()
    fault = Fault(world4, "iptables-restore", FAILING, table="raw", late=False, lasting=True)
    gateway, (first, _) = faulty_gateway(world4, fault)
    capture = world4.capture()
    flood = traffic.Flood(first, word)
    gateway.write_rules(policies(rules.client)[1])
    fault.arm()
    assert "could not be put back" in refused_reload(gateway)
    fault.disarm()
    gateway.ctl("reload")
    flood.stop()
    wait_for(lambda: gateway.result("attls-net", "show").returncode == 0, "whole rules")
    wait_for(lambda: not gateway.ctl_json("status")["quiesced"], "the end of it")
    assert echoes(opened(world4, PORT), word)
    assert capture.count(word) == 0


# attls-net hangs

HANGING = """#!/bin/sh
# {tool}; while armed the older kind, which waits for a lock that others hold
[ -e "{armed}" ] || exec /usr/sbin/{tool} "$@"
echo waiting >>"{armed}"
XTABLES_LOCKFILE="{armed}" exec /usr/sbin/{legacy} "$@"
"""


@pytest.mark.sanitized
def test_lock_of_the_tables_that_somebody_holds(world4):
    """A reload gives up after a while; what the gateway does for connections goes on meanwhile."""
    word = canary()
    fault = Fault(world4, "iptables-restore", HANGING, legacy="iptables-legacy-restore")
    gateway, connections = faulty_gateway(world4, fault, net_timeout="2s")
    capture = world4.capture()
    gateway.write_rules(policies(rules.client)[1])
    fault.arm()
    with open(fault.armed) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        task = Task(refused_reload, gateway)
        wait_for(lambda: os.path.getsize(fault.armed) > 0, "attls-net waiting for the lock")
        for s in connections:
            assert echoes(s, word * 1000)
        said = task.join()
    assert "attls-net up has not ended within 2 s" in said
    fault.disarm()
    check_old_policy(world4, gateway, connections, word)
    gateway.ctl("reload")
    assert capture.count(word) == 0


# A thousand times

class Daemon:
    """What the processes of a gateway hold: the daemon, and its helper."""

    def __init__(self, gateway):
        pid = gateway.daemon.pid
        with open(f"/proc/{pid}/task/{pid}/children") as f:
            self.pids = [pid, *map(int, f.read().split())]

    def memory(self):
        """Bytes of their own, heap and all."""
        return sum(self._anonymous(pid) for pid in self.pids)

    @staticmethod
    def _anonymous(pid):
        with open(f"/proc/{pid}/smaps_rollup") as f:
            return next(int(line.split()[1]) << 10 for line in f if line.startswith("Anonymous:"))

    def counts(self):
        """Open files, threads and children of each."""
        def of(pid, what):
            return len(os.listdir(f"/proc/{pid}/{what}"))

        def children(pid):
            with open(f"/proc/{pid}/task/{pid}/children") as f:
                return len(f.read().split())
        return [(of(pid, "fd"), of(pid, "task"), children(pid)) for pid in self.pids]


def many_rules(number):
    """Rules that come and go by name, some with conditions of every kind, beside that for PORT."""
    others = "".join(
        rules.rule(f"r{number}-{i}", "c-action", direction="outbound", remote_port=PORT + i,
                   remote_addr=f"192.0.2.{i}, 198.51.100.0-198.51.100.{i}", userid="4000-5000",
                   jobname=f"job{i}*", time="window", priority=1000 + i) for i in range(1, 51))
    window = rules.section("time", "window", {"weekday": "mon-fri", "timezone": "Europe/Vienna"})
    return others + window + rules.client(PORT)


class Reloads:
    """Reloads over one connection to the control socket, and connections in between."""

    def __init__(self, world, gateway, pause):
        """@pause: so many reloads between connections; each keeps its policy for a minute."""
        self.world, self.gateway, self.count, self.pause = world, gateway, 0, pause
        self.stale = opened(world, PORT)
        self.socket = world.closing(socket.socket(socket.AF_UNIX))
        self.socket.settimeout(30)
        self.socket.connect(os.path.join(gateway.directory, "control.sock"))
        self.answers = world.closing(self.socket.makefile())

    def run(self, count):
        while self.count < count:
            self.count += 1
            self.gateway.write_rules(many_rules(self.count % 7))
            self.socket.sendall(b'{"command": "reload"}\n')
            assert json.loads(self.answers.readline())["ok"]
            if self.count % self.pause == 0:
                opened(self.world, PORT).close()
                assert echoes(self.stale, b"still there")


@pytest.mark.sanitized
@pytest.mark.limit(300)
def test_thousand_reloads_leak_nothing(world4):
    """
    Neither memory (2 KB a reload would show) nor files, threads or processes. LeakSanitizer looks
    at fewer reloads, and sees each byte.

    The packet filter is left as it is: the helper's attls-net believes that no rules are up.
    """
    world4.closing(tls_server(world4.server, world4.server_address, PORT, world4.pki.server,
                              traffic.echo))
    gateway = world4.client_gateway(PORT, begin=False)
    fault = Fault(world4, "iptables-save", "#!/bin/true\n")
    os.symlink("iptables-save", os.path.join(fault.directory, "ip6tables-save"))
    fault.start(gateway)
    os.unlink(os.path.join(gateway.directory, "net.state"))
    first, last, pause = (10, 40, 5) if SANITIZED else (100, 1000, 100)
    reloads, daemon = Reloads(world4, gateway, pause), Daemon(gateway)
    reloads.run(first)
    before, counts = daemon.memory(), daemon.counts()
    reloads.run(last)
    gateway.wait_flows(1)
    # a control connection that was just closed may still be open at the daemon's end
    wait_for(lambda: daemon.counts() == counts, f"counts as before: {counts}")
    assert SANITIZED or daemon.memory() < before + (2 << 20), (before, daemon.memory())
